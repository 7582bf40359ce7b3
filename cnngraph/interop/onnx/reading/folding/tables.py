"""Tables of numbers that an operator of ours computes: waves of a time, and the shares of a value on its way to noise.

Before:

    a = embed(4) <- time, table       kept = mul <- x, b       added = mul <- noise, c       y = add <- kept, added

After, where the tables are those of the operators:

    a = sinusoid(4) <- time           y = diffuse <- x, noise, time
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from cnngraph.interop.imported import Imported
from cnngraph.interop.onnx.reading.folding.graphs import changed
from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ir.op import Array
from cnngraph.ops.add import Add
from cnngraph.ops.diffuse import Diffuse
from cnngraph.ops.embed import Embed
from cnngraph.ops.mul import Mul
from cnngraph.ops.sinusoid import Sinusoid
from cnngraph.passes.rewrite import Rewriting, rewrite

PLACE = 60
NEAR = 1e-5
WAVES_NEAR = 1e-4  # the angles of late times are large numbers
DIGITS = 4  # of a number of a schedule, as people choose them


def fold(found: Imported) -> Imported:
    def rule(node: Node, new: Rewriting) -> Sequence[Ref] | None:
        made = _diffuse(node, new, found.states) or _sinusoid(node, new, found.states)
        return None if made is None else [made.ref]

    graph: Graph = rewrite(found.graph, rule)
    return changed(found, graph)


def _sinusoid(node: Node, new: Rewriting, states: Mapping[str, Array]) -> Node | None:
    if not isinstance(node.op, Embed) or node.op.features % 2:
        return None
    ids, table = node.inputs
    rows = states[table.node]
    half = node.op.features // 2
    slowest = rows[1, half - 1] if len(rows) > 1 else 0.0
    if half > 1 and not 0 < slowest < 1:
        return None
    period = float(f"{np.arcsin(slowest) ** (-half / (half - 1)):.{DIGITS}g}") if half > 1 else 10_000.0
    op = Sinusoid(node.op.features, period)
    if not np.allclose(op.forward(np.arange(len(rows))), rows, atol=WAVES_NEAR):
        return None
    return new.add(node.name, op, [ids], origin=node.origin)


def _diffuse(node: Node, new: Rewriting, states: Mapping[str, Array]) -> Node | None:
    shares = [_share(new.nodes[ref.node], new, states) for ref in node.inputs] if isinstance(node.op, Add) else []
    known = [share for share in shares if share is not None]
    if len(shares) != 2 or len(known) != 2:
        return None
    (x, time, kept), (noise, other, mixed) = known
    op = _schedule(kept)
    if op is None or time != other or not np.allclose(_of(op, 0.0, 1.0), mixed, atol=NEAR):
        return None
    return new.add(node.name, op, [x, noise, time], origin=node.origin)


def _share(node: Node, new: Rewriting, states: Mapping[str, Array]) -> tuple[Ref, Ref, Array] | None:
    """Of a product with a number for each time: the value, the time and the numbers."""
    if not isinstance(node.op, Mul) or len(node.inputs) != 2:
        return None
    for x, factor in (node.inputs, node.inputs[::-1]):
        embed = new.nodes[factor.node]
        if isinstance(embed.op, Embed):
            time, table = embed.inputs
            rows = states[table.node]
            return (x, time, rows[:, 0]) if (rows == rows[:, :1]).all() else None
    return None


def _schedule(kept: Array) -> Diffuse | None:
    """The operator that keeps so much of a value at each time."""
    left = kept.astype(np.float64) ** 2
    if len(left) < 2 or not ((left > 0) & (left < 1)).all():
        return None
    first, last = (float(f"{n:.{DIGITS}g}") for n in (1 - left[0], 1 - left[-1] / left[-2]))
    op = Diffuse(first, last, len(left))
    return op if 0 < first <= last < 1 and np.allclose(_of(op, 1.0, 0.0), kept, atol=NEAR) else None


def _of(op: Diffuse, x: float, noise: float) -> Array:
    """What a value and its noise become at each time."""
    ones = np.ones((op.steps, 1))
    return np.asarray(op.forward(ones * x, ones * noise, np.arange(op.steps)))[:, 0]
