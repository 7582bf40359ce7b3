"""A part of what was joined is read where it came from.

Before:

    j = concat <- a, b, c
    p = part(index=1, of=3) <- j

After:

    p is b
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate

from cnngraph.interop.imported import Imported
from cnngraph.interop.onnx.reading.folding.graphs import changed
from cnngraph.ir.graph import Node, Ref
from cnngraph.ir.size import number
from cnngraph.ops.concat import Concat
from cnngraph.ops.part import Part
from cnngraph.passes.rewrite import Rewriting, rewrite

PLACE = 55


def fold(found: Imported) -> Imported:
    return changed(found, rewrite(found.graph, _rule))


def _rule(node: Node, new: Rewriting) -> Sequence[Ref] | None:
    """The values that were joined, where the part ends where they do."""
    if not isinstance(node.op, Part) or not isinstance(new.nodes[node.inputs[0].node].op, Concat):
        return None
    leaves = list(_leaves(node.inputs[0], new))
    ends = list(accumulate((number(new.type_of(ref).channels) for ref in leaves), initial=0))
    start, stop = bounds(node.op, ends[-1])
    if start not in ends or stop not in ends:
        return None
    parts = leaves[ends.index(start) : ends.index(stop)]
    return parts if len(parts) == 1 else [new.add(node.name, Concat(), parts, origin=node.origin).ref]


def _leaves(ref: Ref, new: Rewriting) -> Iterator[Ref]:
    node = new.nodes[ref.node]
    if not isinstance(node.op, Concat):
        yield ref
        return
    for inner in node.inputs:
        yield from _leaves(inner, new)


def bounds(part: Part, channels: int) -> tuple[int, int]:
    sizes = part.of if isinstance(part.of, tuple) else (channels // part.of,) * part.of
    start = sum(sizes[: part.index])
    return start, start + sizes[part.index]
