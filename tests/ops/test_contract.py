"""What every operator owes, over the registry and all samples: a new operator is covered the day its file appears."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from cnngraph.ir.op import Array, Onnx, Op, registry, rng
from cnngraph.ir.types import TensorType

STEP = 1e-5  # of the central difference: its error is about STEP ** 2
TOLERANCE = 1e-6  # of the slope, relative to the largest part of the sum that it is


@dataclass(frozen=True)
class Case:
    """One configuration of an operator, with the types of its inputs for one batch size."""

    op: Op
    operands: tuple[TensorType, ...]
    batch: int
    domain: tuple[float, float] | None = None

    @property
    def inputs(self) -> tuple[TensorType, ...]:
        """Types of the operands and weights."""
        return (*self.operands, *(w.type for w in self.op.weight_types(*self.operands).values()))

    @property
    def names(self) -> tuple[str, ...]:
        weights = tuple(self.op.weight_types(*self.operands))
        return (*self.op.input_names(len(self.operands)), *weights)

    @property
    def outputs(self) -> tuple[TensorType, ...]:
        return self.op.output_types(self.operands)

    def in_dtype(self, dtype: str) -> Case:
        """The same with `dtype` for all numbers that are not whole."""
        changed = tuple(t if t.dtype == "int64" else dataclasses.replace(t, dtype=dtype) for t in self.operands)
        return dataclasses.replace(self, op=op_in_dtype(self.op, dtype), operands=changed)

    def bound(self) -> Case:
        op = self.op.bind({"batch": self.batch})
        return dataclasses.replace(self, op=op, operands=tuple(t.bind(batch=self.batch) for t in self.operands))


def op_in_dtype(op: Op, dtype: str) -> Op:
    """An operator that makes numbers of ids, or of nothing, has a precision of its own."""
    return dataclasses.replace(op, dtype=dtype) if hasattr(op, "dtype") else op


def cases() -> Iterator[Any]:
    for name, cls in registry().items():
        for i, sample in enumerate(cls.samples()):
            forms = {sample.op.for_training(): "-training"} | {sample.op: ""}  # most train as they are
            for op, suffix in forms.items():
                yield pytest.param(Case(op, sample.inputs, sample.batch, sample.domain), id=f"{name}-{i}{suffix}")


every_case = pytest.mark.parametrize("case", list(cases()))
every_class = pytest.mark.parametrize("cls", list(registry().values()), ids=list(registry()))


def arrays(case: Case) -> list[Array]:
    """Random values for all inputs, read-only. Where the operator has no value for negative numbers, positive ones."""
    case = case.bound()
    signed = [draw(case, i, t) for i, t in enumerate(case.inputs)]
    try:
        with np.errstate(invalid="raise", divide="raise"):
            case.op.apply(signed)
    except FloatingPointError:
        return [read_only(np.abs(x) + x.dtype.type(x.dtype.kind == "f") / 4) for x in signed]
    return signed


def draw(case: Case, index: int, type_: TensorType) -> Array:
    numbers = rng(index, sum(case.op.name.encode()))
    if type_.dtype == "int64":
        return read_only(numbers.integers(0, type_.vocabulary or 2, type_.concrete))
    drawn = numbers.uniform(*case.domain, type_.concrete) if case.domain else numbers.normal(size=type_.concrete)
    values = np.asarray(drawn).astype(type_.dtype)
    return read_only(np.abs(values) + values.dtype.type(0.25) if case.names[index] == "variance" else values)


def read_only(x: Array) -> Array:
    x = np.asarray(x)
    x.setflags(write=False)
    return x


def wanted(case: Case) -> list[str]:
    """The inputs by which the operator can be differentiated."""
    types = zip(case.names, case.inputs, strict=True)
    return [name for name, t in types if t.dtype != "int64" and case.op.differentiable(name)]


def gradient(case: Case, name: str, dy: Array, inputs: list[Array], results: tuple[Array, ...]) -> Array:
    """`vjp` with exactly the values that it says it reads, all of them read-only."""
    bound = case.bound()
    values = dict(zip(bound.op.outputs, results, strict=True)) | dict(zip(case.names, inputs, strict=True))
    saved = {n: read_only(values[n]) for n in bound.op.reads(name, len(inputs))}
    shapes = {n: x.shape for n, x in zip(case.names, inputs, strict=True)}
    return bound.op.vjp(name, read_only(dy), saved, shapes)


def direction(case: Case, salt: int, shape: tuple[int, ...]) -> Array:
    return np.asarray(rng(salt, sum(case.op.name.encode()), 1).normal(size=shape))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@every_case
def test_forward_has_the_inferred_shapes_and_dtypes(case: Case, dtype: str) -> None:
    case = case.in_dtype(dtype)
    results = case.bound().op.apply(arrays(case))
    assert len(results) == len(case.outputs) == len(case.op.outputs)
    for result, type_ in zip(results, case.outputs, strict=True):
        assert np.shape(result) == type_.bind(batch=case.batch).concrete
        assert np.asarray(result).dtype == type_.dtype
        assert np.isfinite(result).all()


@every_case
def test_types_do_not_depend_on_when_sizes_are_bound(case: Case) -> None:
    assert case.bound().outputs == tuple(t.bind(batch=case.batch) for t in case.outputs)
    assert case.bound().inputs == tuple(t.bind(batch=case.batch) for t in case.inputs)


@pytest.mark.parametrize("case", [c for c in cases() if not c.values[0].op.chosen_gradient])  # else: test_gates.py
def test_gradients_are_the_slope_in_a_random_direction(case: Case) -> None:
    case = case.in_dtype("float64")
    inputs = arrays(case)
    op = case.bound().op
    results = op.apply(inputs)
    for name in wanted(case):
        at = case.names.index(name)
        move, dy = direction(case, at, inputs[at].shape), direction(case, 99, np.shape(results[0]))
        ends = [op.apply([*inputs[:at], inputs[at] + h * move, *inputs[at + 1 :]])[0] for h in (STEP, -STEP)]
        parts = dy * (ends[0] - ends[1]) / (2 * STEP)
        slope = np.sum(gradient(case, name, dy, inputs, results) * move)
        assert slope == pytest.approx(np.sum(parts), rel=TOLERANCE, abs=TOLERANCE * np.abs(parts).max()), name


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@every_case
def test_gradients_have_the_type_of_their_input(case: Case, dtype: str) -> None:
    case = case.in_dtype(dtype)
    inputs = arrays(case)
    results = case.bound().op.apply(inputs)
    dy = direction(case, 99, np.shape(results[0])).astype(dtype)
    for name in wanted(case):
        dx = gradient(case, name, dy, inputs, results)
        x = inputs[case.names.index(name)]
        assert (np.shape(dx), np.asarray(dx).dtype) == (x.shape, x.dtype), name


@every_case
def test_equal_inputs_give_equal_bits(case: Case) -> None:
    inputs = arrays(case)
    op = case.bound().op
    first, second = op.apply(inputs), op.apply([x.copy() for x in inputs])
    assert [np.asarray(x).tobytes() for x in first] == [np.asarray(x).tobytes() for x in second]
    for name in wanted(case):
        dy = np.ones(np.shape(first[0]), np.asarray(first[0]).dtype)
        bits = {np.asarray(gradient(case, name, dy, inputs, first)).tobytes() for _ in range(2)}
        assert len(bits) == 1, name


@every_case
def test_costs_are_never_negative_and_who_computes_moves_bytes(case: Case) -> None:
    bound = case.bound()
    costs = [bound.op.cost(bound.inputs, bound.outputs)]
    costs += [bound.op.vjp_cost(name, bound.inputs, bound.outputs) for name in wanted(case)]
    for cost in costs:
        assert min(cost.flops, cost.bytes_moved, cost.multiply_adds) >= 0
        assert cost.flops >= 2 * cost.multiply_adds
        assert cost.bytes_moved > 0 or cost.flops == 0


@every_case
def test_an_operator_is_a_value(case: Case) -> None:
    op = case.op
    assert op == dataclasses.replace(op)
    assert hash(op) == hash(dataclasses.replace(op))
    assert repr(op).startswith(type(op).__name__)
    assert str(op).startswith(op.name)
    with pytest.raises(dataclasses.FrozenInstanceError):
        op.anything = 1  # type: ignore[attr-defined]
    assert op.onnx() is None or isinstance(op.onnx(), Onnx)


@every_case
def test_names_fit_together(case: Case) -> None:
    op = case.op
    assert set(op.weight_types(*case.operands)) <= set(op.weights)
    assert set(op.saves) <= {*op.operands, *op.weights}
    for name in wanted(case):
        assert set(op.reads(name, len(case.inputs))) <= {*case.names, *op.outputs}
    if op.changes_state:
        types = {n: w.type for n, w in op.weight_types(*case.operands).items()}
        assert {n: case.outputs[i] for n, i in op.updates.items()} == {n: types[n] for n in op.updates}


@every_class
def test_the_docstring_is_the_contract(cls: type[Op]) -> None:
    assert cls.__doc__
    for part in ("shapes:", "cost:", "source:"):
        assert part in cls.__doc__, f"{cls.name} does not say its {part}"


@every_class
def test_training_twice_is_training_once(cls: type[Op]) -> None:
    for sample in cls.samples():
        assert sample.op.for_training().for_training() == sample.op.for_training()
