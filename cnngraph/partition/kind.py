"""What kind of work an operator is, as far as devices do it at speeds of their own.

A kind is read off what an operator declares (its multiply-adds, its receptive field, whether it is pointwise), so a new
operator has one the day its file appears. The gradient of a product is a product of the same kind; a fused operator is
of the kind of its first one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import prod

from cnngraph.ir.op import Op
from cnngraph.ir.size import number
from cnngraph.ir.types import TensorType
from cnngraph.ops.fused import Fused
from cnngraph.ops.gradient import Gradient

KINDS: Mapping[str, str] = {
    "convolution": "a product of each window with weights, at every position",
    "strided_convolution": "such a product that leaves positions out, or adds some",
    "depthwise": "such a product in each channel by itself",
    "product": "a product of matrices: dense layers, windows of one position, attention",
    "pooling": "one value of each window of positions, in each channel by itself",
    "reduction": "few numbers of many: sums over positions or the batch, statistics, losses",
    "normalization": "each element by means of others, such as those of its channel or of its position",
    "pointwise": "each element by itself; optimizers",
    "gradient": "the gradient of what is no product",
    "move": "nothing is computed: values change places",
    "view": "nothing is computed or copied: results lie where inputs are, or inputs where the result is",
}

FEW = 4  # a reduction makes one number of so many, at least


def kind_of(op: Op, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> str:
    """The kind, a key of `KINDS`, of an operator with these bound types.

    >>> from cnngraph.ops.relu import Relu
    >>> image = TensorType((1, 8, 8, 3))
    >>> kind_of(Relu(), [image], [image])
    'pointwise'
    """
    if isinstance(op, Fused):
        return kind_of(op.first, inputs[: op.taken[0]], outputs)
    if op.placed:
        return "view"
    if isinstance(op, Gradient):
        kind = kind_of(op.of, op.input_types, op.result_types)
        if number(op.cost(inputs, outputs).multiply_adds) or kind == "move":
            return kind
        return "reduction" if _shrinks(inputs, outputs) else "gradient"
    cost = op.cost(inputs, outputs)
    field = _field(op, outputs)
    if multiply_adds := number(cost.multiply_adds):
        return _product(multiply_adds, field, inputs[0], outputs[0])
    if not number(cost.flops):
        return "move"
    if op.pointwise or op.optimizer or not inputs:
        return "pointwise"
    if field is not None and any(extent > 1 for extent, _ in field):
        return "pooling"
    return "reduction" if _shrinks(inputs, outputs) else "normalization"


def operator_names(op: Op) -> frozenset[str]:
    """Names of the operators that a device needs for this one: also of those that are fused, or differentiated."""
    if isinstance(op, Fused):
        return frozenset().union(*(operator_names(part) for part in (op.first, *op.then)))
    return operator_names(op.of) if isinstance(op, Gradient) else frozenset((op.name,))


def _product(
    multiply_adds: int, field: tuple[tuple[int, int | Fraction], ...] | None, x: TensorType, y: TensorType
) -> str:
    if field is None or all(extent == 1 and stride >= 1 for extent, stride in field):
        return "product"
    window = prod(extent for extent, _ in field)
    if multiply_adds <= window * min(number(x.elements), number(y.elements)):
        return "depthwise"
    return "convolution" if all(stride == 1 for _, stride in field) else "strided_convolution"


def _shrinks(inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> bool:
    """Whether the first result is far smaller than the first input."""
    return FEW * number(outputs[0].elements) <= number(inputs[0].elements)


def _field(op: Op, outputs: Sequence[TensorType]) -> tuple[tuple[int, int | Fraction], ...] | None:
    """The receptive field of an operator whose results have a batch and channels."""
    return op.field_of_view(max(len(outputs[0].shape) - 2, 0)) if outputs else ()
