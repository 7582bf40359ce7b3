"""Labels for lines, from what the nodes of a graph are called: `conv1`, `layer2`, `inception_3a`; never `node_37`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from cnngraph.elaborate.scope import words_of_the_language
from cnngraph.interop.flat.names import legal
from cnngraph.interop.readable.grouping import is_heavy
from cnngraph.interop.readable.shared import SHARED
from cnngraph.interop.readable.terms import Layer, Units

WORDS = ("conv", "fc", "block", "layer", "stage", "res", "dense", "linear", "stem", "head", "classifier", "encoder",
         "decoder", "inception", "mixed", "fire", "down", "up", "neck", "pool", "norm", "embed",
         "embeddings")  # fmt: skip
"""What layers are called by people. Any other word is a label only in front of a number with a letter."""

LABEL = re.compile(r"([a-z]+)(_?\d+[a-z]?)?(_\d+)?", re.I)


def labels_of(statements: Sequence[Units], taken: Collection[str]) -> Mapping[int, str]:
    """The labels of those statements that have a good one, by their places; each occurs once."""
    said = [label_of(units) for units in statements]
    count = Counter(said)
    return {i: label for i, label in enumerate(said) if label and count[label] == 1 and label not in taken}


def label_of(units: Units) -> str:
    """What the nodes of a statement have in common in their names, or what its layer is called; nothing if that says
    nothing."""
    paths = [_steps(name) for unit in units if unit.passage for name in unit.passage.nodes]
    if not paths:
        return ""
    common = _common(paths)
    if len(paths) == 1 or not common:
        heavy = [unit for unit in units if is_heavy(unit)]
        only = heavy[0] if len(heavy) == 1 else None
        single = isinstance(only, Layer) and not only.is_block and not only.word.startswith(SHARED)
        alone = only.passage if only is not None and single else None
        common = _steps(alone.nodes[0]) if alone is not None and alone.nodes else []
    return next((word for word in _words(common) if reads_well(word)), "")


def reads_well(word: str) -> bool:
    """Whether a person would have written it.

    >>> [word for word in ("conv1", "inception_3a", "node_37", "Conv_0", "relu3", "n12") if reads_well(word)]
    ['conv1', 'inception_3a']
    """
    found = LABEL.fullmatch(word)
    if found is None or word in words_of_the_language().names:
        return False
    if re.fullmatch(r"[a-z]+\d[a-z]", word):
        return True
    return found[1] in WORDS and (bool(found[2]) or found[1] not in ("conv", "dense", "linear", "norm", "pool"))


def _steps(name: str) -> list[str]:
    return [legal(step) for step in re.split(r"[./:]+", re.sub(r"\[(\d+)\]", r"\1", name)) if step]


def _common(paths: Sequence[list[str]]) -> list[str]:
    """The steps with which all begin; the last of them may be a part of a word, up to an underscore."""
    first, last = min(paths), max(paths)
    length = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    common = list(first[:length])
    if length < min(len(first), len(last)):
        a, b = first[length].split("_"), last[length].split("_")
        same = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
        common += ["_".join(a[:same])] if same else []
    return common


def _words(steps: Sequence[str]) -> list[str]:
    """The words that a path may be known by: its first step, or that with the second, or later ones."""
    return [steps[0], *("_".join(steps[:n]) for n in (2,)), *steps[1:]] if steps else []
