"""Gradients by layer: the norms against gradients taken by hand, and what skips do to them."""

from __future__ import annotations

import numpy as np
import pytest

import cnngraph
from cnngraph.diagnostics import CnnGraphError
from cnngraph.examine.activations import activity
from cnngraph.examine.flow import flow_chart, flows_table, gradient_flow
from cnngraph.ir.op import Array, rng
from cnngraph.net import Net
from cnngraph.resources import resource


def deep(**settings: object) -> Net:
    return cnngraph.load(resource("specs", "nets", "deep_plain.cnn"), **{"depth": 10, **settings})


def feeds(count: int = 16) -> dict[str, Array]:
    images = rng(1).standard_normal((count, 8, 8, 1)).astype(np.float32)
    return {"image": images, "label": np.arange(count) % 10}


def test_norms_are_those_of_the_gradients() -> None:
    net = cnngraph.loads("net n(image: 1@8x8) { a: conv(2, 3x3) -> tanh; flatten; b: dense(10) -> softmax }")
    fed = feeds(6)
    found = gradient_flow(net, fed)
    slopes = net.gradients(fed, ["image", "flatten", "a.conv.weight", "b.dense.weight"])
    each = [np.mean([np.linalg.norm(row) * 6 for row in slopes[name]]) for name in ("image", "flatten")]
    np.testing.assert_allclose(found.by_input, each, rtol=1e-5)
    np.testing.assert_allclose(
        found.by_weight, [np.linalg.norm(slopes[f"{name}.weight"]) for name in ("a.conv", "b.dense")], rtol=1e-5
    )
    assert found.layers == ("a.conv", "b.dense")


def test_the_norm_of_a_sample_does_not_depend_on_the_batch() -> None:
    net = deep(depth=3)
    one = [gradient_flow(net, {k: v[i : i + 1] for k, v in feeds(4).items()}).by_input[0] for i in range(4)]
    assert gradient_flow(net, feeds(4)).by_input[0] == pytest.approx(np.mean([n or 0 for n in one]), rel=1e-4)


def test_sigmoids_lose_the_gradient_and_skips_keep_it() -> None:
    plain, skips = (gradient_flow(deep(activation="sigmoid", skips=s), feeds()) for s in (False, True))
    assert plain.ratio < 1e-5
    assert 0.01 < skips.ratio < 100
    norm = gradient_flow(deep(norm=True, skips=True), feeds())
    assert 0.1 < norm.ratio < 10


def test_it_prints_and_draws() -> None:
    pytest.importorskip("matplotlib")
    flows = [gradient_flow(deep(depth=2, skips=s), feeds(), f"skips={s}") for s in (False, True)]
    assert "unit[2].layer.conv" in str(flows[0])
    text = str(flows_table(flows))
    assert "skips=False" in text
    assert "first / last, skips=True" in text
    assert flow_chart(flows).svg().startswith("<svg")
    assert flows[0].chart(weights=True).svg() != flows[0].chart().svg()


def test_ids_have_no_slope() -> None:
    net = cnngraph.loads("net n(text: ids(9)@5) { embed(4) -> flatten -> dense(3) -> softmax }")
    found = gradient_flow(net, {"text": np.array([[1, 2, 3, 4, 5]]), "label": np.array([1])})
    assert found.by_input[0] is None or found.layers[0] != "embed"
    assert found.by_weight[-1] > 0


def test_a_net_without_weights_is_refused() -> None:
    net = cnngraph.loads("net n(image: 1@8x8) { globalavgpool -> softmax }")
    with pytest.raises(CnnGraphError, match=r"E0705.*weights"):
        gradient_flow(net, {"image": np.zeros((2, 8, 8, 1), np.float32), "label": np.array([0, 0])})


def test_activity_is_what_layers_put_out() -> None:
    net = deep(depth=2)
    net.states = {n: v if v.ndim > 1 else v - 0.1 for n, v in net.runner().states.items()}
    states = dict(net.states)
    states["unit[1].layer.conv.weight"] = states["unit[1].layer.conv.weight"].copy()
    states["unit[1].layer.conv.weight"][..., 5] = 0  # its bias is below 0: the unit is dead
    net.states = states
    fed = feeds(5)
    layers = {layer.name: layer for layer in activity(net, fed).layers}
    values = net(fed["image"], fetch=["unit[1].layer.relu"])
    relu = layers["unit[1].layer.relu"]
    assert relu.mean == pytest.approx(float(values.mean()), rel=1e-4)
    assert relu.deviation == pytest.approx(float(values.std()), rel=1e-4)
    assert relu.zeros == pytest.approx(float((values == 0).mean()))
    assert relu.dead == int((values == 0).all(axis=(0, 1, 2)).sum()) >= 1
    assert layers["unit[1].layer.conv"].dead is None
    assert "dead channels" in str(activity(net, fed))
