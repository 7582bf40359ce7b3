"""What the layers of a net put out for some images: mean, deviation, zeros, and units that never speak."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cnngraph.diagnostics import error
from cnngraph.ir.graph import Graph, Node
from cnngraph.ir.leaves import Input, State
from cnngraph.ir.op import Array
from cnngraph.net import Net
from cnngraph.passes.pipeline import INFERENCE, run
from cnngraph.render.chart import Chart, Series, lines
from cnngraph.render.tabular import Column, Quantity, Table
from cnngraph.runtime.runner import Runner

COLUMNS = (
    Column("layer", "layer", right=False),
    Column("operator", "operator", right=False),
    Column("shape", "shape"),
    Column("mean", "mean"),
    Column("deviation", "deviation"),
    Column("zeros", "zeros"),
    Column("dead", "dead channels"),
)


@dataclass(frozen=True)
class Layer:
    """Figures over images, positions and channels; `dead` channels of an activation are 0 everywhere (else None)."""

    name: str
    operator: str
    shape: str
    mean: float
    deviation: float
    zeros: float
    dead: int | None


@dataclass(frozen=True)
class Activity:
    """The layers in order, for `count` images."""

    name: str
    count: int
    layers: tuple[Layer, ...]

    def table(self) -> Table:
        """A row for each layer."""
        rows = tuple(
            (
                layer.name, layer.operator, layer.shape, Quantity(layer.mean, _short),
                Quantity(layer.deviation, _short), Quantity(layer.zeros, "{:.1%}".format), layer.dead,
            )
            for layer in self.layers
        )  # fmt: skip
        return Table(COLUMNS, rows, {"images": self.count}, self.name)

    def chart(self) -> Chart:
        """Deviation over the layers: a net that is well begun keeps it."""
        line = Series(self.name, range(1, len(self.layers) + 1), [layer.deviation for layer in self.layers])
        return lines(
            [line], title="Deviation of activations by layer", x="layer", y="deviation", log_y=True, marks=True,
            whole_x=True,
        )  # fmt: skip

    def __str__(self) -> str:
        return str(self.table())


def activity(net: Net, feeds: Mapping[str, Array]) -> Activity:
    """Figures of each layer with weights and each activation and normalization behind it, for one batch.

    Glorot, Bengio: Understanding the difficulty of training deep feedforward neural networks, 2010, section 3;
    Lu et al.: Dying ReLU and initialization, 2019 (dead units).
    """
    graph = run(net.graph, INFERENCE)
    nodes = [node for node in graph if _looked_at(graph, node)]
    if not nodes:
        raise error("E0705", f"{graph.name} has no layer with weights and no activation")
    fed = {node.name: feeds[node.name] for node in graph.inputs if node.name in feeds}
    values = Runner(graph, net.runner().states, settings=net.settings).run(fed, [node.name for node in nodes])
    count = len(next(iter(fed.values())))
    return Activity(graph.name, count, tuple(_figures(node, values[node.name]) for node in nodes))


def _looked_at(graph: Graph, node: Node) -> bool:
    if isinstance(node.op, Input | State) or not node.type.batched or node.type.vocabulary is not None:
        return False
    return node.op.counts_depth or node.op.activation or any(isinstance(graph[r.node].op, State) for r in node.inputs)


def _figures(node: Node, values: Array) -> Layer:
    """Of values (N, positions..., C)."""
    wide = values.astype(np.float64)
    never = (values == 0).reshape(-1, values.shape[-1]).all(axis=0)
    dead = int(never.sum()) if node.op.activation and node.op.pointwise else None
    shape = str(node.type)
    mean, deviation, zeros = float(wide.mean()), float(wide.std()), float((values == 0).mean())
    return Layer(node.name, node.op.name, shape, mean, deviation, zeros, dead)


def _short(value: float) -> str:
    return f"{value:.3g}"
