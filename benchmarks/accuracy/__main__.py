"""Train a network of `specs/nets` by its own recipe in cnngraph and in PyTorch, and compare errors and seconds."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.accuracy.comparison import Accuracies, Speeds, compared, timed
from cnngraph.net import load
from cnngraph.resources import resource


def whole_numbers(text: str) -> list[int]:
    return [int(word) for word in text.split(",") if word.strip()]


def parsed(words: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description=__doc__)
    parser.add_argument("--data", type=Path, help="the folder where data sets are kept")
    parser.add_argument("--net", default="lenet5", help="a file of specs/nets, or its path (default: lenet5)")
    parser.add_argument("--seeds", type=whole_numbers, default=[0, 1, 2], help="default: 0,1,2; none: only seconds")
    parser.add_argument("--epochs", type=int, help="instead of what the file says")
    parser.add_argument("--threads", type=int, default=2, help="threads of each side (default: 2)")
    parser.add_argument("--rounds", type=int, default=8, help="turns of each side that are timed (default: 8; 0: none)")
    parser.add_argument("--steps", type=int, default=50, help="steps in a turn (default: 50)")
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    return parser.parse_args(words)


def main(words: Sequence[str] | None = None) -> int:
    """Print both tables. The exit status is 1 where the mean accuracies are further apart than the band."""
    options = parsed(words)
    path = Path(options.net)
    net = load(path if path.suffix == ".cnn" else resource("specs", "nets", f"{options.net}.cnn"))
    accuracies: Accuracies | None = None
    speeds: Speeds | None = None
    if options.rounds:
        speeds = timed(net, options.data, options.threads, options.rounds, options.steps)
        print(speeds, flush=True)
    if options.seeds:
        accuracies = compared(net, options.data, options.seeds, options.epochs, options.threads, _say)
        print(accuracies, flush=True)
    if options.json:
        found = {key: value.figures() for key, value in (("accuracy", accuracies), ("seconds", speeds)) if value}
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return int(accuracies is not None and not accuracies.equal)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
