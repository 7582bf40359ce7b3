"""An operator beside the function of PyTorch that means the same, and the shapes that most pairs are tried at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from cnngraph.ir.op import Op
from cnngraph.ir.registry import registry
from cnngraph.ir.types import TensorType

Tensor = Any
BATCH = 3


@dataclass(frozen=True)
class Pair:
    """An operator and the function of PyTorch that means the same.

    The function receives the operands channels first, as PyTorch has them, and the weights as they are; it returns its
    result channels first. The inputs named in `positive` are drawn above 0.
    """

    op: Op
    operands: tuple[TensorType, ...]
    oracle: Callable[..., Tensor]
    positive: tuple[str, ...] = ()

    @property
    def types(self) -> dict[str, TensorType]:
        """All inputs by name, with numbers for sizes."""
        operands = [in_float64(t) for t in self.operands]
        weights = [w.type for w in self.op.weight_types(*operands).values()]
        names = self.op.input_names(len(operands) + len(weights))
        return {n: t.bind(batch=BATCH) for n, t in zip(names, [*operands, *weights], strict=True)}


def in_float64(type_: TensorType) -> TensorType:
    return type_ if type_.vocabulary is not None else replace(type_, dtype="float64")


def op(word: str, *positional: object, **named: object) -> Op:
    return registry()[word](*positional, **named)


VECTOR, WIDER = TensorType.of(4), TensorType.of(6)
SERIES, IMAGE, VOLUME = TensorType.of(4, (9,)), TensorType.of(4, (7, 8)), TensorType.of(2, (5, 6, 7))
LABELS = (TensorType.of(5, (3, 4)), TensorType.ids(5, (3, 4)))
