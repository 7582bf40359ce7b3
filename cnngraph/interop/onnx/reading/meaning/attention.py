"""Products of two values, and what attention is made of: split_heads, dot, scale, softmax, mix, join_heads.

    MatMul of (N, h, T, d) and (N, h, d, S)     dot: our k is d@hxS       scores of each query for all keys
    MatMul of (N, h, T, S) and (N, h, S, d)     mix: our v is d@hxS       weighted sums of the values
    Einsum                                      one of the two, or a linear layer where one operand is known

Which of the two a product is follows from how its second operand lies in memory: whatever moves less.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from cnngraph.interop.onnx.reading.call import Call
from cnngraph.interop.onnx.reading.layout import Layout
from cnngraph.interop.onnx.reading.meaning.arithmetic import broadcast, repeated_to
from cnngraph.interop.onnx.reading.meaning.products import product
from cnngraph.interop.onnx.reading.meaning.reductions import over
from cnngraph.interop.onnx.reading.moves import moves
from cnngraph.interop.onnx.reading.tables import Meaning
from cnngraph.interop.onnx.reading.values import Constant, Tensor
from cnngraph.ir.op import Array
from cnngraph.ops.add_positions import AddPositions
from cnngraph.ops.causal import Causal
from cnngraph.ops.dot import Dot
from cnngraph.ops.mix import Mix
from cnngraph.ops.transpose import Transpose

FAR_BELOW = -1e4  # a score below it says: not this one
LOWEST = -1e9  # what stands for minus infinity among scores: it has no difference to itself

Axes = Sequence[int]


def matmul(call: Call) -> Tensor:
    a, b = call.value(0), call.value(1)
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        return _of_values(call, a, b)
    if isinstance(a, Tensor):
        matrix = _matrix(call, call.constant(1, "the matrix"))
        return product(call, a, matrix)
    y = call.tensor(1)
    call.need(y.rank >= 2, "a matrix meets a vector")
    turned = Tensor(y.ref, y.layout.permuted(_last_two_exchanged(y.rank)))
    found = product(call, turned, _matrix(call, call.constant(0, "the matrix")).T)
    return Tensor(found.ref, found.layout.permuted(_last_two_exchanged(y.rank)))


def _of_values(call: Call, a: Tensor, b: Tensor) -> Tensor:
    """A vector is a matrix of one row, or of one column behind; what stands before the matrices is repeated to meet."""
    left = Tensor(a.ref, a.layout.unsqueezed([0])) if a.rank == 1 else a
    right = Tensor(b.ref, b.layout.unsqueezed([1])) if b.rank == 1 else b
    rank = max(left.rank, right.rank)
    left, right = (Tensor(x.ref, x.layout.unsqueezed(range(rank - x.rank))) for x in (left, right))
    leading = broadcast(call, [left.shape[:-2], right.shape[:-2]])
    left, right = (
        x if x.shape[:-2] == leading else repeated_to(call, x, (*leading, *x.shape[-2:])) for x in (left, right)
    )
    shared = list(range(rank - 2))
    found = between(call, Operand(left, shared, [rank - 2], [rank - 1]), Operand(right, shared, [rank - 1], [rank - 2]))
    gone = [axis for axis, x in ((rank - 2, a), (rank - 1, b)) if x.rank == 1]
    return Tensor(found.ref, found.layout.squeezed(gone))


def _last_two_exchanged(rank: int) -> Axes:
    return [*range(rank - 2), rank - 1, rank - 2]


def _matrix(call: Call, array: Array) -> Array:
    """One matrix for all samples and positions."""
    call.need(array.ndim >= 2, "a vector as the second operand")
    call.need(array.size == array.shape[-1] * array.shape[-2], "another matrix for each position")
    return array.reshape(array.shape[-2:])


@dataclass(frozen=True)
class Operand:
    """A value whose foreign axes are those that both operands have and keep, its own ones, and those summed over."""

    value: Tensor
    shared: Axes
    own: Axes
    summed: Axes

    def factors(self, axes: Axes) -> tuple[int, ...]:
        return tuple(chain(*(self.value.layout.theirs[axis] for axis in axes)))

    @property
    def heads(self) -> tuple[tuple[int, ...], ...]:
        """The shared axes but the batch, each as an axis of ours."""
        batch = self.value.layout.groups[0]
        own = (tuple(f for f in self.value.layout.theirs[axis] if f not in batch) for axis in self.shared)
        return tuple(factors for factors in own if factors)

    def groups(self, *rest: Axes) -> tuple[tuple[int, ...], ...]:
        return (self.value.layout.groups[0], *self.heads, *(self.factors(axes) for axes in rest))


def between(call: Call, a: Operand, b: Operand) -> Tensor:
    """The product of two values; its foreign axes are the shared ones, those of a, those of b."""
    for operand in (a, b):
        batch = operand.value.layout.groups[0]
        call.need(set(batch) <= set(operand.factors(operand.shared)), "it works along the batch")
    sizes = [[o.value.layout.size(f) for f in o.heads] for o in (a, b)]
    call.need(sizes[0] == sizes[1], f"operands with other heads: {sizes[0]} and {sizes[1]}")
    left = _arranged(call, a, a.groups(a.own, a.summed))
    as_keys, as_values = b.groups(b.own, b.summed), b.groups(b.summed, b.own)
    is_dot = _transposes(b, as_keys) <= _transposes(b, as_values)
    right = _arranged(call, b, as_keys if is_dot else as_values)
    ref = call.apply(Dot() if is_dot else Mix(), [left.ref, right.ref])
    return Tensor(ref, _layout(a, b))


def _arranged(call: Call, operand: Operand, groups: tuple[tuple[int, ...], ...]) -> Tensor:
    return call.reading.arranged(operand.value, groups, call.path)


def _transposes(operand: Operand, groups: tuple[tuple[int, ...], ...]) -> tuple[int, int]:
    ops = moves(operand.value.layout, groups)
    return sum(isinstance(op, Transpose) for op in ops), len(ops)


def _layout(a: Operand, b: Operand) -> Layout:
    """Ours: batch, heads, the own axes of a, and as features those of b."""
    groups = a.groups(a.own)
    features = b.factors(b.own)
    ours = [tuple(a.value.layout.sizes[f] for f in group) for group in groups]
    ours.append(tuple(b.value.layout.sizes[f] for f in features))
    place = {f: i for i, f in enumerate(chain(*groups))}
    after = {f: len(place) + i for i, f in enumerate(features)}
    kept = [tuple(place[f] for f in a.value.layout.theirs[axis]) for axis in (*a.shared, *a.own)]
    new = [tuple(after[f] for f in b.value.layout.theirs[axis]) for axis in b.own]
    return Layout(tuple(ours), tuple(kept + new))


# ---- einsum ----


def einsum(call: Call) -> Tensor:
    """Of one operand a sum, in another order; of two a product that sums over what both have and the result lacks."""
    terms, arrow, result = call["equation"].replace(" ", "").partition("->")
    names = terms.split(",")
    if not arrow:  # the letters that stand there once
        result = "".join(sorted(c for c in set(terms) - {","} if terms.count(c) == 1))
    call.need("." not in call["equation"], "an ellipsis in the equation")
    call.need(all(len(set(text)) == len(text) for text in (*names, result)), "a diagonal")
    call.need(len(names) < 3, "an equation of three operands or more", "write it as products")
    if len(names) == 1:
        return _of_one(call, terms, result)
    left, right = names
    summed = [c for c in left if c in right and c not in result]
    call.need(all(c in result or c in summed for c in left + right), "a sum over an axis of one operand")
    call.need(summed, "no sum")
    if any(isinstance(call.value(i), Constant) for i in (0, 1)):
        return _known(call, left, right, summed, result)
    shared = [c for c in left if c in right and c in result]
    own = [[c for c in text if c not in shared and c not in summed] for text in names]
    operands = [
        Operand(call.tensor(i), *([text.index(c) for c in letters] for letters in (shared, own[i], summed)))
        for i, text in enumerate(names)
    ]
    found = between(call, *operands)
    made = [*shared, *own[0], *own[1]]
    return Tensor(found.ref, found.layout.permuted([made.index(c) for c in result]))


def _of_one(call: Call, letters: str, result: str) -> Tensor:
    axes = [i for i, c in enumerate(letters) if c not in result]
    found = over(call, call.tensor(0), axes, "sum") if axes else call.tensor(0)
    kept = [c for c in letters if c in result]
    return Tensor(found.ref, found.layout.squeezed(axes).permuted([kept.index(c) for c in result]))


def _known(call: Call, left: str, right: str, summed: Sequence[str], result: str) -> Tensor:
    """One operand is a matrix of weights: a linear layer over the axes that are summed, as one."""
    place = 0 if isinstance(call.value(0), Constant) else 1
    text, other = (left, right) if place == 0 else (right, left)
    call.need(not set(text) & set(other) & set(result), "other weights for each position")
    new = [c for c in text if c not in summed]
    weight = call.constant(place, "the matrix").transpose([text.index(c) for c in (*summed, *new)])
    sizes = weight.shape[len(summed) :]
    x = call.tensor(1 - place)
    kept = [c for c in other if c not in summed]
    theirs = [x.layout.theirs[other.index(c)] for c in kept]
    joined = tuple(chain(*(x.layout.theirs[other.index(c)] for c in summed)))
    table = Tensor(x.ref, Layout(x.layout.ours, (*theirs, joined)))
    found = product(call, table, weight.reshape(-1, int(np.prod(sizes, dtype=int))))
    layout = found.layout.reshaped([*found.shape[:-1], *sizes])
    call.need(layout is not None, f"a result of the shape {found.shape} in parts of {sizes}")
    assert layout is not None
    made = [*kept, *new]
    return Tensor(found.ref, layout.permuted([made.index(c) for c in result]))


# ---- masks ----


def causal(call: Call, scores: Tensor) -> Tensor:
    """No position sees a later one. The last two foreign axes are queries and keys."""
    call.need(scores.shape[-1] == scores.shape[-2], "as many keys as queries are needed where none sees a later one")
    x = call.features(scores, scores.rank - 1)
    groups = x.layout.groups
    call.need(len(groups) > 2 and groups[-2] == x.layout.theirs[-2], "scores of another order")
    return call.keep(x, call.apply(Causal(), [x.ref]))


def masked(call: Call, scores: Tensor, mask: Array) -> Tensor:
    """Scores with a known mask: truth values (which may be seen) or numbers to add."""
    added = np.where(mask, 0.0, LOWEST) if mask.dtype == bool else np.maximum(mask, LOWEST)
    if not added.any():
        return scores
    if is_causal(added):
        return causal(call, scores)
    call.need(added.ndim >= 2 and added.size == added.shape[-1] * added.shape[-2], "a mask for each head or sample")
    x = call.features(scores, scores.rank - 1)
    positions = call.type_of(x.ref).positions
    call.need(all(isinstance(n, int) for n in positions), "a known mask on sequences of any length")
    table = np.broadcast_to(added.reshape(added.shape[-2:]), (*positions, added.shape[-1]))  # type: ignore[arg-type]
    return call.keep(x, call.apply(AddPositions(learned=True), [x.ref], {"weight": table}))


def is_causal(added: Array) -> bool:
    """Whether these numbers, added to scores, take away those of later positions and nothing else.

    >>> is_causal(np.triu(np.full((3, 3), -np.inf), 1)), is_causal(np.zeros((3, 3)))
    (True, False)
    """
    if added.ndim < 2 or added.shape[-1] != added.shape[-2] or added.size != added.shape[-1] ** 2 or added.size < 2:
        return False
    table = added.reshape(added.shape[-2:])
    later = np.triu(np.ones(table.shape, bool), 1)
    return bool((table[later] < FAR_BELOW).all() and not table[~later].any())


def linear(call: Call) -> Tensor:
    """`Linear`: a product with a known matrix, and its bias."""
    return product(call, call.tensor(0), call.constant(1, "the matrix"), call.constant(2, "the bias"))


def hidden(call: Call) -> Tensor:
    """`Causal`: what a rule makes of a mask that is computed from the length of the sequence."""
    return causal(call, call.tensor(0))


def where(call: Call) -> Tensor:
    """A known choice between scores and minus infinity; nothing else."""
    choice = call.constant(0, "the condition")
    first, second = call.value(1), call.value(2)
    scores, other = (second, first) if isinstance(second, Tensor) else (first, second)
    call.need(isinstance(scores, Tensor) and isinstance(other, Constant), "a choice between two values")
    assert isinstance(scores, Tensor)
    assert isinstance(other, Constant)
    call.need((other.array < FAR_BELOW).all(), "a choice between a value and numbers other than minus infinity")
    return masked(call, scores, choice if scores is first else ~choice)


MEANINGS: Mapping[str, Meaning] = {
    "Einsum": einsum,
    "MatMul": matmul,
    "cnngraph.Causal": hidden,
    "cnngraph.Linear": linear,
}
