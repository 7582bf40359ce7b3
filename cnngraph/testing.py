"""What every operator owes, as checks for its tests: those of this package, and operators of your own.

    from cnngraph.testing import check_operator

    def test_swish_beta() -> None:
        check_operator(SwishBeta)

A check raises AssertionError with the operator, the sample and the numbers. Not for networks: `cnngraph check` is.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from cnngraph.ir.builder import Builder
from cnngraph.ir.leaves import Input
from cnngraph.ir.op import Array, Onnx, Op, rng
from cnngraph.ir.size import number
from cnngraph.ir.text import from_text, to_text
from cnngraph.ir.types import TensorType

STEP = 1e-5  # of the central difference: its error is about STEP ** 2
TOLERANCE = 1e-6  # of the slope, relative to the largest part of the sum that it is
DTYPES = ("float32", "float64")
PARTS = ("shapes:", "cost:", "source:")


def check_operator(cls: type[Op]) -> None:
    """All checks on all samples of an operator; the first that does not hold raises AssertionError.

    >>> from cnngraph.ops.relu import Relu
    >>> check_operator(Relu)
    """
    says_its_contract(cls)
    found = list(cases_of(cls))
    assert found, f"{cls.name} has no samples to check it with"
    for case in found:
        for check in CHECKS:
            check(case)


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
        return dataclasses.replace(self, op=_in_dtype(self.op, dtype), operands=changed)

    def bound(self) -> Case:
        op = self.op.bind({"batch": self.batch})
        return dataclasses.replace(self, op=op, operands=tuple(t.bind(batch=self.batch) for t in self.operands))

    def __str__(self) -> str:
        return f"{self.op} on {', '.join(map(str, self.operands))}"


Check: TypeAlias = Callable[[Case], None]


def _in_dtype(op: Op, dtype: str) -> Op:
    """An operator that makes numbers of ids, or of nothing, has a precision of its own."""
    changes: dict[str, Any] = {"dtype": dtype} if hasattr(op, "dtype") else {}
    return dataclasses.replace(op, **changes)


def cases_of(cls: type[Op]) -> Iterator[Case]:
    """The samples of an operator, and what stands for each of them while training where that is another."""
    for sample in cls.samples():
        for op in dict.fromkeys((sample.op, sample.op.for_training())):
            yield Case(op, sample.inputs, sample.batch, sample.domain)


# ---- values ----


def arrays(case: Case) -> list[Array]:
    """Random values for all inputs, read-only. Where the operator has no value for negative numbers, positive ones."""
    case = case.bound()
    signed = [_draw(case, i, t) for i, t in enumerate(case.inputs)]
    try:
        with np.errstate(invalid="raise", divide="raise"):
            case.op.apply(signed)
    except FloatingPointError:
        return [_read_only(np.abs(x) + x.dtype.type(x.dtype.kind == "f") / 4) for x in signed]
    return signed


def _draw(case: Case, index: int, type_: TensorType) -> Array:
    numbers = rng(index, sum(case.op.name.encode()))
    if type_.dtype == "int64":
        return _read_only(numbers.integers(0, type_.vocabulary or 2, type_.concrete))
    drawn = numbers.uniform(*case.domain, type_.concrete) if case.domain else numbers.normal(size=type_.concrete)
    values = np.asarray(drawn).astype(type_.dtype)
    return _read_only(np.abs(values) + values.dtype.type(0.25) if case.names[index] == "variance" else values)


def _read_only(x: Array) -> Array:
    x = np.asarray(x)
    x.setflags(write=False)
    return x


def wanted(case: Case) -> list[str]:
    """The inputs by which the operator can be differentiated."""
    types = zip(case.names, case.inputs, strict=True)
    return [name for name, t in types if t.dtype != "int64" and case.op.differentiable(name)]


def _gradient(case: Case, name: str, dy: Array, inputs: Sequence[Array], results: tuple[Array, ...]) -> Array:
    """`vjp` with exactly the values that it says it reads, all of them read-only."""
    bound = case.bound()
    values = dict(zip(bound.op.outputs, results, strict=True)) | dict(zip(case.names, inputs, strict=True))
    saved = {n: _read_only(values[n]) for n in bound.op.reads(name, len(inputs))}
    shapes = {n: x.shape for n, x in zip(case.names, inputs, strict=True)}
    return bound.op.vjp(name, _read_only(dy), saved, shapes)


def _direction(case: Case, salt: int, shape: tuple[int, ...]) -> Array:
    return np.asarray(rng(salt, sum(case.op.name.encode()), 1).normal(size=shape))


# ---- checks ----


def says_its_contract(cls: type[Op]) -> None:
    """The docstring has all parts, and training twice is training once."""
    for part in PARTS:
        assert part in cls.contract(), f"the docstring of {cls.name} does not say its {part}"
    for sample in cls.samples():
        trained = sample.op.for_training()
        assert trained.for_training() == trained, f"{trained} trains as something else yet"


def has_the_inferred_types(case: Case) -> None:
    """`forward` gives what `infer` says, in both precisions, and finite numbers."""
    for dtype in DTYPES:
        typed = case.in_dtype(dtype)
        results = typed.bound().op.apply(arrays(typed))
        expected = [t.bind(batch=case.batch) for t in typed.outputs]
        given = [(np.shape(y), str(np.asarray(y).dtype)) for y in results]
        assert len(case.op.outputs) == len(results), f"{case} names {case.op.outputs} and gives {len(results)} results"
        wanted_types = [(t.concrete, t.dtype) for t in expected]
        assert given == wanted_types, f"{case} gives {given} where {wanted_types} was inferred"
        assert all(np.isfinite(y).all() for y in results), f"{case} gives NaN or infinity for ordinary numbers"


def binds_sizes_at_any_time(case: Case) -> None:
    """Types do not depend on when sizes are bound."""
    bound = case.bound()
    assert bound.outputs == tuple(t.bind(batch=case.batch) for t in case.outputs), f"{case}: other outputs once bound"
    assert bound.inputs == tuple(t.bind(batch=case.batch) for t in case.inputs), f"{case}: other inputs once bound"


def has_the_slope(case: Case) -> None:
    """Gradients are the slope in a random direction (central difference, float64)."""
    if case.op.chosen_gradient:
        return
    case = case.in_dtype("float64")
    inputs, op = arrays(case), case.bound().op
    results = op.apply(inputs)
    for name in wanted(case):
        at = case.names.index(name)
        move, dy = _direction(case, at, inputs[at].shape), _direction(case, 99, np.shape(results[0]))
        ends = [op.apply([*inputs[:at], inputs[at] + h * move, *inputs[at + 1 :]])[0] for h in (STEP, -STEP)]
        parts = dy * (ends[0] - ends[1]) / (2 * STEP)
        slope, measured = np.sum(_gradient(case, name, dy, inputs, results) * move), np.sum(parts)
        allowed = TOLERANCE * max(abs(measured), np.abs(parts).max(initial=0))
        assert abs(slope - measured) <= allowed, f"{case}: by {name} vjp says {slope}, the difference {measured}"


def has_gradients_like_their_inputs(case: Case) -> None:
    """Each gradient has the shape and the dtype of its input, in both precisions."""
    for dtype in DTYPES:
        typed = case.in_dtype(dtype)
        inputs = arrays(typed)
        results = typed.bound().op.apply(inputs)
        dy = _direction(typed, 99, np.shape(results[0])).astype(dtype)
        for name in wanted(typed):
            dx, x = np.asarray(_gradient(typed, name, dy, inputs, results)), inputs[typed.names.index(name)]
            found, expected = (dx.shape, dx.dtype), (x.shape, x.dtype)
            assert found == expected, f"{typed}: the gradient by {name} is {found}, the input {expected}"


def gives_equal_bits(case: Case) -> None:
    """Equal inputs, equal bits: of the results and of the gradients."""
    inputs, op = arrays(case), case.bound().op
    first, second = op.apply(inputs), op.apply([x.copy() for x in inputs])
    same = [np.asarray(x).tobytes() for x in first] == [np.asarray(x).tobytes() for x in second]
    assert same, f"{case} gives other results for equal inputs"
    for name in wanted(case):
        dy = np.ones(np.shape(first[0]), np.asarray(first[0]).dtype)
        bits = {np.asarray(_gradient(case, name, dy, inputs, first)).tobytes() for _ in range(2)}
        assert len(bits) == 1, f"{case} gives other gradients by {name} for equal inputs"


def has_a_cost(case: Case) -> None:
    """Costs are never negative, and who computes moves bytes."""
    bound = case.bound()
    costs = [bound.op.cost(bound.inputs, bound.outputs)]
    costs += [bound.op.vjp_cost(name, bound.inputs, bound.outputs) for name in wanted(case)]
    for cost in costs:
        flops, moved, multiply_adds = number(cost.flops), number(cost.bytes_moved), number(cost.multiply_adds)
        assert min(moved, multiply_adds) >= 0, f"{case} costs less than nothing: {cost}"
        assert flops >= 2 * multiply_adds, f"{case}: a multiply-add is two flops: {cost}"
        assert moved > 0 or flops == 0, f"{case} computes and moves no bytes: {cost}"


def is_a_value(case: Case) -> None:
    """Equal fields make equal operators; its ONNX data is of the right kind."""
    op = case.op
    twin = dataclasses.replace(op)
    assert (op, hash(op)) == (twin, hash(twin)), f"{op} is not equal to its copy"
    assert repr(op).startswith(type(op).__name__), f"the repr of {op.name} is not that of its dataclass"
    assert str(op).startswith(op.name), f"{op} does not print as `{op.name}`"
    assert op.onnx() is None or isinstance(op.onnx(), Onnx), f"{op}.onnx() gives {op.onnx()!r}"


def names_fit_together(case: Case) -> None:
    """`weights`, `saves` and `updates` name what there is."""
    op = case.op
    kinds = op.weight_types(*case.operands)
    assert set(kinds) <= set(op.weights), f"{op}: weight_types gives {set(kinds)}, weights lists {op.weights}"
    assert set(op.saves) <= {*op.operands, *op.weights}, f"{op}: saves has the keys {set(op.saves)}"
    known = {*case.names, *op.outputs}
    for name in wanted(case):
        assert set(op.reads(name, len(case.inputs))) <= known, f"{op}: the gradient by {name} reads what there is not"
    if op.changes_state:
        next_types = {name: case.outputs[i] for name, i in op.updates.items()}
        assert next_types == {n: kinds[n].type for n in op.updates}, f"{op}: an update has not the type of its state"


def prints_and_reads_back(case: Case) -> None:
    """A graph with this operator reads back from its printed form; the operator has to be registered."""
    builder = Builder()
    node = builder.apply("node", case.op, [builder.add(f"x{i}", Input(t)).ref for i, t in enumerate(case.operands)])
    graph = builder.finish("sample", {"y": node.ref})
    assert from_text(to_text(graph)) == graph, f"{case} does not read back from\n{to_text(graph)}"


CHECKS: tuple[Check, ...] = (
    names_fit_together,
    has_the_inferred_types,
    binds_sizes_at_any_time,
    has_gradients_like_their_inputs,
    has_the_slope,
    gives_equal_bits,
    has_a_cost,
    is_a_value,
    prints_and_reads_back,
)
