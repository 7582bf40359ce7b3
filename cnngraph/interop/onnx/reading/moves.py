"""The nodes that move the numbers of a value, where a layer asks for other axes than it has.

Nothing, a reshape, `shuffle`, `split_heads`, `join_heads`, a transpose of the positions, or at worst a transpose
between two reshapes, in which the features stand among the positions.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, pairwise

from cnngraph.interop.onnx.reading.layout import Layout
from cnngraph.ir.op import Op
from cnngraph.ir.size import Dim
from cnngraph.ir.types import TensorType
from cnngraph.ops.flatten import Flatten
from cnngraph.ops.join_heads import JoinHeads
from cnngraph.ops.reshape import Reshape
from cnngraph.ops.shuffle import Shuffle
from cnngraph.ops.split_heads import SplitHeads
from cnngraph.ops.transpose import Transpose

Factors = tuple[tuple[int, ...], ...]


def moves(layout: Layout, groups: Factors) -> list[Op]:
    """The operators, one after the other, that make our axes these groups of factors; the batch stays first.

    >>> from cnngraph.ir.types import BATCH
    >>> image = Layout.of((BATCH, 6, 8, 9), ((0,), (2,), (3,), (1,)))
    >>> [str(op) for op in moves(image, ((0,), (1, 2, 3)))]
    ['flatten']
    >>> [str(op) for op in moves(image, ((0,), (3, 1, 2)))]
    ['reshape(1@72x6)', 'transpose((1, 0))', 'flatten']
    """
    assert groups[0] == layout.groups[0], "the batch stays first"
    if groups == layout.groups:
        return []
    flat = list(chain(*groups))
    if flat == sorted(flat):
        return [_reshaped(layout, groups)]
    for way in (_transposed, _shuffled, _split, _joined):
        if ops := way(layout, groups):
            return ops
    return _moved(layout, groups)


def _reshaped(layout: Layout, groups: Sequence[Sequence[int]]) -> Op:
    _, *positions, features = (layout.size(group) for group in groups)
    return Reshape(TensorType.of(features, tuple(positions))) if positions else Flatten()


def _transposed(layout: Layout, groups: Factors) -> list[Op]:
    """The positions in another order."""
    old = layout.groups
    if len(old) != len(groups) or old[-1] != groups[-1] or sorted(old[1:-1]) != sorted(groups[1:-1]):
        return []
    if len(set(old[1:-1])) != len(old[1:-1]):
        return []  # several axes of size 1: which is which does not matter, a reshape tells
    return [Transpose(tuple(old[1:-1].index(group) for group in groups[1:-1]))]


def _shuffled(layout: Layout, groups: Factors) -> list[Op]:
    """The features, two factors, exchanged."""
    old = layout.groups
    is_turned = len(old[-1]) == 2 and groups == (*old[:-1], old[-1][::-1])
    size = layout.sizes[old[-1][0]] if is_turned else None
    return [Shuffle(size)] if isinstance(size, int) else []


def _split(layout: Layout, groups: Factors) -> list[Op]:
    """The slower part of the features as the first axis of positions."""
    batch, *positions, features = layout.groups
    if len(features) < 2:
        return []
    heads = layout.sizes[features[0]]
    turned = (batch, features[:1], *positions, features[1:])
    return [SplitHeads(heads)] if isinstance(heads, int) and groups == turned else []


def _joined(layout: Layout, groups: Factors) -> list[Op]:
    """The first axis of positions as the slower part of the features."""
    batch, *positions, features = layout.groups
    if not positions:
        return []
    heads, *others = positions
    return [JoinHeads()] if groups == (batch, *others, (*heads, *features)) else []


def _moved(layout: Layout, groups: Factors) -> list[Op]:
    """The factors, as few as there can be, as positions; transposed; and joined as they are wanted."""
    flat = list(chain(*groups[1:]))
    runs = [[flat[0]]]
    for before, factor in pairwise(flat):
        if factor == before + 1:
            runs[-1].append(factor)
        else:
            runs.append([factor])
    stays = runs[-1] == sorted(runs)[-1]
    ordered = sorted(runs)
    between = [groups[0], *(ordered[:-1] if stays else ordered), ordered[-1] if stays else ()]
    turned = [groups[0], *(runs[:-1] if stays else runs), runs[-1] if stays else ()]
    order = tuple(between[1:-1].index(run) for run in turned[1:-1])
    first = [_reshaped(layout, between)] if _sizes(layout, between) != _sizes(layout, layout.groups) else []
    last = [_reshaped(layout, groups)] if _sizes(layout, turned) != _sizes(layout, groups) else []
    return [*first, Transpose(order), *last]


def _sizes(layout: Layout, groups: Sequence[Sequence[int]]) -> list[Dim]:
    return [layout.size(group) for group in groups]
