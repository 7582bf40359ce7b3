"""Blocks that differ in one part alone, such as the projection of a residual unit: one class, in which the part may be
`nn.Identity()`.

    relu(branch(x) + project(x))
    relu(branch(x) + x)             -> project = ConvBn(...) if in_channels != 4 * channels else nn.Identity()
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import replace

from cnngraph.interop.pytorch_source.parts import Block, Choice, Line

Skeleton = Callable[[Block], Hashable]


def with_choices(variants: list[list[Block]], skeleton: Skeleton) -> list[list[Block]]:
    """Groups of blocks of one structure each; groups that differ in one attribute are one, and have a choice there."""
    left = sorted(variants, key=lambda blocks: -len(blocks[0].attributes))
    found: list[list[Block]] = []
    while left:
        full, *others = left
        count = len(full[0].attributes) - 1
        smaller = {skeleton(b[0]): b for b in others if b[0].lines and len(b[0].attributes) == count}
        reduced = _reduced(full[0], skeleton) if smaller else ()
        match = next(((name, smaller[key]) for name, key in reduced if key in smaller), None)
        if match is None:
            found.append(full)
            left = others
            continue
        name, without = match
        for block in without:
            _completed(block, full[0], name)
        for block in full:
            block.attributes[name] = Choice(block.attributes[name], present=True)
        found.append([*full, *without])
        left = [blocks for blocks in others if blocks is not without]
    return found


def _reduced(block: Block, skeleton: Skeleton) -> Iterator[tuple[str, Hashable]]:
    """The structure of a block without one of its attributes, for each that can be left out."""
    for name in block.attributes:
        lines = [line for line in block.lines if line.attribute == name]
        if len(lines) == 1 and len(lines[0].operands) == len(lines[0].results) == 1 and not lines[0].loop:
            yield name, skeleton(_without(block, lines[0]))


def _without(block: Block, left_out: Line) -> Block:
    (value,), (source,) = left_out.results, left_out.operands
    lines = tuple(
        replace(line, operands=tuple(source if name == value else name for name in line.operands))
        for line in block.lines
        if line is not left_out
    )
    attributes = {name: part for name, part in block.attributes.items() if name != left_out.attribute}
    results = tuple(source if name == value else name for name in block.results)
    return Block(block.word, block.use, attributes, lines, block.inputs, results)


def _completed(block: Block, full: Block, name: str) -> None:
    """Give a block the lines and attributes of the full one, with a part that it does not have."""
    own = iter(block.lines)
    value_of = dict(zip(full.inputs, block.inputs, strict=True))
    lines: list[Line] = []
    for line in full.lines:
        operands = tuple(value_of[value] for value in line.operands)
        if line.attribute == name:
            results = tuple(f"{operand}.same" for operand in operands)
            lines.append(replace(line, operands=operands, results=results))
        else:
            ours = next(own)
            results = ours.results
            lines.append(replace(ours, operands=operands))
        value_of.update((theirs, ours) for theirs, ours in zip(line.results, results, strict=True) if ours != "_")
    absent = Choice(full.attributes[name], present=False)
    block.attributes = {key: absent if key == name else block.attributes[key] for key in full.attributes}
    block.lines = tuple(lines)
