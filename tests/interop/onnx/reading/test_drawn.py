"""Models that are drawn: chains of layers and of whatever exporters put between them, against ONNX Runtime.

pytest tests/interop/onnx/reading/test_drawn.py -m sweep      many more, each time others
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("onnx", reason="ONNX models are read with the package onnx")
pytest.importorskip("onnxruntime", reason="ONNX Runtime computes what is compared")

from interop.onnx.reading.models import agree, computed, drawn, expected, model, node
from onnx import ModelProto, NodeProto

from cnngraph.interop.onnx.reading import read_model
from cnngraph.ir.op import Array

BATCH = 3
QUICK, MANY = 60, 1500


@dataclass
class Chain:
    """A model while it is drawn: the value at its end with its shape, and older ones that a merge may take."""

    draw: Any
    is_open: bool = False  # the batch has no number
    nodes: list[NodeProto] = field(default_factory=list)
    weights: dict[str, Array] = field(default_factory=dict)
    value: str = "x"
    shape: tuple[int, ...] = (BATCH, 4, 6, 8)
    older: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)

    def weight(self, *shape: int) -> str:
        name = f"w{len(self.weights)}"
        self.weights[name] = drawn(*shape, seed=len(self.weights))
        return name

    def known(self, *numbers: int) -> str:
        name = f"w{len(self.weights)}"
        self.weights[name] = np.array(numbers, np.int64)
        return name

    def add(self, kind: str, inputs: list[str], shape: tuple[int, ...], **attributes: Any) -> None:
        result = f"v{len(self.nodes)}"
        self.nodes.append(node(kind, inputs, [result], **attributes))
        self.older.append((self.value, self.shape))
        self.value, self.shape = result, shape

    def step(self) -> None:
        kinds = [kind for kind in STEPS if kind.fits(self)]
        self.draw(st.sampled_from(kinds)).add(self)


@dataclass(frozen=True)
class Step:
    name: str

    def fits(self, c: Chain) -> bool:
        return bool(getattr(self, f"fits_{self.name}", lambda c: True)(c))

    def add(self, c: Chain) -> None:
        getattr(self, f"add_{self.name}")(c)

    def add_relu(self, c: Chain) -> None:
        c.add(c.draw(st.sampled_from(["Relu", "Tanh", "Sigmoid"])), [c.value], c.shape)

    def fits_conv(self, c: Chain) -> bool:
        return len(c.shape) > 2

    def add_conv(self, c: Chain) -> None:
        rank, features = len(c.shape) - 2, c.draw(st.integers(1, 5))
        window = [c.draw(st.integers(1, min(3, n))) for n in c.shape[2:]]
        name = c.weight(features, c.shape[1], *window)
        shape = (c.shape[0], features, *(n - k + 1 for n, k in zip(c.shape[2:], window, strict=True)))
        assert rank == len(window)
        c.add("Conv", [c.value, name], shape)

    def fits_pool(self, c: Chain) -> bool:
        return 2 < len(c.shape) < 6

    def add_pool(self, c: Chain) -> None:
        kind = c.draw(st.sampled_from(["MaxPool", "AveragePool", "GlobalAveragePool"]))
        if kind == "GlobalAveragePool":
            c.add(kind, [c.value], (*c.shape[:2], *(1 for _ in c.shape[2:])))
            return
        window = [c.draw(st.integers(1, min(2, n))) for n in c.shape[2:]]
        shape = (*c.shape[:2], *((n - k) // k + 1 for n, k in zip(c.shape[2:], window, strict=True)))
        c.add(kind, [c.value], shape, kernel_shape=window, strides=window)

    def add_transpose(self, c: Chain) -> None:
        order = [0, *(i + 1 for i in c.draw(st.permutations(range(len(c.shape) - 1))))]
        c.add("Transpose", [c.value], tuple(c.shape[i] for i in order), perm=order)

    def add_reshape(self, c: Chain) -> None:
        left, sizes = int(np.prod(c.shape[1:])), []
        while left > 1 and len(sizes) < c.draw(st.integers(0, 3)):
            sizes.append(c.draw(st.sampled_from([n for n in range(1, left + 1) if left % n == 0])))
            left //= sizes[-1]
        shape = (c.shape[0], *sizes, left)
        hidden = c.draw(st.integers(0, len(shape) - 1))
        said = [0 if c.is_open else c.shape[0], *shape[1:]]
        c.add("Reshape", [c.value, c.known(*(-1 if i == hidden else n for i, n in enumerate(said)))], shape)

    def add_flatten(self, c: Chain) -> None:
        c.add("Flatten", [c.value], (c.shape[0], int(np.prod(c.shape[1:]))))

    def add_matmul(self, c: Chain) -> None:
        features = c.draw(st.integers(1, 5))
        c.add("MatMul", [c.value, c.weight(c.shape[-1], features)], (*c.shape[:-1], features))

    def fits_matmul(self, c: Chain) -> bool:
        return len(c.shape) > 1

    def add_softmax(self, c: Chain) -> None:
        c.add("Softmax", [c.value], c.shape, axis=c.draw(st.integers(1, len(c.shape) - 1)))

    def add_reduce(self, c: Chain) -> None:
        axis, kept = c.draw(st.integers(1, len(c.shape) - 1)), c.draw(st.booleans())
        shape = tuple(1 if i == axis else n for i, n in enumerate(c.shape) if kept or i != axis)
        kind = c.draw(st.sampled_from(["ReduceMean", "ReduceMax", "ReduceSum"]))
        c.add(kind, [c.value, c.known(axis)], shape, keepdims=int(kept))

    def fits_reduce(self, c: Chain) -> bool:
        return len(c.shape) > 2

    def add_bias(self, c: Chain) -> None:
        sizes = [n if c.draw(st.booleans()) else 1 for n in c.shape[1:]]
        c.add(c.draw(st.sampled_from(["Add", "Mul", "Sub"])), [c.value, c.weight(*sizes)], c.shape)

    def add_merge(self, c: Chain) -> None:
        other = c.draw(st.sampled_from([name for name, shape in c.older if shape == c.shape and name != c.value]))
        kind = c.draw(st.sampled_from(["Add", "Mul", "Concat"]))
        if kind != "Concat":
            c.add(kind, [c.value, other], c.shape)
            return
        axis = c.draw(st.integers(1, len(c.shape) - 1))
        shape = tuple(2 * n if i == axis else n for i, n in enumerate(c.shape))
        c.add(kind, [other, c.value], shape, axis=axis)

    def fits_merge(self, c: Chain) -> bool:
        return any(shape == c.shape and name != c.value for name, shape in c.older)

    def add_slice(self, c: Chain) -> None:
        axis = c.draw(st.integers(1, len(c.shape) - 1))
        start = c.draw(st.integers(0, c.shape[axis] - 1))
        stop = c.draw(st.integers(start + 1, c.shape[axis]))
        step = c.draw(st.integers(1, 3))
        shape = tuple(len(range(start, stop, step)) if i == axis else n for i, n in enumerate(c.shape))
        c.add("Slice", [c.value, *(c.known(n) for n in (start, stop, axis, step))], shape)

    def add_pad(self, c: Chain) -> None:
        sides = [(0, 0), *((c.draw(st.integers(0, 2)), c.draw(st.integers(0, 2))) for _ in c.shape[1:])]
        shape = tuple(n + a + b for n, (a, b) in zip(c.shape, sides, strict=True))
        c.add("Pad", [c.value, c.known(*(a for a, _ in sides), *(b for _, b in sides))], shape)

    def add_gather(self, c: Chain) -> None:
        axis = c.draw(st.integers(1, len(c.shape) - 1))
        index = c.draw(st.integers(-c.shape[axis], c.shape[axis] - 1))
        name = f"w{len(c.weights)}"
        c.weights[name] = np.array(index)
        c.add("Gather", [c.value, name], tuple(n for i, n in enumerate(c.shape) if i != axis), axis=axis)

    def fits_gather(self, c: Chain) -> bool:
        return len(c.shape) > 2

    def add_unsqueeze(self, c: Chain) -> None:
        axis = c.draw(st.integers(1, len(c.shape)))
        c.add("Unsqueeze", [c.value, c.known(axis)], (*c.shape[:axis], 1, *c.shape[axis:]))

    def fits_unsqueeze(self, c: Chain) -> bool:
        return len(c.shape) < 5


STEPS = [Step(name.removeprefix("add_")) for name in vars(Step) if name.startswith("add_")]


@st.composite
def chains(draw: st.DrawFn) -> ModelProto:
    chain = Chain(draw, draw(st.booleans()))
    for _ in range(draw(st.integers(1, 7))):
        chain.step()
        if np.prod(chain.shape) > 20_000:
            break
    return model(chain.nodes, {"x": ["N" if chain.is_open else BATCH, 4, 6, 8]}, [chain.value], chain.weights)


def check(made: ModelProto) -> None:
    x = {"x": drawn(BATCH, 4, 6, 8)}
    agree(computed(read_model(made), x), expected(made, x), 1e-4)


quiet = settings(deadline=None, database=None, suppress_health_check=list(HealthCheck))


@settings(quiet, max_examples=QUICK, derandomize=True)
@given(chains())
def test_drawn_chains(made: ModelProto) -> None:
    check(made)


@pytest.mark.sweep
@settings(quiet, max_examples=MANY)
@given(chains())
def test_many_drawn_chains(made: ModelProto) -> None:
    check(made)
