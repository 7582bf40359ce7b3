"""How far one operator is from PyTorch and from its own slope: the largest errors of one setting.

Each error is relative to the largest number of its array. The inputs are numbers that float32 has, so that results in
both precisions are compared with the same ones: those of PyTorch in float64.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from ops.drawn import Setting

from cnngraph.interop.pytorch.interpreter import Interpreter, to_ours, to_theirs
from cnngraph.interop.pytorch.meaning import axes_of
from cnngraph.ir.builder import Builder
from cnngraph.ir.graph import Graph, Ref
from cnngraph.ir.leaves import Input
from cnngraph.ir.op import Array, Op, Weight, rng
from cnngraph.ir.types import TensorType

Values = dict[str, Array]
STEPS = (1e-4, 1e-5, 1e-6)  # of the central difference: one of them is free of the corners of a function nearby
NOTHING = 1e-3  # the scale of smaller arrays: some gradients are zero but for rounding
Y = "y"


@dataclass(frozen=True)
class Trial:
    """A setting in one precision, with numbers for all inputs: those that are given, and drawn ones."""

    setting: Setting
    seed: int
    dtype: str = "float64"
    given: Mapping[str, Array] = field(default_factory=dict)

    @property
    def op(self) -> Op:
        op = self.setting.op
        return replace(op, dtype=self.dtype) if hasattr(op, "dtype") else op

    @property
    def operands(self) -> tuple[TensorType, ...]:
        return tuple(t if t.vocabulary is not None else replace(t, dtype=self.dtype) for t in self.setting.operands)

    @property
    def weights(self) -> dict[str, Weight]:
        return dict(self.op.weight_types(*self.operands))

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.op.input_names(len(self.operands)), *self.weights)

    @property
    def values(self) -> Values:
        types = (*self.operands, *(weight.type for weight in self.weights.values()))
        return {name: self._drawn(name, i, t) for i, (name, t) in enumerate(zip(self.names, types, strict=True))}

    def _drawn(self, name: str, place: int, type_: TensorType) -> Array:
        type_, numbers = type_.bind(batch=self.setting.batch), rng(self.seed, place)
        if name in self.given:
            return self.given[name].astype(type_.dtype)
        if type_.dtype == "int64":
            return numbers.integers(0, type_.vocabulary or 2, type_.concrete)
        if self.setting.domain and place < len(self.operands):
            drawn = numbers.uniform(*self.setting.domain, type_.concrete)
        else:
            drawn = numbers.normal(size=type_.concrete)
        drawn = np.abs(drawn) + 0.25 if name == "variance" else drawn
        return np.asarray(drawn, np.float32).astype(type_.dtype)

    @property
    def dy(self) -> Array:
        type_ = self.op.output_types(self.operands)[0].bind(batch=self.setting.batch)
        return np.asarray(rng(self.seed, 99).normal(size=type_.concrete), np.float32).astype(type_.dtype)

    @property
    def wanted(self) -> list[str]:
        return [n for n, v in self.values.items() if v.dtype != np.int64 and self.op.differentiable(n)]

    def graph(self) -> Graph:
        """The operator alone: an input for each operand, a state for each weight."""
        builder = Builder()
        inputs = [builder.add(n, Input(t)).ref for n, t in zip(self.names, self.operands, strict=False)]
        node = builder.apply(Y, self.op, inputs)
        return builder.finish("alone", {Y: node.ref})


def ours(trial: Trial) -> Values:
    """The first result, and the gradients by name."""
    op, values = trial.op.bind({"batch": trial.setting.batch}), trial.values
    results = op.apply(list(values.values()))
    readable = dict(zip(op.outputs, results, strict=True)) | values
    shapes = {name: value.shape for name, value in values.items()}
    slope = partial(_slope, op, trial.dy, readable, shapes)
    return {Y: np.asarray(results[0]), **{f"d{name}": slope(name) for name in trial.wanted}}


def _slope(op: Op, dy: Array, readable: Values, shapes: dict[str, tuple[int, ...]], name: str) -> Array:
    return op.vjp(name, dy, {n: readable[n] for n in op.reads(name, len(shapes))}, shapes)


def theirs(trial: Trial) -> Values:
    """The same by PyTorch."""
    graph, values = trial.graph(), trial.values
    states = {f"{Y}.{name}": values[name] for name in trial.weights}
    peer = Interpreter(graph, states)
    feeds = peer.feeds(values)
    tensors: dict[str, Any] = {name: feeds.get(name, peer.states.get(f"{Y}.{name}")) for name in values}
    wanted = trial.wanted
    for name in wanted:
        tensors[name].requires_grad_()
    y = peer.run(feeds)[Ref(Y, 0)]
    place = axes_of(graph, graph[Y])
    slopes = [torch.zeros_like(tensors[name]) for name in wanted]
    if wanted and y.requires_grad:
        dy = to_theirs(trial.dy, place)
        found = torch.autograd.grad(y, [tensors[n] for n in wanted], dy, allow_unused=True)
        slopes = [zero if slope is None else slope for zero, slope in zip(slopes, found, strict=True)]
    named = {n: n if n in feeds else f"{Y}.{n}" for n in wanted}
    return {Y: to_ours(y, place)} | {
        f"d{n}": to_ours(slope, axes_of(graph, graph[named[n]])) for n, slope in zip(wanted, slopes, strict=True)
    }


def distance(found: Values, expected: Values) -> float:
    """The largest error of all arrays, each relative to its largest number."""
    assert found.keys() == expected.keys()
    return max(_distance(found[name], expected[name]) for name in found)


def _distance(found: Array, expected: Array) -> float:
    assert found.shape == expected.shape, f"{found.shape} is not {expected.shape}"
    scale = max(np.abs(expected).max(initial=0), NOTHING)
    return float(np.abs(found - expected).max(initial=0) / scale)


def slope_error(trial: Trial) -> float:
    """How far the gradients are from the slope in a random direction, relative to the largest part of that sum."""
    values, found = trial.values, ours(trial)
    return max((_slope_error(trial, values, found[f"d{n}"], n) for n in trial.wanted), default=0.0)


def _slope_error(trial: Trial, values: Values, gradient: Array, name: str) -> float:
    move = np.asarray(rng(trial.seed, 77).normal(size=gradient.shape))
    return min(_difference(trial, values, np.sum(gradient * move), name, h * move, h) for h in STEPS)


def _difference(trial: Trial, values: Values, slope: float, name: str, move: Array, step: float) -> float:
    op = trial.op.bind({"batch": trial.setting.batch})
    ends = [np.asarray(op.apply(_moved(values, name, s * move))[0]) for s in (1, -1)]
    parts = trial.dy * (ends[0] - ends[1]) / (2 * step)
    return float(abs(slope - parts.sum()) / max(np.abs(parts).max(initial=0), 1.0))


def _moved(values: Values, name: str, move: Array) -> Sequence[Array]:
    return [value + move if key == name else value for key, value in values.items()]
