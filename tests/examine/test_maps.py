"""Filters, feature maps, exciting patches and class activation: the right numbers, at the right places."""

from __future__ import annotations

import numpy as np
import pytest
from examine.nets import HOW, image, small

import cnngraph
from cnngraph.diagnostics import CnnGraphError
from cnngraph.examine.cam import class_activation
from cnngraph.examine.features import maps
from cnngraph.examine.kernels import filters
from cnngraph.examine.layers import kernel_of, last_grid, layer_of, score_of
from cnngraph.examine.strongest import patches
from cnngraph.ir.op import Array, rng

BYTES = rng(4).integers(0, 256, (70, 9, 10, 2)).astype(np.uint8)


def test_names_are_nodes_labels_or_blocks() -> None:
    graph = small().graph
    assert layer_of(graph, "c1").name == "c1.tanh"
    assert layer_of(graph, "c1.conv").name == "c1.conv"
    assert kernel_of(graph).name == "c1.conv.weight"
    assert kernel_of(graph, "c3").name == "c3.conv.weight"
    assert score_of(graph) == ("output", graph["output.dense"])
    assert last_grid(graph).name == "c3.tanh"
    with pytest.raises(CnnGraphError, match=r"(?s)E0101.*no layer `c2`.*did you mean `s2` or `c3`"):
        layer_of(graph, "c2")
    with pytest.raises(CnnGraphError, match=r"(?s)E0705.*f4 has no windows.*c1.conv, c3.conv"):
        kernel_of(graph, "f4")
    with pytest.raises(CnnGraphError, match="E0101"):
        kernel_of(graph, "zzz")
    with pytest.raises(CnnGraphError, match=r"E0101.*no output"):
        score_of(graph, "score")


def test_filters_are_the_weights() -> None:
    net = small()
    found = filters(net, "c3", [3, 0], [2])
    np.testing.assert_array_equal(found.kernels, net.states["c3.conv.weight"])
    assert str(found) == "4 filters of 3x3, 2 shown, 3 channels (1 shown)"
    kernel = found.kernels[..., 3]
    assert stands_in(shades(kernel, kernel[:, :, 2, None].repeat(3, 2)), found.sheet(scale=1).image)
    assert not stands_in(shades(kernel, kernel[:, :, 1, None].repeat(3, 2)), found.sheet(scale=1).image)


def test_three_channels_are_colours() -> None:
    net = cnngraph.loads("net n(image: 3@8x8) { conv(5, 3x3) }")
    found = filters(net, chosen=[1])
    kernel = found.kernels[..., 1]
    assert stands_in(shades(kernel, kernel), found.sheet(scale=1).image)


def shades(kernel: Array, part: Array) -> Array:
    """A part of a kernel as bytes, by the largest weight of the kernel."""
    return np.floor((part / np.abs(kernel).max() + 1) / 2 * 255 + 0.5).astype(np.uint8)


def stands_in(image: Array, sheet: Array) -> bool:
    height, width, _ = image.shape
    places = np.ndindex(sheet.shape[0] - height + 1, sheet.shape[1] - width + 1)
    return any(np.array_equal(sheet[i : i + height, j : j + width], image) for i, j in places)


@pytest.mark.parametrize(
    "text",
    ["net n(x: 2@20) { conv(3, 5) }", "net n(x: 2@4x6x6) { conv(3, 2x3x3) }",
     "net n(x: 6@8x8) { conv(6, 3x3, groups = 6) }"],
)
def test_windows_of_any_rank_are_drawn(text: str) -> None:
    assert filters(cnngraph.loads(text)).sheet().image.ndim == 3


def test_maps_are_the_values_of_the_layer() -> None:
    net, x = small(), image()
    found = maps(net, "c3", x, [1, 3])
    np.testing.assert_allclose(found.values, net(x[None], fetch=["c3.tanh"])[0], rtol=1e-6)
    assert found.layer == "c3.tanh"
    assert str(found).startswith("4@3x3, from -")
    assert not np.array_equal(found.sheet().image, found.sheet(apart=True).image)
    with pytest.raises(CnnGraphError, match=r"E0705.*4 channels of c3.tanh"):
        maps(net, "c3", x, [4])


def test_vectors_sequences_and_films_have_maps() -> None:
    assert maps(small(), "f4", image()).chosen == tuple(range(6))
    net = cnngraph.loads("net n(image: 1@8x6) { conv(4, 3x6) -> reshape(4@6) -> relu -> reshape(2@2x3x2) -> tanh }")
    x = image(shape=(8, 6, 1))
    assert maps(net, "relu", x).sheet().image.ndim == 3
    assert maps(net, "tanh", x).sheet().image.ndim == 3


def test_patches_are_what_the_strongest_units_see() -> None:
    net = small()
    found = patches(net, "c3", BYTES, HOW, [2, 0], top=3)
    values = net(HOW.normalized(BYTES), fetch=["c3.tanh"])  # (N, 3, 3, 4)
    for row, channel in zip(found.patches, (2, 0), strict=True):
        by_image = values[..., channel].reshape(len(BYTES), -1).max(axis=1)
        assert [p.index for p in row] == list(np.argsort(-by_image, kind="stable")[:3])
        best = row[0]
        assert best.value == pytest.approx(float(values[best.index, *best.position, channel]), rel=1e-5)
        assert best.value == pytest.approx(float(by_image.max()), rel=1e-5)
        assert best.image.shape[:2] == tuple(high - low for low, high in best.box)
    assert found.sheet().image.ndim == 3
    assert "channel 2: " in str(found)
    assert patches(net, "c3", BYTES, HOW, [2], top=3, limit=5).count == 5


def test_class_activation_is_the_weighed_sum_of_maps() -> None:
    net, x = small(), image()
    found = class_activation(net, x, 1)
    assert found.layer == "c3.tanh"
    values = net(x[None], fetch=["c3.tanh"])[0].astype(np.float64)
    slopes = np.zeros(values.shape)
    head = {name: net.states[name].astype(np.float64) for name in net.states}
    hidden = np.tanh(values.reshape(-1) @ head["f4.dense.weight"] + head["f4.dense.bias"])
    back = head["f4.dense.weight"] @ ((1 - hidden**2) * head["output.dense.weight"][:, 1])
    slopes = back.reshape(values.shape)
    np.testing.assert_allclose(found.values, np.maximum(values @ slopes.mean(axis=(0, 1)), 0), atol=1e-5)
    assert found.sheet().image.ndim == 3
    with pytest.raises(CnnGraphError, match=r"E0705.*no rows and columns"):
        class_activation(net, x, 1, "f4")


def test_nets_that_cannot_be_asked() -> None:
    two = cnngraph.loads("net n(a: 1@8x8, b: 1@8x8) { add(a, b) -> conv(2, 3x3) -> flatten -> dense(2) -> softmax }")
    with pytest.raises(CnnGraphError, match=r"E0702.*a: 1@8x8, b: 1@8x8"):
        maps(two, "conv", image(shape=(8, 8, 1)))
    words = cnngraph.loads("net n(text: ids(9)@5) { embed(4) -> conv(2, 3) }")
    with pytest.raises(CnnGraphError, match=r"E0702.*text: ids\(9\)@5"):
        maps(words, "conv", image(shape=(5, 1, 1)))
    grid = cnngraph.loads("net n(image: 1@8x8) { conv(2, 3x3) }")
    with pytest.raises(CnnGraphError, match=r"E0705.*no output of n holds classes"):
        class_activation(grid, image(shape=(8, 8, 1)))
