"""Docstrings: what the file says about a block, and its shapes in PyTorch's order."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence

from cnngraph.interop.pytorch_source.classes import Class, Types
from cnngraph.interop.pytorch_source.layout import Layout
from cnngraph.interop.pytorch_source.parts import Block
from cnngraph.interop.pytorch_source.wrapping import WIDTH
from cnngraph.ir.types import TensorType

LETTERS = ((), ("T",), ("H", "W"), ("D", "H", "W"))


def about_of(block: Block) -> list[str]:
    """The comment with two signs above the definition of a block, as lines."""
    return comment_above(block.word, _definition_text(block))


def comment_above(name: str, text: str) -> list[str]:
    """The comment with two signs above the block or net of this name in a file, as lines."""
    match = re.search(rf"((?:^##[^\n]*\n)+)(?:block|net) {re.escape(name)}\b", text, re.MULTILINE)
    words = match[1].replace("##", "").split() if match else []
    return textwrap.wrap(quoted(" ".join(words)), WIDTH - 8)


def paper_of(text: str) -> list[str]:
    """Where a network comes from, as its file says, as lines."""
    match = re.search(r'\bpaper:\s*"([^"\n]*)"', text)
    return textwrap.wrap(quoted(match[1]), WIDTH) if match else []


def quoted(text: str) -> str:
    """A text that can stand in a docstring."""
    return text.replace('"', "'").replace("\\", "/")


def _definition_text(block: Block) -> str:
    """The file in which a block is defined: that of the place that uses what stands directly in it."""
    if block.use is None:
        return ""
    for step in block.steps:
        uses = step.origin.uses if step.origin else ()
        level = next((i for i, use in enumerate(uses) if use is block.use), None)
        if level is not None and step.origin:
            return step.origin.at_depth(level + 1).source.text
    return ""


def shapes_of(made: Class, types: Types) -> str:
    """`(N, in_channels, H, W) -> (N, 4 * channels, H / 2, W / 2)`."""
    first = _types(made, "inputs", 0, types)
    texts = [", ".join(_texts(made, side, types, first)) for side in ("inputs", "results")]
    return " -> ".join(texts) + "."


def _texts(made: Class, side: str, types: Types, first: Sequence[TensorType]) -> Iterator[str]:
    for place in range(len(getattr(made.model, side))):
        name = getattr(made.model, side)[place]
        if name not in types:
            yield "(N, ...)"
            continue
        found = _types(made, side, place, types)
        layout = types[name][1]
        positions = [_position(axis, found, first) for axis in range(len(found[0].positions))]
        sizes = _in_order(made, found, positions, layout)
        yield f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"


def _in_order(made: Class, found: Sequence[TensorType], positions: list[str], layout: Layout) -> list[str]:
    if found[0].vocabulary is not None:
        return ["N", *positions]
    if not found[0].batched:
        return [str(size) for size in found[0].shape]
    known = made.solver.known(tuple(t.shape[-1] if isinstance(t.shape[-1], int) else str(t.shape[-1]) for t in found))
    names = {p.name for p in made.parameters}
    channels = known.text() if known and set(known.names) <= names else "C"
    channels = channels.strip('"')
    return ["N", *positions, channels] if layout is Layout.LAST else ["N", channels, *positions]


def _types(made: Class, side: str, place: int, types: Types) -> list[TensorType]:
    """The type of one input or result in each use of a class."""
    names = [getattr(block, side)[place] for block in made.blocks]
    return [types[name][0] for name in names if name in types]


def _position(axis: int, found: Sequence[TensorType], first: Sequence[TensorType]) -> str:
    """A size as a letter, or by what it is of the first input."""
    rank = len(found[0].positions)
    letters = LETTERS[rank] if rank < len(LETTERS) else tuple(f"D{i}" for i in range(rank))
    sizes = [type_.positions[axis] for type_ in found]
    if first and all(len(t.positions) == rank for t in first) and len(first) == len(found):
        given = [type_.positions[axis] for type_ in first]
        if given == sizes:
            return letters[axis]
        for factor in range(2, 33):
            if all(size * factor == old for size, old in zip(sizes, given, strict=True)):
                return f"{letters[axis]} / {factor}"
            if all(size == factor * old for size, old in zip(sizes, given, strict=True)):
                return f"{factor} * {letters[axis]}"
    return str(sizes[0]) if len(set(sizes)) == 1 and isinstance(sizes[0], int) else f"{letters[axis]}'"
