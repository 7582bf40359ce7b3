"""What every kernel owes, as one check: `check_kernel(kernel, task)`, and what makes tasks of operators.

The kernel is bound before its inputs hold their values, to memory full of NaN with guards around it; then the same
calls must give the values of the operator itself, the same bits twice, allocate nothing and write nowhere else.
"""

from __future__ import annotations

import dataclasses
import tracemalloc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from cnngraph.ir.op import Array, Op, rng
from cnngraph.ir.types import TensorType
from cnngraph.kernels.kernel import Call, Kernel, Machine, Prepared, Task
from cnngraph.ops.add import Add
from cnngraph.ops.fused import Fused
from cnngraph.ops.gradient import Gradient
from cnngraph.ops.relu import Relu

ALLOWED_BYTES = 44_000  # of Python objects, and of the fixed buffers of NumPy (einsum has the largest), in one call
GUARD = 3  # rows, channels and numbers around each array that no kernel may touch
MACHINE = Machine()


# ---- tasks ----


def forward_task(op: Op, *operands: TensorType, batch: int = 2) -> Task:
    """The operator itself, with its weights."""
    bound = tuple(t.bind(batch=batch) for t in operands)
    op = op.bind({"batch": batch})
    return Task(op, (*bound, *(w.type for w in op.weight_types(*bound).values())), op.output_types(bound))


def gradient_task(op: Op, wanted: str | Sequence[str], *operands: TensorType, batch: int = 2) -> Task:
    """The gradient of the operator by one input, or by several."""
    forward = forward_task(op, *operands, batch=batch)
    names = (wanted,) if isinstance(wanted, str) else tuple(wanted)
    gradient = Gradient(forward.op, names, forward.inputs, forward.outputs)
    known = dict(zip(_names(forward), (*forward.inputs, *forward.outputs), strict=True))
    saved = tuple(known[name] for name in gradient.saved)
    made = gradient.infer()
    return Task(gradient, (forward.outputs[0], *saved), made)


def fused_task(task: Task, *then: tuple[Op, Sequence[TensorType]]) -> Task:
    """The task with pointwise operators behind it, each with the types of what it reads beside."""
    more = tuple(t for _, types in then for t in types)
    taken = (len(task.inputs), *(len(types) for _, types in then))
    return Task(Fused(task.op, tuple(op for op, _ in then), taken), (*task.inputs, *more), task.outputs)


def with_epilogues(task: Task) -> Iterator[Task]:
    """The task with what usually follows it: an activation, a skip and an activation, an activation and a skip."""
    skip = task.outputs[:1]
    yield fused_task(task, (Relu(), ()))
    yield fused_task(task, (Add(), skip), (Relu(), ()))
    yield fused_task(task, (Relu(), ()), (Add(), skip))


def in_dtype(task: Task, dtype: str) -> Task:
    """The task with another kind for all numbers that are not whole."""
    return Task(_op_in(task.op, dtype), _types_in(task.inputs, dtype), _types_in(task.outputs, dtype))


def _op_in(op: Op, dtype: str) -> Op:
    changes: dict[str, Any] = {}
    for f in dataclasses.fields(op):
        value = getattr(op, f.name)
        if f.name == "dtype":
            changes[f.name] = dtype
        elif isinstance(value, Op):
            changes[f.name] = _op_in(value, dtype)
        elif isinstance(value, tuple) and value and isinstance(value[0], TensorType):
            changes[f.name] = _types_in(value, dtype)
        elif isinstance(value, tuple) and value and isinstance(value[0], Op):
            changes[f.name] = tuple(_op_in(each, dtype) for each in value)
    return replace(op, **changes) if changes else op


def _types_in(types: Sequence[TensorType], dtype: str) -> tuple[TensorType, ...]:
    return tuple(t if t.dtype == "int64" else replace(t, dtype=dtype) for t in types)


# ---- values ----


def values_of(task: Task, domain: tuple[float, float] | None = None) -> list[Array]:
    """Random values of all inputs. What a gradient reads is what its operator really computed."""
    op = task.op.first if isinstance(task.op, Fused) else task.op
    if not isinstance(op, Gradient):
        return [_drawn(t, i, domain) for i, t in enumerate(task.inputs)]
    of = Task(op.of, op.input_types, op.result_types)
    inputs = [_drawn(t, i + 1, domain) for i, t in enumerate(of.inputs)]
    known = dict(zip(_names(of), (*inputs, *op.of.apply(inputs)), strict=True))
    more = [_drawn(t, 50 + i, None) for i, t in enumerate(task.inputs[1 + len(op.saved) :])]
    return [_drawn(task.inputs[0], 0, None), *(known[name] for name in op.saved), *more]


