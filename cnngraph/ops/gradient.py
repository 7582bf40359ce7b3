"""The gradient of another operator by one of its inputs, as a node; by several, where they share their work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from cnngraph.ir.op import Array, Cost, Op, Sample
from cnngraph.ir.size import number
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class Gradient(Op):
    """dL/d(wanted) of the operator `of`, from dL/dy and what `of` reads for it: x0 is dL/dy, x1... are saved.

    shapes: (type of y, saved...) -> type of each input in `wanted`; that is one, unless `of.joint`.
    cost:   `of.vjp_cost`.  source: Griewank, Walther: Evaluating derivatives, 2008, section 3.2 (reverse mode).

    `input_types` are those of all inputs of `of`, `result_types` those of its results.
    """

    of: Op
    wanted: tuple[str, ...]
    input_types: tuple[TensorType, ...]
    result_types: tuple[TensorType, ...]

    name: ClassVar[str] = "gradient"
    variadic: ClassVar[bool] = True
    internal: ClassVar[bool] = True

    @property
    def _names(self) -> tuple[str, ...]:
        return self.of.input_names(len(self.input_types))

    @property
    def outputs(self) -> tuple[str, ...]:
        return tuple(f"d{name}" for name in self.wanted)

    @property
    def saved(self) -> tuple[str, ...]:
        """Names of what is read beside dL/dy."""
        return tuple(dict.fromkeys(n for name in self.wanted for n in self.of.reads(name, len(self.input_types))))

    @property
    def samplewise(self) -> bool:
        """Asked before the batch is bound. The gradient of what has no batch, such as a loss, is one of the whole."""
        return self.of.samplewise and self.result_types[0].batched and all(t.batched for t in self._wanted_types)

    @property
    def placed(self) -> bool:
        """Asked when sizes are bound. The gradient by what is larger than the result fills the rest with zeros."""
        (wanted, *_), result = self._wanted_types, self.result_types[0]
        return self.of.placed and number(wanted.elements) <= number(result.elements)

    @property
    def gathers(self) -> bool:
        """Asked before the batch is bound. By what has no batch, such as a weight, it is the sum over the samples."""
        return self.of.samplewise and self.result_types[0].batched and not any(t.batched for t in self._wanted_types)

    @property
    def _wanted_types(self) -> tuple[TensorType, ...]:
        return tuple(self.input_types[self._names.index(name)] for name in self.wanted)

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        return self._wanted_types

    def forward(self, dy: Array, *saved: Array) -> tuple[Array, ...]:
        shapes = dict(zip(self._names, (t.concrete for t in self.input_types), strict=True))
        return self.of.vjp_all(self.wanted, dy, dict(zip(self.saved, saved, strict=True)), shapes)

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return self.of.vjp_cost(self.wanted[0], self.input_types, self.result_types)

    def __str__(self) -> str:
        return f"gradient({self.of}, {', '.join(self.wanted)})"

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return ()  # the contract test of each operator runs its gradient
