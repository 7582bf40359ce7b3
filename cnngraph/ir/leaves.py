"""The operators of the graph itself: a value that is fed, a value that is kept. All others live in `cnngraph.ops`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from cnngraph.ir.op import Cost, Op, Sample
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class Input(Op):
    """A value that is fed at each run.

    shapes: () -> type.  cost: none.  source: ONNX graph input.

    >>> print(Input(TensorType.of(3, (224, 224))))
    input(3@224x224)
    """

    type: TensorType

    name: ClassVar[str] = "input"
    operands: ClassVar[tuple[str, ...]] = ()
    internal: ClassVar[bool] = True

    def infer(self) -> TensorType:
        return self.type

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(0, 0)

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return ()  # it computes nothing: the runtime's tests feed it


@dataclass(frozen=True)
class State(Op):
    """A value that is kept from run to run; `Graph.updates` says what it becomes.

    shapes: () -> type.  cost: none.  source: ONNX initializer.

    `initial` names its initialiser. Only a `trainable` state counts as a parameter and is changed by an optimizer.

    >>> print(State(TensorType((5, 5, 1, 6)), "he"))
    state((5, 5, 1, 6), he)
    """

    type: TensorType
    initial: str
    trainable: bool = True

    name: ClassVar[str] = "state"
    operands: ClassVar[tuple[str, ...]] = ()
    internal: ClassVar[bool] = True

    def infer(self) -> TensorType:
        return self.type

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(0, 0)

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return ()  # it computes nothing: the runtime's tests keep it