def _names(task: Task) -> tuple[str, ...]:
    return (*task.op.input_names(len(task.inputs)), *task.op.outputs)


def _drawn(type_: TensorType, salt: int, domain: tuple[float, float] | None) -> Array:
    numbers = rng(salt, 20)
    if type_.dtype == "int64":
        return np.asarray(numbers.integers(0, type_.vocabulary or 2, type_.concrete))
    drawn = numbers.uniform(*domain, type_.concrete) if domain else numbers.normal(size=type_.concrete)
    return np.asarray(drawn).astype(type_.dtype)


def expected(task: Task, values: Sequence[Array], exact: bool) -> tuple[Array, ...]:
    """What the operator itself makes of the values; in double precision unless `exact`."""
    if exact:
        return task.op.apply(values)
    wide = [x if x.dtype.kind == "i" else x.astype(np.float64) for x in values]
    return in_dtype(task, "float64").op.apply(wide)


# ---- memory ----


@dataclass(frozen=True)
class Guarded:
    """An array inside a larger one, whose other elements keep what they hold."""

    whole: Array
    view: Array

    def poison(self) -> None:
        self.whole[...] = np.nan if self.whole.dtype.kind == "f" else -7

    def is_intact(self) -> bool:
        """Whether all is still poison but the view."""
        inner = self.view.copy()
        self.view[...] = np.nan if self.whole.dtype.kind == "f" else -7
        intact = np.isnan(self.whole).all() if self.whole.dtype.kind == "f" else (self.whole == -7).all()
        self.view[...] = inner
        return bool(intact)


def guarded(type_: TensorType, gaps: bool) -> Guarded:
    """Memory for a value: with gaps between the rows of its matrix, or without."""
    shape = type_.concrete
    if not shape:
        whole = np.empty(2 * GUARD + 1, type_.dtype)
        found = Guarded(whole, whole[GUARD : GUARD + 1].reshape(()))
    else:
        grown = [shape[0] + 2 * GUARD, *shape[1:]]
        inside = [slice(GUARD, GUARD + shape[0]), *(slice(None) for _ in shape[1:])]
        if gaps and len(shape) > 1:
            grown[-1] += 2 * GUARD
            inside[-1] = slice(GUARD, GUARD + shape[-1])
        whole = np.empty(grown, type_.dtype)
        found = Guarded(whole, whole[tuple(inside)])
    found.poison()
    return found


def read_only(x: Array) -> Array:
    view = x.view()
    view.setflags(write=False)
    return view


# ---- the check ----


@dataclass(frozen=True)
class Bound:
    """A kernel bound to guarded memory."""

    call: Call
    inputs: list[Guarded]
    outputs: list[Guarded]
    workspace: list[Guarded]
    prepared: list[Guarded]
    prepares: tuple[Prepared, ...]
    alias: int | None  # the input whose memory the first output takes over

    def fill(self, values: Sequence[Array]) -> None:
        """Poison everything, give the inputs their values and make what is prepared of them; those are poison again."""
        for each in (*self.inputs, *self.outputs, *self.workspace, *self.prepared):
            each.poison()
        for each, value in zip(self.inputs, values, strict=True):
            each.view[...] = value
        for wish, each in zip(self.prepares, self.prepared, strict=True):
            wish.make(read_only(self.inputs[wish.source].view), each.view)
        for index in self.unread:
            self.inputs[index].poison()

    @property
    def unread(self) -> set[int]:
        """Inputs of which something was prepared: the kernel reads that instead."""
        return {wish.source for wish in self.prepares}

    def results(self) -> list[bytes]:
        return [each.view.tobytes() for each in self.outputs]

    def require_intact(self, what: str, values: Sequence[Array]) -> None:
        for index, (each, value) in enumerate(zip(self.inputs, values, strict=True)):
            if index != self.alias and index not in self.unread:
                assert np.array_equal(each.view, value, equal_nan=True), f"{what} writes to its input {index}"
        for name in ("inputs", "outputs", "workspace", "prepared"):
            for index, each in enumerate(getattr(self, name)):
                assert each.is_intact(), f"{what} writes beside its {name}[{index}]"


