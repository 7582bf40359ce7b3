"""The sizes that a file leaves open, as symbols of the language, which wants capital letters."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from cnngraph.interop.onnx.reading.foreign import Fed
from cnngraph.ir.graph import Fact
from cnngraph.ir.notation import NotationError, parse, read_dim
from cnngraph.ir.size import Dim, Size, SizeError, symbol
from cnngraph.ir.types import BATCH

LETTERS = {"height": "H", "width": "W", "depth": "D", "time": "T", "seq": "T", "length": "T", "channels": "C"}
LONGEST = 200  # characters of a size that is an expression
FACT = re.compile(r"(.+) (==|!=|<=|>=|<|>) (.+)")


def shapes_of(
    inputs: Sequence[Fed], batches: Sequence[int | None], needs: Sequence[str] = ()
) -> tuple[list[tuple[Dim, ...]], tuple[Fact, ...]]:
    """The sizes of the inputs, with a symbol for each name and for each size that is not given; and what else holds.

    `needs` are sentences that our own files have of their sizes, such as `H % 8 == 0 and H >= 8`.

    >>> shapes, _ = shapes_of([Fed("x", shape=(None, 3, "height", "unk__12"))], [0])
    >>> print(*shapes[0])
    batch 3 H W
    """
    letters: dict[str, str] = {}
    said = [_said(fed, batch) for fed, batch in zip(inputs, batches, strict=True)]
    for names in said:
        for axis, name in enumerate(names):
            if isinstance(name, str) and _is_plain(name):
                _letter(name, _letter_of_place(names, axis), letters)
    sizes: dict[str, Dim] = {name: _symbol(letter, needs) for name, letter in letters.items()}
    for names in said:
        for axis, name in enumerate(names):
            if isinstance(name, str) and name not in sizes:
                found = _read(name, sizes)
                sizes[name] = symbol(_letter(name, _letter_of_place(names, axis), letters)) if found is None else found
    shapes = [tuple(sizes[name] if isinstance(name, str) else name for name in names) for names in said]
    return shapes, _facts(needs, sizes)


def _said(fed: Fed, batch: int | None) -> list[Dim | str]:
    """The sizes of an input: numbers, our batch, and names."""
    return [
        BATCH if axis == batch else f"{fed.name}/{axis}!" if size is None else size
        for axis, size in enumerate(fed.shape or ())
    ]


def _is_plain(name: str) -> bool:
    return name.endswith("!") or re.fullmatch(r"\w+", name) is not None


def _symbol(letter: str, needs: Sequence[str]) -> Size:
    """The symbol, with what is known of it."""
    known = " and ".join(needs)
    multiple = re.search(rf"\b{letter} % ([1-9]\d{{0,6}}) == 0", known)
    least = re.search(rf"\b{letter} >= ([1-9]\d{{0,6}})\b", known)
    return symbol(letter, int(multiple[1]) if multiple else 1, int(least[1]) if least else 1)


def _facts(needs: Sequence[str], sizes: Mapping[str, Dim]) -> tuple[Fact, ...]:
    """What holds of several sizes."""
    found = []
    for text in needs:
        parts = None if "%" in text or " and " in text else FACT.fullmatch(text)
        sides = [_read(side, sizes) for side in (parts[1], parts[3])] if parts else []
        if parts and not any(isinstance(side, int | None) for side in sides):
            found.append(Fact(parts[2], *(side for side in sides if side is not None)))
    return tuple(found)


def _read(text: str, sizes: Mapping[str, Dim]) -> Dim | None:
    """A size that is computed of others, such as `H/8`; None where it is not understood."""
    try:
        return read_dim(parse(text), sizes) if len(text) <= LONGEST else None
    except (NotationError, SizeError, RecursionError):
        return None


def _letter_of_place(names: Sequence[Dim | str], axis: int) -> str:
    """The usual letter of an open axis, by how many of an array are open."""
    open_axes = [i for i, name in enumerate(names) if isinstance(name, str)]
    usual = {1: "H" if len(names) > 3 else "T", 2: "HW", 3: "DHW"}.get(len(open_axes), "T")
    return usual[min(open_axes.index(axis), len(usual) - 1)]


def _letter(name: str, by_place: str, letters: dict[str, str]) -> str:
    """The capital letter of a size; the same for the same name."""
    if name in letters:
        return letters[name]
    named = next((letter for word, letter in LETTERS.items() if word in name.lower()), None)
    wanted = name if re.fullmatch("[A-Z][0-9]*", name) else by_place if name.endswith("!") else named or by_place
    numbered = (f"{wanted}{i}" for i in range(2, len(letters) + 3))
    letters[name] = wanted if wanted not in letters.values() else next(n for n in numbered if n not in letters.values())
    return letters[name]
