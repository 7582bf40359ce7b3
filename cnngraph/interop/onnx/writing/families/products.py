"""Matrix products: features last."""

from __future__ import annotations

from math import prod

from cnngraph.interop.onnx.writing.boundary import channels_last
from cnngraph.interop.onnx.writing.sheet import Value
from cnngraph.interop.onnx.writing.site import Site


def dense(site: Site) -> Value:
    """On a vector; its weight in the order in which ONNX flattened, where a grid was."""
    grid = site.page.rows.get(site.node.name)
    if grid is None:
        weight = site.kept(1)
    else:
        order = (len(grid) - 1, *range(len(grid) - 1), len(grid))  # (C, positions..., features)
        weight = site.kept(1, order, cut=(*grid, site.op.features), shape=(prod(grid), site.op.features))
    bias = [site.kept(2)] if site.op.bias else []
    return site.result("Gemm", site.last(), weight, *bias, axes=(0, 1))


def linear(site: Site) -> Value:
    if site.rank() == 2:
        return dense(site)
    axes = channels_last(site.rank())
    if not site.op.bias:
        return site.counterpart(site.last(), site.kept(1), axes=axes)
    return site.result("Add", site.add("MatMul", site.last(), site.kept(1)), site.kept(2), axes=axes)


def dot(site: Site) -> Value:
    """Queries times keys, the features of which come before their positions."""
    rank = site.rank()
    keys = site.turned((*range(rank - 2), rank - 1, rank - 2), 1)
    return site.result("MatMul", site.last(0), keys, axes=channels_last(rank))


def mix(site: Site) -> Value:
    return site.counterpart(site.last(0), site.last(1), axes=channels_last(site.rank()))


WAYS = {"dense": dense, "dot": dot, "linear": linear, "mix": mix}
