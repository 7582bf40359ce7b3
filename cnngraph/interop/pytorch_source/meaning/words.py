"""Layers on words: dense and linear maps, tables, places in a sequence, attention."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from cnngraph.interop.pytorch_source.form import Argument, Binding, Form, made
from cnngraph.interop.pytorch_source.layout import Layout
from cnngraph.interop.pytorch_source.orders import turned_axis
from cnngraph.interop.pytorch_source.site import Site, option
from cnngraph.interop.pytorch_source.step import Weight
from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ir.op import Array
from cnngraph.ops.scale import Scale

FIRST, LAST = Layout.FIRST, Layout.LAST


def dense(site: Site) -> None:
    rows, columns = (orders.get(site.state(1)) for orders in (site.orders.rows, site.orders.columns))

    def turn(weight: Array) -> Array:
        """(channels, features) -> (features, channels)."""
        return np.ascontiguousarray(turned_axis(turned_axis(weight, 0, rows), 1, columns).T)

    weights = [site.weight("weight", 1, turn)]
    if site.op.bias:
        weights.append(site.weight("bias", 2, lambda bias: turned_axis(bias, 0, columns)))
    _linear(site, site.plain(), weights, FIRST)


def linear(site: Site) -> None:
    weights = [site.weight("weight", 1, lambda weight: np.ascontiguousarray(weight.T))]
    if len(site.node.inputs) > 2:
        weights.append(site.weight("bias", 2))
    _linear(site, site.take(LAST), weights, LAST)


def _linear(site: Site, source: str, weights: list[Weight], layout: Layout) -> None:
    form = made(
        "nn.Linear",
        Argument.of("in_features", site.types[0].channels),
        Argument.of("out_features", site.op.features),
        option("bias", len(weights) > 1, True),
    )
    site.add([source], form, layout=layout, weights=weights)


def embed(site: Site) -> None:
    form = made(
        "nn.Embedding",
        Argument.of("num_embeddings", site.types[0].vocabulary),
        Argument.of("embedding_dim", site.op.features),
    )
    site.add([site.take()], form, layout=LAST, weights=[site.weight("weight", 1)])


def add_positions(site: Site) -> None:
    if not site.op.learned:
        site.add([site.take(LAST)], made("SinusoidalPositions"), layout=LAST)
        return
    layout = LAST if site.layout() is LAST else FIRST
    shape = site.types[0].shape[1:]
    if layout is FIRST:
        shape = (shape[-1], *shape[:-1])
    sizes = [Argument.of(f"size{axis}", size) for axis, size in enumerate(shape)]

    def turn(table: Array) -> Array:
        return np.ascontiguousarray(np.moveaxis(table, -1, 0) if layout is FIRST else table)

    site.add([site.plain()], made("LearnedPositions", *sizes), layout=layout, weights=[site.weight("weight", 1, turn)])


def learned(site: Site) -> None:
    """The same value for each sample, as many as the operand has."""
    shape = site.node.type.shape[1:]
    layout = FIRST if len(shape) > 2 else LAST
    sizes = (shape[-1], *shape[:-1]) if layout is FIRST else shape
    form = made("LearnedValue", *(Argument.of(f"size{axis}", size) for axis, size in enumerate(sizes)))

    def turn(value: Array) -> Array:
        return np.ascontiguousarray(np.moveaxis(value, -1, 0) if layout is FIRST else value)

    site.add([site.plain()], form, layout=layout, weights=[site.weight("weight", 1, turn)])


def prepend_token(site: Site) -> None:
    form = made("ClassToken", Argument.of("features", site.types[0].channels))
    site.add([site.take(LAST)], form, layout=LAST, weights=[site.weight("weight", 1)])


def split_heads(site: Site) -> None:
    """(N, positions..., heads * c) -> (N, heads, positions..., c)."""
    moved = ".transpose(1, 2)" if site.rank == 1 else ".movedim(-2, 1)"
    heads = (Argument.of("heads", site.op.heads),)
    form = Form("{0}.unflatten(-1, ({}, -1))" + moved, heads, takes=Binding.CALL)
    site.add([site.take(LAST)], (), form, layout=LAST)


def join_heads(site: Site) -> None:
    """(N, heads, positions..., c) -> (N, positions..., heads * c)."""
    moved = ".transpose(1, 2)" if site.rank == 2 else ".movedim(1, -2)"
    site.add([site.take(LAST)], (), Form("{0}" + moved + ".flatten(-2)", takes=Binding.CALL), layout=LAST)


def dot(site: Site) -> None:
    """Queries times keys: a score for each position of the keys."""
    form = Form("{0} @ {1}.transpose(-2, -1)", (), Binding.PRODUCT, Binding.CALL)
    site.add([site.take(LAST, 0), site.take(LAST, 1)], (), form, layout=LAST)


def mix(site: Site) -> None:
    """The mean of the values with these weights; with the scores before it one function, where they are scaled."""
    if (scores := _scores(site.graph, site.node.inputs[0])) is None:
        form = Form("{0} @ {1}", (), Binding.PRODUCT, Binding.CALL)
        site.add([site.take(LAST, 0), site.take(LAST, 1)], (), form, layout=LAST)
        return
    dotted, is_causal = scores
    names = [site.values[ref].name for ref in dotted.inputs]
    masked = option("is_causal", is_causal, False)
    form = Form("F.scaled_dot_product_attention({0}, {1}, {2}, {})", (masked,))
    site.add([*names, site.take(LAST, 1)], (), form, layout=LAST)


def _scores(graph: Graph, weights: Ref) -> tuple[Node, bool] | None:
    """The node whose scores are scaled by the root of their length, perhaps masked, and then weights; nothing else."""
    softmax = graph[weights.node]
    before = graph[softmax.inputs[0].node] if softmax.op.name == "softmax" else softmax
    is_causal = before.op.name == "causal"
    scaled = graph[before.inputs[0].node] if is_causal else before
    if not isinstance(scaled.op, Scale):
        return None
    dotted = graph[scaled.inputs[0].node]
    length = graph.type_of(dotted.inputs[0]).shape[-1]
    if dotted.op.name != "dot" or not isinstance(length, int) or scaled.op.factor != length**-0.5:
        return None
    alone = all(len(graph.users[node.name]) == 1 for node in (softmax, before, scaled, dotted))
    return (dotted, is_causal) if alone else None


def causal(site: Site) -> None:
    site.add([site.take(LAST)], (), Form("causal({0})"), layout=LAST)


def sinusoid(site: Site) -> None:
    arguments = (Argument.of("features", site.op.features), option("period", float(site.op.period), 10000.0))
    site.add([site.take()], made("TimeEmbedding", *arguments), layout=LAST)


def diffuse(site: Site) -> None:
    arguments = (
        Argument.of("steps", site.op.steps),
        option("first", site.op.first, 1e-4),
        option("last", site.op.last, 0.02),
    )
    layout = LAST if site.layout() is LAST else FIRST
    names = [site.take(layout, 0), site.take(layout, 1), site.take(None, 2)]
    site.add(names, made("Diffusion", *arguments), layout=layout)


MEANING: Mapping[str, Callable[[Site], None]] = {
    "dense": dense,
    "linear": linear,
    "embed": embed,
    "add_positions": add_positions,
    "learned": learned,
    "prepend_token": prepend_token,
    "split_heads": split_heads,
    "join_heads": join_heads,
    "dot": dot,
    "mix": mix,
    "causal": causal,
    "sinusoid": sinusoid,
    "diffuse": diffuse,
}
"""Linear maps, sequences and attention."""
