"""What every operator owes, over the registry and all samples: a new operator is covered the day its file appears."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest

from cnngraph.ir.op import Array, Cost, Op, Sample, Saved, Shape
from cnngraph.ir.registry import registry
from cnngraph.ir.types import TensorType
from cnngraph.ops.square_sum import SquareSum
from cnngraph.testing import CHECKS, Case, Check, cases_of, check_operator, says_its_contract


def cases() -> Iterator[Any]:
    for name, cls in registry().items():
        for i, case in enumerate(cases_of(cls)):
            yield pytest.param(case, id=f"{name}-{i}")


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("case", list(cases()))
def test_every_operator(check: Check, case: Case) -> None:
    check(case)


@pytest.mark.parametrize("cls", list(registry().values()), ids=list(registry()))
def test_every_docstring(cls: type[Op]) -> None:
    says_its_contract(cls)


def test_an_operator_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        SquareSum().anything = 1  # type: ignore[attr-defined]


# ---- the checks themselves ----


@dataclass(frozen=True)
class Double(Op):
    """y = 2 x.  shapes: any -> the same.  cost: one flop for each element.  source: a test."""

    name: ClassVar[str] = "square_sum"  # a known name, so that the rest of the contract is reached
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ()}

    def infer(self, x: TensorType) -> TensorType:  # type: ignore[override]
        return x

    def forward(self, x: Array) -> Array:  # type: ignore[override]
        return 2 * x

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        return 2 * dy

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (Sample(cls(), (TensorType.of(3, (4,)),)),)


class Precise(Double):
    def forward(self, x: Array) -> Array:  # type: ignore[override]
        return 2 * x.astype(np.float64)


class Writes(Double):
    def forward(self, x: Array) -> Array:  # type: ignore[override]
        x *= 2
        return x


class Triples(Double):
    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        return 3 * dy


class Sums(Double):
    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        return 2 * dy.sum(axis=0)


class Random(Double):
    def forward(self, x: Array) -> Array:  # type: ignore[override]
        noise = np.random.default_rng().normal(size=x.shape) if x.dtype == np.float32 else 0
        return 2 * x + np.asarray(noise, x.dtype)


class Free(Double):
    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(5, 0)


class Unreadable(Double):
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ("z",)}


class Silent(Double):
    """Says nothing."""


class Unsampled(Double):
    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return ()


@pytest.mark.parametrize(
    ("cls", "said"),
    [
        (Precise, "was inferred"),
        (Triples, "by x vjp says"),
        (Sums, "the gradient by x is"),
        (Random, "other results for equal inputs"),
        (Free, "moves no bytes"),
        (Unreadable, "the gradient by x reads what there is not"),
        (Silent, "does not say its shapes:"),
        (Unsampled, "no samples"),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_what_breaks_the_contract_is_found(cls: type[Op], said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        check_operator(cls)


def test_inputs_are_read_only() -> None:
    with pytest.raises(ValueError, match="read-only"):
        check_operator(Writes)
