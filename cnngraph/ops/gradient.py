"""The gradient of another operator by one of its inputs, as a node."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from cnngraph.ir.op import Array, Cost, Op, Sample
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class Gradient(Op):
    """dL/d(wanted) of the operator `of`, from dL/dy and what `of.saves[wanted]` reads: x0 is dL/dy, x1... are saved.

    shapes: (type of y, saved...) -> type of the input `wanted`.
    cost:   `of.vjp_cost`.  source: Griewank, Walther: Evaluating derivatives, 2008, section 3.2 (reverse mode).

    `input_types` are those of all inputs of `of`, `result_types` those of its results.
    """

    of: Op
    wanted: str
    input_types: tuple[TensorType, ...]
    result_types: tuple[TensorType, ...]

    name: ClassVar[str] = "gradient"
    variadic: ClassVar[bool] = True
    internal: ClassVar[bool] = True

    @property
    def _names(self) -> tuple[str, ...]:
        return self.of.input_names(len(self.input_types))

    def infer(self, *inputs: TensorType) -> TensorType:
        return self.input_types[self._names.index(self.wanted)]

    def forward(self, dy: Array, *saved: Array) -> Array:
        names = self.of.reads(self.wanted, len(self.input_types))
        shapes = dict(zip(self._names, (t.concrete for t in self.input_types), strict=True))
        return self.of.vjp(self.wanted, dy, dict(zip(names, saved, strict=True)), shapes)

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return self.of.vjp_cost(self.wanted, self.input_types, self.result_types)

    def __str__(self) -> str:
        return f"gradient({self.of}, {self.wanted})"

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return ()  # the contract test of each operator runs its gradient
