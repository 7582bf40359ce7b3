"""Runs many wrong files through every reader of the language, and says what they cost.

`python tests/elaborate/fuzzing.py SEED COUNT` is what `pytest -m sweep tests/elaborate/test_fuzz.py` starts, each in a
process of its own, whose memory is limited.
"""

from __future__ import annotations

import json
import random
import resource
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from elaborate.mutations import mutated, spliced
from elaborate.random_files import random_file

from cnngraph.diagnostics import CODES, CnnGraphError, Diagnostic, Span
from cnngraph.elaborate.elaborate import elaborate
from cnngraph.elaborate.modules import load_text
from cnngraph.elaborate.observe import observe
from cnngraph.elaborate.shape_column import with_shapes
from cnngraph.elaborate.training import training
from cnngraph.lint.lint import lint
from cnngraph.resources import resource as packaged
from cnngraph.syntax.format import formatted

MAX_SECONDS = 5
MAX_BYTES = 2**30
NAME = "fuzzed.cnn"
NETS = [path for folder in ("nets", "blocks") for path in sorted(packaged("specs", folder).glob("*.cnn"))]
WRONG = [path for folder in ("errors", "lint") for path in sorted((Path(__file__).parents[1] / folder).glob("*.cnn"))]


@dataclass
class Figures:
    """What a sweep has cost. `failures` are (what happened, the text), which must be none."""

    files: int = 0
    seconds: float = 0.0
    slowest_seconds: float = 0.0
    slowest: str = ""
    peak_bytes: int = 0
    right: int = 0
    findings: int = 0
    failures: list[tuple[str, str]] = field(default_factory=list)


def sweep(seed: int, count: int) -> Figures:
    """`count` files, the same ones for the same seed."""
    figures = Figures()
    for text, folder, door in _files(random.Random(seed), count):
        started = time.process_time()
        try:
            found = ends_well(text, folder, door)
            figures.right += not found
            figures.findings += found
        except Exception as error:
            figures.failures.append((f"{door.__name__}: {error!r}", text))
        seconds = time.process_time() - started
        if seconds > MAX_SECONDS:
            figures.failures.append((f"{door.__name__}: {seconds:.1f} s", text))
        if seconds > figures.slowest_seconds:
            figures.slowest_seconds, figures.slowest = seconds, text
        figures.files += 1
        figures.seconds += seconds
    figures.peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return figures


def _files(chance: random.Random, count: int) -> Iterator[tuple[str, Path, Callable[[str, Path], list[Diagnostic]]]]:
    """Half of them mutations of what the package carries and of the wrong files of the tests, half random ones."""
    sources = [(path.read_text(encoding="utf-8"), path.parent) for path in [*NETS, *WRONG]]
    for _ in range(count):
        text, folder = chance.choice(sources)
        kind = chance.randrange(6)
        if kind < 3:
            text = mutated(chance, text)
        elif kind == 3:
            text = mutated(chance, random_file(chance))
        elif kind == 4:
            text = spliced(chance, text, random_file(chance))
        else:
            text = random_file(chance)
        yield text, folder, chance.choice(DOORS)


def ends_well(text: str, folder: Path, door: Callable[[str, Path], list[Diagnostic]]) -> int:
    """The number of findings; raises where one cannot be shown, or has no place in its source."""
    found = door(text, folder)
    for finding in found:
        assert finding.code in CODES, finding.code
        assert len(finding.render()) < 1_000_000, "a finding is read by people"
        labels = [finding.primary, *finding.secondary, finding.suggestion]
        assert all(_is_inside(label.span) for label in labels if label is not None), finding
        assert finding.primary is not None or NAME in finding.message or "net" in finding.message, finding
    return len(found)


def _is_inside(span: Span) -> bool:
    return 0 <= span.start <= span.end <= len(span.source.text)


def _refused(read: Callable[[], object]) -> list[Diagnostic]:
    try:
        read()
    except CnnGraphError as error:
        return list(error.diagnostics)
    return []


def to_graph(text: str, folder: Path) -> list[Diagnostic]:
    program = load_text(text, NAME, folder)
    return _refused(lambda: elaborate(program))


def to_training(text: str, folder: Path) -> list[Diagnostic]:
    program = load_text(text, NAME, folder)
    return _refused(lambda: training(program))


def to_lints(text: str, folder: Path) -> list[Diagnostic]:
    return list(lint(load_text(text, NAME, folder)))


def to_observation(text: str, folder: Path) -> list[Diagnostic]:
    return list(observe(load_text(text, NAME, folder)).found)


def to_style(text: str, folder: Path) -> list[Diagnostic]:
    return _refused(lambda: formatted(text, NAME))


def to_column(text: str, folder: Path) -> list[Diagnostic]:
    return _refused(lambda: with_shapes(text, NAME, folder))


DOORS = (to_graph, to_training, to_lints, to_observation, to_style, to_column)
"""Each file is read by one of them: whole sweeps take the better part of an hour as it is."""

if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_DATA, (2 * MAX_BYTES, 2 * MAX_BYTES))
    print(json.dumps(asdict(sweep(*map(int, sys.argv[1:])))))
