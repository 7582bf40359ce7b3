"""How gradients travel through a deep net: their norm at each layer, for one batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cnngraph.autodiff.grad import leading_to
from cnngraph.diagnostics import error
from cnngraph.ir.graph import Graph, Node
from cnngraph.ir.leaves import State
from cnngraph.ir.op import Array
from cnngraph.ir.size import number
from cnngraph.net import Net
from cnngraph.passes.pipeline import TRAINING, run
from cnngraph.render.chart import Chart, Series, lines
from cnngraph.render.tabular import Column, Quantity, Table

COLUMNS = (
    Column("layer", "layer", right=False),
    Column("by_input", "d loss/d input"),
    Column("by_weight", "d loss/d weight"),
)


@dataclass(frozen=True)
class Flow:
    """The norms of gradients at the layers with weights, first to last.

    `by_input` is the norm of the gradient of the loss of one sample by the input of the layer, a mean over the batch
    (None where that is no number, such as ids); `by_weight` that of the loss of the batch by its weights.
    """

    name: str
    layers: tuple[str, ...]
    by_input: tuple[float | None, ...]
    by_weight: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """First over last norm by the input: 1 where gradients arrive as they set out."""
        known = [norm for norm in self.by_input if norm is not None]
        return known[0] / known[-1] if known and known[-1] > 0 else float("nan")

    def series(self, weights: bool = False) -> Series:
        """One line of the chart: norm by number of the layer, counted from 1."""
        norms = self.by_weight if weights else self.by_input
        points = [(i, norm) for i, norm in enumerate(norms, 1) if norm is not None]
        return Series(self.name, [i for i, _ in points], [norm for _, norm in points])

    def chart(self, weights: bool = False) -> Chart:
        """The norms over the layers, on a logarithmic axis."""
        return flow_chart([self], weights)

    def table(self) -> Table:
        """A row for each layer."""
        rows = tuple(
            (layer, None if by_input is None else Quantity(by_input, _short), Quantity(by_weight, _short))
            for layer, by_input, by_weight in zip(self.layers, self.by_input, self.by_weight, strict=True)
        )
        return Table(COLUMNS, rows, {"first / last by input": Quantity(self.ratio, _short)}, self.name)

    def __str__(self) -> str:
        return str(self.table())


def gradient_flow(net: Net, feeds: Mapping[str, Array], name: str | None = None) -> Flow:
    """The norms for one batch of feeds, as a training step sees them: dropout and batch statistics are on.

    Weights are those of the net, first values if it has no others. Raises E0705 where no layer has weights.

    He, Zhang, Ren, Sun: Identity mappings in deep residual networks, ECCV 2016, section 2 (why skips keep the norm);
    Glorot, Bengio: Understanding the difficulty of training deep feedforward neural networks, 2010, figure 7.
    """
    form = run(net.training.graph, TRAINING)
    leading = leading_to(form, form.outputs["loss"])
    found = [(node, _weight(form, node)) for node in form if node.name in leading and node.op.counts_depth]
    layers = [(node, weight) for node, weight in found if weight is not None]
    if not layers:
        raise error("E0705", f"no layer of {form.name} has weights that are trained")
    inputs = {node.name: node.inputs[0].node for node, _ in layers if _differentiable(form, node, leading)}
    wanted = [*inputs.values(), *(weight for _, weight in layers)]
    slopes = net.gradients(feeds, list(dict.fromkeys(wanted)), training=True)
    by_input = tuple(_mean_norm(slopes[inputs[n.name]]) if n.name in inputs else None for n, _ in layers)
    by_weight = tuple(float(np.linalg.norm(slopes[weight].astype(np.float64))) for _, weight in layers)
    return Flow(name or form.name, tuple(node.name for node, _ in layers), by_input, by_weight)


def flows_table(flows: Sequence[Flow]) -> Table:
    """One net, or several beside each other where their layers are as many: d loss / d input of each."""
    if len(flows) == 1:
        return flows[0].table()
    columns = [Column("layer", "layer"), *(Column(flow.name, flow.name) for flow in flows)]
    count = max(len(flow.layers) for flow in flows)
    rows = tuple((i + 1, *(_cell(flow, i) for flow in flows)) for i in range(count))
    totals = {f"first / last, {flow.name}": Quantity(flow.ratio, _short) for flow in flows}
    return Table(tuple(columns), rows, totals, "norm of d loss / d input")


def flow_chart(flows: Sequence[Flow], weights: bool = False, title: str = "") -> Chart:
    """Several nets in one chart, one line each."""
    of = "weights" if weights else "input"
    return lines(
        [flow.series(weights) for flow in flows],
        title=title or f"Gradient norm by layer: d loss / d {of}",
        x="layer, counted from the input", y=f"norm of d loss / d {of}", log_y=True, marks=True, whole_x=True,
    )  # fmt: skip


def _weight(graph: Graph, node: Node) -> str | None:
    """The largest state of a layer that is trained."""
    states = [graph[ref.node] for ref in node.inputs if isinstance(graph[ref.node].op, State)]
    trained = [s for s in states if isinstance(s.op, State) and s.op.trainable]
    return max(trained, key=lambda s: number(s.type.elements)).name if trained else None


def _differentiable(graph: Graph, node: Node, leading: frozenset[str]) -> bool:
    """Whether the first operand of a layer holds numbers that the loss has a slope by."""
    operand = graph[node.inputs[0].node]
    plain = operand.type.batched and operand.type.dtype != "int64"
    return plain and operand.name in leading and node.op.differentiable(node.op.input_names(len(node.inputs))[0])


def _mean_norm(slopes: Array) -> float:
    """The norm of N * slopes[i], a mean over i: the loss of a batch of N is the mean of theirs."""
    flat = slopes.reshape(len(slopes), -1).astype(np.float64) * len(slopes)
    return float(np.linalg.norm(flat, axis=1).mean())


def _cell(flow: Flow, i: int) -> Quantity | None:
    norm = flow.by_input[i] if i < len(flow.layers) else None
    return None if norm is None else Quantity(norm, _short)


def _short(value: float) -> str:
    return f"{value:.3g}"
