"""A part of what was joined is read where it came from; the last value of one of several states is one node.

Before:

    j = concat <- a, b, c            s = scan(...) <- x
    p = part(index=1, of=3) <- j     h = cut(0, 6) <- s      l = position(-1) <- h

After:

    p is b                           l = cut(0, 6, position=-1) <- s
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate

from cnngraph.interop.imported import Imported
from cnngraph.interop.onnx.reading.folding.graphs import changed
from cnngraph.ir.graph import Node, Ref
from cnngraph.ir.size import number
from cnngraph.ops.concat import Concat
from cnngraph.ops.cut import Cut
from cnngraph.ops.part import Part
from cnngraph.ops.position import Position
from cnngraph.passes.rewrite import Rewriting, rewrite
from cnngraph.passes.surgery import Readers

PLACE = 55


def fold(found: Imported) -> Imported:
    readers = Readers(found.graph)
    return changed(found, rewrite(found.graph, lambda node, new: _rule(node, new, readers)))


def _rule(node: Node, new: Rewriting, readers: Readers) -> Sequence[Ref] | None:
    """The values that were joined, where the part ends where they do."""
    if isinstance(node.op, Position):
        return _cut_at(node, node.op.index, new, readers)
    if not isinstance(node.op, Part) or not isinstance(new.nodes[node.inputs[0].node].op, Concat):
        return None
    leaves = list(_leaves(node.inputs[0], new))
    ends = list(accumulate((number(new.type_of(ref).channels) for ref in leaves), initial=0))
    start, stop = bounds(node.op, ends[-1])
    if start not in ends or stop not in ends:
        return None
    parts = leaves[ends.index(start) : ends.index(stop)]
    return parts if len(parts) == 1 else [new.add(node.name, Concat(), parts, origin=node.origin).ref]


def _cut_at(node: Node, index: int, new: Rewriting, readers: Readers) -> Sequence[Ref] | None:
    """A state at one end of its sequence; under the name of the cut, where the two nodes are one in the file."""
    before = new.nodes[node.inputs[0].node]
    if not isinstance(before.op, Cut) or before.op.position is not None or index not in (0, -1):
        return None
    name = node.name
    if readers.only(before.ref) is not None and name.rpartition("_")[0] == before.name:
        name = before.name
        del new.nodes[name]
    return [new.add(name, replace(before.op, position=index), before.inputs, origin=node.origin).ref]


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
