"""Small random graphs for tests: branches, skips, one shape; with or without a training step."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np

from cnngraph.autodiff.step import training_step
from cnngraph.ir.builder import Builder
from cnngraph.ir.graph import Graph, Ref
from cnngraph.ir.leaves import Input
from cnngraph.ir.op import Array
from cnngraph.ir.types import TensorType
from cnngraph.ir.window import Window
from cnngraph.ops.add import Add
from cnngraph.ops.batchnorm import BatchNorm
from cnngraph.ops.conv import Conv
from cnngraph.ops.dense import Dense
from cnngraph.ops.dropout import Dropout
from cnngraph.ops.flatten import Flatten
from cnngraph.ops.relu import Relu
from cnngraph.ops.sgd import Sgd
from cnngraph.ops.softmax_cross_entropy import SoftmaxCrossEntropy
from cnngraph.partition.device import Cluster, Device, Link

SLOW = Device("gpu", memory_bytes=10**9, flops_per_second=1e9, bytes_per_second=1e9)
CHEAP = Link("any", "any", bytes_per_second=2e9, latency_seconds=1e-6)


def slow_cluster(count: int) -> Cluster:
    """Devices so slow, and links so fast, that dividing a tiny graph pays."""
    return Cluster.uniform(count, SLOW, CHEAP)


def random_graph(seed: int, layers: int = 6) -> Graph:
    """A graph with the batch still open; its result is called `y`."""
    builder = _body(Random(seed), layers)
    return builder.finish(f"random{seed}", {"y": Ref(list(builder.nodes)[-1])})


def random_training(seed: int, layers: int = 5) -> Graph:
    """A whole training step: loss, updates of the weights with their velocities, of batch norm and of dropout."""
    builder = _body(Random(seed), layers)
    last = Ref(list(builder.nodes)[-1])
    norm = builder.apply("norm", BatchNorm().for_training(), [last])
    drop = builder.apply("drop", Dropout(0.25).for_training(), [norm.ref])
    flat = builder.add("flat", Flatten(), [drop.ref])
    logits = builder.apply("dense", Dense(3), [flat.ref]).ref
    loss_op = SoftmaxCrossEntropy()
    target = builder.add("target", Input(loss_op.target(builder.type_of(logits)))).ref
    loss = builder.add("loss", loss_op, [logits, target]).ref
    updates = {f"{n.name}.{key}": Ref(n.name, k) for n in (norm, drop) for key, k in n.op.updates.items()}
    step = training_step(builder.finish("training", {"loss": loss}, updates), loss, Sgd(0.1, 0.9))
    return replace(step, outputs={"loss": step.outputs["loss"]})


def _body(random: Random, layers: int) -> Builder:
    builder = Builder()
    values = [builder.add("image", Input(TensorType.of(4, (5, 6)))).ref]
    for i in range(layers):
        source = random.choice(values[-2:])
        kind = random.choice(["conv", "conv", "relu", "add"])
        if kind == "conv":
            node = builder.apply(f"conv{i}", Conv(4, Window((3, 3)), random.choice([1, "same"])), [source])
        elif kind == "relu":
            node = builder.add(f"relu{i}", Relu(), [source])
        else:
            node = builder.add(f"add{i}", Add(), [source, random.choice(values)])
        values.append(node.ref)
    builder.apply("last", Conv(4, Window((1, 1))), [values[-1]])
    return builder


def random_cluster(random: Random, memory_bytes: float) -> Cluster:
    """Two to five devices; most that differ in speed, memory and links, some that lack an operator."""
    count, alike = random.randint(2, 5), random.random() < 0.3

    def device(i: int) -> Device:
        fast, room = (1.0, 1.0) if alike else (random.choice([0.5, 1, 1, 4]), random.uniform(0.6, 2))
        lacks = (
            frozenset({random.choice(["relu", "add", "conv"])}) if not alike and random.random() < 0.1 else frozenset()
        )
        return Device(f"d{i}", int(memory_bytes * room), 1e9 * fast, 1e9 * fast, lacks=lacks)

    devices = tuple(device(i) for i in range(count))
    pairs = [] if alike else [(a.name, b.name) for a in devices for b in devices if a is not b]
    links = (Link(a, b, 2e9 * random.choice([0.2, 1, 5]), random.choice([0, 1e-6, 1e-5])) for a, b in pairs)
    return Cluster(devices, tuple(links), CHEAP)


def randomly_placed(graph: Graph, random: Random, cluster: Cluster) -> Graph:
    """Up to two forward nodes on devices of the cluster."""
    names = random.sample([n.name for n in graph if n.inputs and n.colocated is None], k=random.randint(0, 2))
    where = {name: random.choice(cluster.names) for name in names}
    return replace(graph, nodes=tuple(replace(n, device=where.get(n.name)) for n in graph))


def random_states(graph: Graph, seed: int = 0) -> dict[str, Array]:
    """Small values for all states; a state of whole numbers is (key, step)."""
    generator = np.random.default_rng(seed)
    return {
        node.name: np.array([seed, 0])
        if node.type.dtype == "int64"
        else np.abs(generator.normal(0, 0.3, node.type.concrete)).astype(node.type.dtype)
        for node in graph.states
    }


def random_feeds(graph: Graph, batch: int = 2, seed: int = 0) -> dict[str, Array]:
    """Values for all inputs; a scalar is 1."""
    generator = np.random.default_rng(seed)
    feeds = {}
    for node in graph.inputs:
        type_ = node.type.bind(batch=batch)
        if type_.vocabulary is not None:
            feeds[node.name] = generator.integers(0, type_.vocabulary, type_.concrete)
        else:
            feeds[node.name] = np.asarray(generator.normal(size=type_.concrete) if type_.shape else 1.0, type_.dtype)
    return feeds
