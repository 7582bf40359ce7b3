"""Regions: the exact place of a receptive field, against what changes when an input changes."""

from __future__ import annotations

import numpy as np
import pytest

import cnngraph
from cnngraph.diagnostics import CnnGraphError
from cnngraph.ir.op import rng
from cnngraph.ir.region import region

NETS = {
    "strided": "conv(2, 3x3/2, pad = 1) -> conv(2, 5x3, pad = ((2, 0), 1)) -> avgpool(2x2)",
    "dilated": "conv(2, 3x3, dilation = 2) -> conv(2, 3x3, same) -> slice(1, 6, 2)",
    "up": 'avgpool(2x2) -> conv(2, 3x3, same) -> upsample(2, "linear") -> crop(1)',
    "branches": "concat { | conv(2, 5x5, same) | conv(2, 1x1) } -> conv(2, 1x3, pad = (0, 1))",
    "up_and_back": "conv(2, 2x2/2) -> upconv(2, 3x3/2, pad = 1)",
}


@pytest.mark.parametrize("name", NETS)
def test_the_region_is_what_the_result_depends_on(name: str) -> None:
    """All weights are positive, so nothing cancels: each pixel of the corners of the box matters, none outside."""
    net = cnngraph.loads(f"net n(image: 1@13x14) {{ {NETS[name]} }}")
    net.states = {key: np.abs(value) + 0.1 for key, value in net.runner().states.items()}
    image = rng(3).uniform(1, 2, (1, 13, 14, 1)).astype(np.float32)
    y = net(image)
    last = net.graph.outputs["output"].node
    changes = np.zeros((13, 14, *y.shape[1:3]), bool)
    for row, column in np.ndindex(13, 14):
        changed = image.copy()
        changed[0, row, column] += 50
        changes[row, column] = np.abs(net(changed) - y).max(axis=(0, 3)) > 1e-3
    for position in np.ndindex(y.shape[1:3]):
        (top, bottom), (left, right) = region(net.graph, last, position)["image"]
        rows, columns = np.nonzero(changes[:, :, *position])
        found = (rows.min(), rows.max() + 1), (columns.min(), columns.max() + 1)
        if "up" not in name:
            assert found == ((top, bottom), (left, right)), position
        else:  # what is spread apart has fields of a place's own size: the box may be a little too large
            assert max(top - found[0][0], left - found[1][0]) <= 0
            assert min(bottom - found[0][1], right - found[1][1]) >= 0


def test_a_vector_depends_on_everything() -> None:
    net = cnngraph.loads("net n(image: 1@6x5, extra: 3) { image -> conv(2, 3x3) -> flatten -> concat(extra) }")
    assert region(net.graph, "concat", ()) == {"image": ((0, 6), (0, 5))}
    assert region(net.graph, "conv", (0, 1)) == {"image": ((0, 3), (1, 4))}


def test_open_sizes_are_bound_first() -> None:
    net = cnngraph.loads("net n(image: 1@HxW) { conv(2, 3x3/2, same) }")
    assert region(net.graph.bind(H=8, W=9), "conv", (0, 4)) == {"image": ((0, 2), (7, 9))}


def test_what_is_not_there_is_refused() -> None:
    graph = cnngraph.loads("net n(image: 1@6x5) { conv(2, 3x3) }").graph
    with pytest.raises(CnnGraphError, match=r"E0705.*none is \(4, 0\)"):
        region(graph, "conv", (4, 0))
    with pytest.raises(CnnGraphError, match="E0705"):
        region(graph, "conv", (0,))
    with pytest.raises(CnnGraphError, match="E0101"):
        region(graph, "c1", (0, 0))