def bound(kernel: Kernel, task: Task, gaps: bool, alias: int | None = None) -> Bound:
    prepares = kernel.prepares(task)
    inputs = [guarded(t, gaps) for t in task.inputs]
    outputs = [guarded(t, gaps and kernel.strided and not i) for i, t in enumerate(task.outputs)]
    if alias is not None:
        outputs[0] = inputs[alias] = guarded(task.outputs[0], gaps and kernel.strided)
    workspace = [guarded(t, False) for t in kernel.workspace(task)]
    prepared = [guarded(p.type, False) for p in prepares]
    call = kernel.bind(
        task,
        [read_only(each.view) for each in inputs],
        [each.view for each in outputs],
        [each.view for each in workspace],
        [each.view for each in prepared],
    )
    return Bound(call, inputs, outputs, workspace, prepared, prepares, alias)


def check_kernel(
    kernel: Kernel, task: Task, domain: tuple[float, float] | None = None, values: Sequence[Array] | None = None
) -> None:
    """All that a kernel owes on one task, in both precisions; the first that does not hold raises AssertionError.

    `values` are those of the inputs, if random ones (normal, or uniform in `domain`) mean nothing to the operator.
    """
    tasks = [task, *(with_epilogues(task) if kernel.epilogues and not isinstance(task.op, Fused) else ())]
    for each in tasks:
        assert kernel.applies(each), f"{kernel.name} does not serve {each.op}"
        assert kernel.seconds(each, MACHINE) > 0
        for dtype in ("float32", "float64"):
            typed = in_dtype(each, dtype)
            given = _as_types(values, typed.inputs) if values else values_of(typed, domain)
            for gaps in (False, True):
                _check_once(kernel, typed, given, gaps, None)
            for alias in kernel.in_place:
                _check_once(kernel, typed, given, False, alias)


def _as_types(values: Sequence[Array], types: Sequence[TensorType]) -> list[Array]:
    return [np.asarray(x).astype(t.dtype) for x, t in zip(values, types, strict=True)]


def _check_once(kernel: Kernel, task: Task, values: Sequence[Array], gaps: bool, alias: int | None) -> None:
    what = f"{kernel.name} on {task.op} of {', '.join(map(str, task.inputs))} ({task.inputs[0].dtype})"
    made = bound(kernel, task, gaps, alias)
    made.fill(values)
    made.call()
    made.require_intact(what, values)
    first = made.results()
    _require_equal(kernel, task, values, [each.view for each in made.outputs], what)
    made.fill(values)
    made.call()
    assert made.results() == first, f"{what} gives other bits the second time"
    used = _bytes_allocated(made.call)
    assert used <= ALLOWED_BYTES, f"{what} allocates {used} bytes"


def _require_equal(kernel: Kernel, task: Task, values: Sequence[Array], found: Sequence[Array], what: str) -> None:
    for index, (y, wanted) in enumerate(zip(found, expected(task, values, kernel.tolerance == 0), strict=True)):
        assert y.shape == np.shape(wanted), f"{what} has the shape {y.shape}, not {np.shape(wanted)}"
        error, allowed = error_of(y, wanted), tolerance_in(kernel, y.dtype)
        assert error <= allowed, f"result {index} of {what} is off by {error:.1e} of its largest, not {allowed:.1e}"


def error_of(y: Array, wanted: Array) -> float:
    """The largest difference, as a part of the largest magnitude that is wanted; NaN counts as infinitely far."""
    if not y.size:
        return 0.0
    difference = float(np.abs(y.astype(np.float64) - wanted).max())
    return difference / max(float(np.abs(wanted).max()), 1e-30) if difference == difference else float("inf")


def tolerance_in(kernel: Kernel, dtype: np.dtype[Any]) -> float:
    """What is stated for float32, scaled to the precision of the numbers."""
    return kernel.tolerance * float(np.finfo(dtype).eps / np.finfo(np.float32).eps) if dtype.kind == "f" else 0.0


def _bytes_allocated(call: Call) -> int:
    """The most that one call holds, without the buffers of fixed size that NumPy makes where rows have gaps."""
    usual = np.setbufsize(16)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        call()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
        np.setbufsize(usual)
