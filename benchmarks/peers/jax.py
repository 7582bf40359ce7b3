"""JAX on our graph: its nodes one after the other, channels last as they are here, compiled by `jax.jit`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from benchmarks.engine import JAX, Engine, Work
from benchmarks.networks import Subject, Values
from cnngraph.autodiff.step import trainable_states
from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ir.op import as_tuple
from cnngraph.ir.types import TensorType

AXES = ("NHWC", "HWIO", "NHWC")
Meaning = Callable[..., Any]


def outputs_of(graph: Graph, leaves: Mapping[str, Any], key: Any = None) -> dict[str, Any]:
    """The outputs of the graph; `key` is what dropout draws from."""
    if unknown := sorted({node.op.name for node in graph if node.name not in leaves} - MEANING.keys()):
        raise SystemExit(f"{graph.name}: benchmarks/peers/jax.py does not say what {', '.join(unknown)} mean")
    values: dict[Ref, Any] = {}
    for place, node in enumerate(graph):
        if node.name in leaves:
            values[node.ref] = leaves[node.name]
            continue
        given = (values[ref] for ref in node.inputs)
        results = (
            _drop(node, next(given), key, place)
            if node.op.name == "dropout"
            else MEANING[node.op.name](node.op, *given)
        )
        values |= {Ref(node.name, i): result for i, result in enumerate(as_tuple(results))}
    return {name: values[ref] for name, ref in graph.outputs.items()}


def _drop(node: Node, x: Any, key: Any, place: int) -> Any:
    op: Any = node.op
    if not op.training or not op.rate:
        return x
    kept = jax.random.bernoulli(jax.random.fold_in(key, place), 1 - op.rate, x.shape)
    return jnp.where(kept, x / (1 - op.rate), 0)


def _conv(op: Any, x: Any, weight: Any, bias: Any = 0) -> Any:
    g = op.geometry(TensorType(x.shape))
    y = lax.conv_general_dilated(
        x, weight, g.stride, g.pad, rhs_dilation=g.dilation, dimension_numbers=AXES, feature_group_count=op.groups
    )
    return y + bias


def _upconv(op: Any, x: Any, weight: Any, bias: Any = 0) -> Any:
    g = op.geometry(x.ndim - 2)
    if op.groups != 1:
        raise SystemExit("benchmarks/peers/jax.py knows no upconv in groups")
    added = op.added(x.ndim - 2)
    pad = [(e - 1 - a, e - 1 - b + more) for e, (a, b), more in zip(g.extent, g.pad, added, strict=True)]
    turned = jnp.flip(weight, (0, 1))
    ones = (1,) * len(g.size)
    y = lax.conv_general_dilated(x, turned, ones, pad, g.stride, g.dilation, dimension_numbers=AXES)
    return y + bias


def _windows(op: Any, x: Any, first: float, function: Any) -> Any:
    g = op.laid(x.shape)[0]
    return lax.reduce_window(x, first, function, (1, *g.size, 1), (1, *g.stride, 1), ((0, 0), *g.pad, (0, 0)))


def _avgpool(op: Any, x: Any) -> Any:
    if op.pad not in (0, "valid") or op.ceil:
        raise SystemExit("benchmarks/peers/jax.py knows no avgpool with padding")
    return _windows(op, x, 0.0, lax.add) / np.prod(op.laid(x.shape)[0].size)


def _lrn(op: Any, x: Any) -> Any:
    half = op.size // 2
    around = ((0, 0),) * (x.ndim - 1) + ((half, half),)
    near = lax.reduce_window(x * x, 0.0, lax.add, (1,) * (x.ndim - 1) + (op.size,), (1,) * x.ndim, around)
    return x * (op.bias + op.alpha / op.size * near) ** -op.beta


def _batchnorm(op: Any, x: Any, scale: Any, shift: Any, mean: Any, variance: Any) -> Any:
    if not op.training:
        return (x - mean) * (scale * lax.rsqrt(variance + op.epsilon)) + shift
    axes, count = tuple(range(x.ndim - 1)), x.size // x.shape[-1]
    now, spread = x.mean(axes), x.var(axes)
    inverse = lax.rsqrt(spread + op.epsilon)
    y = (x - now) * (scale * inverse) + shift
    kept, new = op.momentum, 1 - op.momentum
    return y, now, inverse, kept * mean + new * now, kept * variance + new * spread * (count / max(count - 1, 1))


def _softmax_cross_entropy(op: Any, logits: Any, label: Any) -> Any:
    if op.smoothing or op.class_weights:
        raise SystemExit("benchmarks/peers/jax.py knows only the plain softmax_cross_entropy")
    return -jnp.take_along_axis(jax.nn.log_softmax(logits), label[..., None], -1).mean()


def _over(op: Any, *inputs: Any) -> Any:
    total = inputs[0]
    for x in inputs[1:]:
        total = total + x
    return total


MEANING: Mapping[str, Meaning] = {
    "conv": _conv,
    "upconv": _upconv,
    "dense": lambda op, x, weight, bias=0: x @ weight + bias,
    "maxpool": lambda op, x: _windows(op, x, -jnp.inf, lax.max),
    "avgpool": _avgpool,
    "globalavgpool": lambda op, x: x.mean(tuple(range(1, x.ndim - 1))),
    "lrn": _lrn,
    "batchnorm": _batchnorm,
    "relu": lambda op, x: jnp.maximum(x, 0),
    "tanh": lambda op, x: jnp.tanh(x),
    "clip": lambda op, x: jnp.clip(x, op.low, op.high),
    "softmax": lambda op, x: jax.nn.softmax(x),
    "flatten": lambda op, x: x.reshape(len(x), -1),
    "concat": lambda op, *inputs: jnp.concatenate(inputs, -1),
    "add": _over,
    "dropout": _drop,
    "softmax_cross_entropy": _softmax_cross_entropy,
}
"""What each operator of the compared networks means in JAX; the others are refused."""


def inference(subject: Subject, threads: int) -> Work:
    """One prediction."""
    graph = subject.forward
    states = {node.name: jnp.array(subject.states[node.name]) for node in graph.states}
    feeds = {name: jnp.array(value) for name, value in subject.fed(graph).items()}
    predict = jax.jit(lambda states, feeds: outputs_of(graph, {**states, **feeds}))
    last: dict[str, Any] = {}
    return Work(
        lambda: last.update(jax.block_until_ready(predict(states, feeds))),
        lambda: {name: np.asarray(value) for name, value in last.items()},
    )


def training(subject: Subject, threads: int) -> Work:
    """One step of gradient descent, compiled as a whole; its results are the loss and the weights after it."""
    graph, sgd = subject.loss, subject.optimizer
    states = {node.name: jnp.array(subject.states[node.name]) for node in graph.states}
    weights = {name: states.pop(name) for name in trainable_states(graph, graph.outputs["loss"])}
    feeds = {name: jnp.array(value) for name, value in subject.fed(graph).items()}
    last: dict[str, Any] = {"weights": weights, "velocities": jax.tree.map(jnp.zeros_like, weights)}
    last["key"] = jax.random.key(0)

    def loss_of(weights: Any, states: Any, feeds: Any, key: Any) -> Any:
        return outputs_of(graph, {**states, **weights, **feeds}, key)["loss"]

    def step(weights: Any, velocities: Any, states: Any, feeds: Any, key: Any) -> Any:
        now, following = jax.random.split(key)
        loss, gradients = jax.value_and_grad(loss_of)(weights, states, feeds, now)
        gradients = jax.tree.map(lambda g, w: g + sgd.weight_decay * w, gradients, weights)
        velocities = jax.tree.map(lambda v, g: sgd.momentum * v + g, velocities, gradients)
        along = jax.tree.map(lambda g, v: g + sgd.momentum * v, gradients, velocities) if sgd.nesterov else velocities
        weights = jax.tree.map(lambda w, d: w - sgd.lr * d, weights, along)
        return {"loss": loss, "weights": weights, "velocities": velocities, "key": following}

    compiled = jax.jit(step, donate_argnums=(0, 1))

    def work() -> None:
        found = compiled(last["weights"], last["velocities"], states, feeds, last["key"])
        last.update(jax.block_until_ready(found))

    def results() -> Values:
        return {"loss": np.asarray(last["loss"])} | {name: np.asarray(w) for name, w in last["weights"].items()}

    return Work(work, results)


ENGINES = {JAX: Engine(inference, training)}
