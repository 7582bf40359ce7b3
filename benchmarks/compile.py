"""Seconds from text to a checked graph: `python -m benchmarks.compile [--rounds N]`."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from statistics import median

from cnngraph.elaborate.elaborate import elaborate
from cnngraph.elaborate.modules import load_file
from cnngraph.lint.lint import lint
from cnngraph.resources import resource
from cnngraph.syntax.format import formatted
from cnngraph.syntax.parse import parse

LINES = 1_000
BEGINNING = """cnn 1
block unit(c) {
  residual {
    conv(c, 3x3, same, bias = false) -> batchnorm -> relu
    conv(c, 3x3, same, bias = false) -> batchnorm
  }
  relu
}

net long(image: 3@32x32) {
  stem: conv(16, 3x3, same) -> relu     [16@32x32]"""
ROWS = (
    "  c{0}: conv(16, 3x3, same) -> relu        [16@32x32]",
    "  u{0}: unit(16)",
    "  let s{0} = it -> conv(16, 1x1)",
    "  it -> add(s{0}) -> maxpool(3x3/1, same)",
    "  concat {{ | conv(8, 1x1) | conv(4, 1x1) -> conv(8, 3x3, same) }}",
)


def thousand_rows() -> str:
    """A network of a thousand lines as people write them, a convolution with its activation and shape on each.

    >>> len(thousand_rows().splitlines())
    1000
    """
    rows = [ROWS[0].format(i) for i in range(LINES - 3)]
    return "\n".join(["cnn 1", "net long(image: 3@32x32) {", *rows, "}"])


def thousand_lines() -> str:
    """A network of a thousand dense lines, seven nodes a line.

    >>> from cnngraph.elaborate.modules import load_text
    >>> text = thousand_lines()
    >>> len(text.splitlines()), len(elaborate(load_text(text)).nodes)
    (1000, 7121)
    """
    lines = BEGINNING.splitlines()
    count = LINES - len(lines) - 1
    return "\n".join([*lines, *(ROWS[i % len(ROWS)].format(i // len(ROWS)) for i in range(count)), "}"])


def tasks(folder: Path) -> Mapping[str, Callable[[], object]]:
    """What is timed, by name: warm in this process, then whole commands with the start of the interpreter."""
    rows, long, resnet = folder / "rows.cnn", folder / "thousand.cnn", resource("specs", "nets", "resnet152.cnn")
    rows.write_text(thousand_rows(), encoding="utf-8")
    text = thousand_lines()
    long.write_text(text, encoding="utf-8")
    return {
        "thousand rows: parse and check": lambda: elaborate(load_file(rows)),
        "thousand lines: parse": partial(parse, text, "thousand.cnn"),
        "thousand lines: parse and check": lambda: elaborate(load_file(long)),
        "thousand lines: parse, check and lint": lambda: lint(load_file(long)),
        "thousand lines: format": partial(formatted, text, "thousand.cnn"),
        "resnet152: compile": lambda: elaborate(load_file(resnet)),
        "python -c 'import cnngraph'": partial(command, "-c", "import cnngraph"),
        "cnngraph --help": partial(command, "-m", "cnngraph", "--help"),
        "cnngraph check resnet152.cnn": partial(command, "-m", "cnngraph", "check", str(resnet)),
        "cnngraph check thousand.cnn": partial(command, "-m", "cnngraph", "check", str(long)),
    }


def command(*arguments: str) -> None:
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)


def measured(task: Callable[[], object], rounds: int) -> list[str]:
    """Cells of a row: fastest, median and spread of the clock, and the least time of processors, children included."""
    task()
    clock, busy = [], []
    for _ in range(rounds):
        before, started = sum(os.times()[:4]), time.perf_counter()
        task()
        clock.append(time.perf_counter() - started)
        busy.append(sum(os.times()[:4]) - before)
    spread = (max(clock) - min(clock)) / median(clock)
    return [f"{min(clock):.3f} s", f"{median(clock):.3f} s", f"{spread:.0%}", f"{min(busy):.2f} s"]


def main() -> None:
    """Print the table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=15)
    rounds = arguments.parse_args().rounds
    print("| task | minimum | median | spread | processor |\n| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        for name, task in tasks(Path(folder)).items():
            print(f"| {name} | {' | '.join(measured(task, rounds))} |", flush=True)
    print(f"\ncores {os.cpu_count()}, load {os.getloadavg()[0]:.1f}, python {sys.version.split()[0]}")


if __name__ == "__main__":
    main()
