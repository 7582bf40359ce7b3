"""An operator with the pointwise ones that follow it, as one node."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from cnngraph.ir.op import Array, Cost, Op, Sample
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class Fused(Op):
    """Each operator of `then` takes the result of the one before as its first operand.

        y = then[-1](... then[0](first(x0, x1, ...), ...) ...)

    shapes: as `first`; operators of `then` are pointwise and keep the shape.
    fields: first; then; taken (how many inputs of the node each of them reads, beside the result of the one before).
    cost:   the sum of all, but that nothing in between is written to memory.
    source: Abadi et al., TensorFlow XLA; Chen et al., TVM, OSDI 2018, section 3 (operator fusion).

    >>> from cnngraph.ops.add import Add
    >>> from cnngraph.ops.relu import Relu
    >>> import numpy as np
    >>> print(Fused(Relu(), (Add(),), (1, 1)).forward(np.array([-1.0, 2.0]), np.array([5.0, 5.0])))
    [5. 7.]
    """

    first: Op
    then: tuple[Op, ...]
    taken: tuple[int, ...]

    name: ClassVar[str] = "fused"
    variadic: ClassVar[bool] = True
    internal: ClassVar[bool] = True

    def infer(self, *inputs: TensorType) -> TensorType:
        head = inputs[: self.taken[0]]
        operands = head if self.first.variadic else head[: len(self.first.operands)]
        return self.first.output_types(operands)[0]

    def forward(self, *inputs: Array) -> Array:
        (y,) = self.first.apply(inputs[: self.taken[0]])
        for op, more in self.behind(inputs):
            (y,) = op.apply([y, *more])
        return y

    @property
    def samplewise(self) -> bool:
        return all(op.samplewise for op in (self.first, *self.then))

    def behind(self, inputs: Sequence[Array]) -> Iterator[tuple[Op, Sequence[Array]]]:
        """Each operator of `then`, with the inputs of the node that it reads."""
        start = self.taken[0]
        for op, count in zip(self.then, self.taken[1:], strict=True):
            yield op, inputs[start : start + count]
            start += count

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        head = self.first.cost(inputs[: self.taken[0]], outputs)
        extra = sum(t.bytes for t in inputs[self.taken[0] :])
        return Cost(head.flops + len(self.then) * outputs[0].elements, head.bytes_moved + extra, head.multiply_adds)

    def __str__(self) -> str:
        return f"fused({', '.join(map(str, (self.first, *self.then)))})"

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return ()  # the tests of fusing and of the kernels run it
