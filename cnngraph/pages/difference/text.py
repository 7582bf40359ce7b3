"""Which lines of two files differ, and which words in them: numbers only, the page has the texts.

    {"files": [0, 0], "names": ["old.cnn", "new.cnn"], "runs": [["equal", 0, 3, 0, 3], ["replace", 3, 4, 3, 5]],
     "words": [{"3": [[7, 9]]}, {"3": [[7, 10]]}]}

A run has the lines from the second number up to, not including, the third in the old file, and so on in the new one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher

from cnngraph.diagnostics import Source
from cnngraph.ir.graph import Graph, Node

Json = dict[str, object]
Run = tuple[str, int, int, int, int]
Spans = dict[str, list[tuple[int, int]]]

MOST_LINES = 20_000  # of both files together; of longer ones only the length is told
LONGEST_LINE = 250  # characters; in longer lines no words are compared
MOST_WORDS = 2_000_000  # pairs of words in all lines that became others; beyond, whole lines are marked
MOST_PAIRS = 10_000  # of lines in all, to look for those that are alike
ALIKE = 0.6  # of 1: so much of a line is in the other one
WORD = re.compile(r"\w+|\s+|.")


def sources_of(graph: Graph) -> tuple[Source, ...]:
    """The files that a graph was written in, that of the net itself first; none for a graph without places."""
    return tuple(dict.fromkeys(source for node in graph for source in _sources(node)))


def _sources(node: Node) -> Iterator[Source]:
    if node.origin is not None:
        yield from (use.span.source for use in node.origin.uses)
        yield node.origin.span.source


def text_differences(old: Sequence[Source], new: Sequence[Source]) -> list[Json]:
    """The first file with the first, the others by their names; files that are equal are left out."""
    return [_compared(old, new, pair) for pair in _paired(old, new) if _text(old, pair[0]) != _text(new, pair[1])]


def _paired(old: Sequence[Source], new: Sequence[Source]) -> Iterator[tuple[int | None, int | None]]:
    if old and new:
        yield 0, 0
    names = {source.name: j for j, source in enumerate(new) if j}
    others = [(i, names.pop(source.name, None)) for i, source in enumerate(old) if i]
    yield from others
    yield from ((None, j) for j in names.values())


def _text(sources: Sequence[Source], place: int | None) -> str:
    return "" if place is None else sources[place].text


def _compared(old: Sequence[Source], new: Sequence[Source], pair: tuple[int | None, int | None]) -> Json:
    a, b = lines(_text(old, pair[0])), lines(_text(new, pair[1]))
    names = [None if i is None else sources[i].name for sources, i in zip((old, new), pair, strict=True)]
    found: Json = {"files": list(pair), "names": names, "lengths": [len(a), len(b)]}
    if len(a) + len(b) > MOST_LINES:
        return {**found, "runs": [], "words": [{}, {}]}
    made = runs(a, b)
    return {**found, "runs": made, "words": list(words(a, b, made))}


def lines(text: str) -> list[str]:
    """The lines of a text, as browsers divide it as well."""
    return text.removesuffix("\n").split("\n") if text else []


def runs(old: Sequence[str], new: Sequence[str]) -> list[Run]:
    """Equal and different lines in turn: equal, replace, delete, insert.

    >>> runs(["a", "b"], ["a", "c", "d"])
    [('equal', 0, 1, 0, 1), ('replace', 1, 2, 1, 3)]
    """
    shorter = min(len(old), len(new))
    head = next((i for i in range(shorter) if old[i] != new[i]), shorter)
    tail = next((i for i in range(shorter - head) if old[-1 - i] != new[-1 - i]), shorter - head)
    a, b = len(old) - tail, len(new) - tail
    middle = SequenceMatcher(None, old[head:a], new[head:b]).get_opcodes()
    found: list[Run] = [(tag, head + i, head + k, head + j, head + m) for tag, i, k, j, m in middle]
    pairs = sum((k - i) * (m - j) for tag, i, k, j, m in found if tag == "replace")
    parted = found if pairs > MOST_PAIRS else [part for run in found for part in _parted(old, new, run)]
    around: list[Run] = [("equal", 0, head, 0, head), *parted, ("equal", a, len(old), b, len(new))]
    return _joined([run for run in around if run[1] < run[2] or run[3] < run[4]])


def _parted(old: Sequence[str], new: Sequence[str], run: Run) -> Iterator[Run]:
    """A run of lines that became others, so parted that lines that are alike stand beside each other."""
    tag, i, k, j, m = run
    if tag != "replace":
        yield run
        return
    left, right = ([Counter(parts_of(line)) for line in each] for each in (old[i:k], new[j:m]))
    likeness = {(i + x, j + y): _likeness(a, b) for x, a in enumerate(left) for y, b in enumerate(right)}
    yield from _beside(likeness, i, k, j, m)


def _beside(likeness: Mapping[tuple[int, int], float], i: int, k: int, j: int, m: int) -> Iterator[Run]:
    pairs = [(x, y) for x in range(i, k) for y in range(j, m) if likeness[x, y] > ALIKE]
    if i == k or j == m:
        if (i, j) != (k, m):
            yield ("insert" if i == k else "delete", i, k, j, m)
    elif not pairs:
        yield "replace", i, k, j, m
    else:
        x, y = max(pairs, key=lambda pair: (likeness[pair], -abs((pair[0] - i) - (pair[1] - j))))
        yield from _beside(likeness, i, x, j, y)
        yield "replace", x, x + 1, y, y + 1
        yield from _beside(likeness, x + 1, k, y + 1, m)


def _likeness(a: Counter[str], b: Counter[str]) -> float:
    """How much of two lines is the same, whatever the order: from 0 to 1."""
    total = a.total() + b.total()
    return 2 * (a & b).total() / total if total else 0.0


def _joined(found: Sequence[Run]) -> list[Run]:
    """Neighbouring runs of equal lines as one."""
    joined: list[Run] = []
    for run in found:
        if joined and joined[-1][0] == run[0] == "equal":
            joined[-1] = (run[0], joined[-1][1], run[2], joined[-1][3], run[4])
        else:
            joined.append(run)
    return joined


def words(old: Sequence[str], new: Sequence[str], made: Sequence[Run]) -> tuple[Spans, Spans]:
    """The stretches that differ in lines that became others, by the places of the lines, in both files."""
    found: tuple[Spans, Spans] = ({}, {})
    left = MOST_WORDS
    for x, y in _changed_lines(made):
        a, b = parts_of(old[x]), parts_of(new[y])
        left -= len(a) * len(b)
        if left > 0:
            for spans, line, ends in zip(found, (x, y), _stretches(a, b), strict=True):
                if ends:
                    spans[str(line)] = ends
    return found


def _changed_lines(made: Sequence[Run]) -> Iterator[tuple[int, int]]:
    for tag, i, k, j, m in made:
        if tag == "replace":
            yield from zip(range(i, k), range(j, m), strict=False)


def parts_of(line: str) -> list[str]:
    """Words, blanks and signs, one after the other; none of a line that is too long.

    >>> parts_of("conv(16, 3x3)")
    ['conv', '(', '16', ',', ' ', '3x3', ')']
    """
    return WORD.findall(line) if len(line) <= LONGEST_LINE else []


def _stretches(a: Sequence[str], b: Sequence[str]) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Where two lines differ, word by word; nowhere if they have little in common."""
    matcher = SequenceMatcher(None, a, b, autojunk=False)
    if matcher.ratio() < 0.4:
        return [], []
    codes = [code for code in matcher.get_opcodes() if code[0] != "equal"]
    return _spans(a, [(i, k) for _, i, k, _, _ in codes]), _spans(b, [(j, m) for _, _, _, j, m in codes])


def _spans(parts: Sequence[str], stretches: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Where stretches of parts lie in the line, without the blanks around their words."""
    starts, found = _starts(parts), []
    for i, k in stretches:
        text = "".join(parts[i:k])
        if text.strip():
            begin = starts[i] + len(text) - len(text.lstrip())
            found.append((begin, begin + len(text.strip())))
    return found


def _starts(parts: Sequence[str]) -> list[int]:
    """Where each part begins, and where the last one ends."""
    found = [0]
    for part in parts:
        found.append(found[-1] + len(part))
    return found
