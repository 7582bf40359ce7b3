"""Saliency against finite differences, before softmax, of classes and of units; SmoothGrad."""

from __future__ import annotations

import numpy as np
import pytest
from examine.nets import HOW, image, small

from cnngraph.diagnostics import CnnGraphError
from cnngraph.examine.picture import Picture
from cnngraph.examine.probe import probe
from cnngraph.examine.sensitivity import NOISE, saliency
from cnngraph.examine.target import Target, unit_target
from cnngraph.ir.op import Array, rng
from cnngraph.net import Net

STEP = 1e-2


def by_differences(net: Net, x: Array, layer: str, weights: Array) -> Array:
    """d sum(weights * layer) / d x by central differences, pixel for pixel."""
    found = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        above, below = x.copy(), x.copy()
        above[place] += STEP
        below[place] -= STEP
        values = net(np.stack([above, below]), fetch=[layer]).astype(np.float64)
        found[place] = ((values[0] - values[1]) * weights).sum() / (2 * STEP)
    return found


@pytest.mark.parametrize("number", [0, 2])
def test_it_is_the_slope_of_the_score_before_softmax(number: int) -> None:
    net, x = small(), image()
    found = saliency(net, x, number)
    np.testing.assert_allclose(found.slopes, by_differences(net, x, "output.dense", np.eye(3)[number]), atol=2e-3)
    assert found.score == pytest.approx(float(net(x[None], fetch=["output.dense"])[0, number]), rel=1e-5)
    assert found.magnitude.max() > 0.05


def test_without_a_class_it_is_the_most_probable_one() -> None:
    net, x = small(), image()
    assert saliency(net, x).target.channel == int(net(x[None])[0].argmax())


def test_a_unit_of_any_layer_has_one() -> None:
    net, x = small(), image()
    target = unit_target(net, "c3", 1, (2, 0))
    weights = np.zeros((3, 3, 4))
    weights[2, 0, 1] = 1
    found = saliency(net, x, target)
    np.testing.assert_allclose(found.slopes, by_differences(net, x, "c3.tanh", weights), atol=2e-3)
    whole = saliency(net, x, Target("c3.tanh", 1))
    mean = np.zeros((3, 3, 4))
    mean[..., 1] = 1 / 9
    np.testing.assert_allclose(whole.slopes, by_differences(net, x, "c3.tanh", mean), atol=2e-3)


def test_brightness_is_the_unit() -> None:
    """A pixel that becomes brighter by 0.01 changes the value that is fed by 0.01 / std."""
    net, x = small(), image()
    plain, bright = saliency(net, x, 0), saliency(net, Picture(x, HOW), 0)
    np.testing.assert_allclose(bright.slopes, plain.slopes / np.array(HOW.std, np.float32), rtol=1e-5)


def test_smooth_slopes_are_means_over_noisy_images() -> None:
    net, x = small(), image()
    found = saliency(net, x, 0, samples=70, noise=0.1, seed=3)  # more than one batch
    noise = 0.1 * float(np.ptp(x)) * rng(3, 0, NOISE).standard_normal((70, *x.shape), np.float32)
    found_at, weights = probe(net, "output.dense"), np.eye(3)[:1]
    one_by_one = np.mean([found_at.slopes((x + n)[None], weights)[0] for n in noise], axis=0)
    np.testing.assert_allclose(found.slopes, one_by_one, atol=1e-5)
    again = saliency(net, x, 0, samples=70, noise=0.1, seed=3)
    np.testing.assert_array_equal(found.slopes, again.slopes)
    assert not np.array_equal(found.slopes, saliency(net, x, 0, samples=70, noise=0.1, seed=4).slopes)


def test_it_is_drawn() -> None:
    found = saliency(small(), Picture(image(), HOW, "mine"), 0)
    plain, signed = found.sheet().image, found.sheet(signed=True).image
    assert plain.shape == signed.shape
    assert not np.array_equal(plain, signed)
    assert "class 0: score" in str(found)


def test_what_cannot_be_asked() -> None:
    net, x = small(), image()
    with pytest.raises(CnnGraphError, match=r"E0705.*no class 3"):
        saliency(net, x, 3)
    with pytest.raises(CnnGraphError, match=r"E0705.*no channel 4"):
        saliency(net, x, Target("c3.tanh", 4))
    with pytest.raises(CnnGraphError, match=r"E0705.*no position \(3, 0\)"):
        saliency(net, x, Target("c3.tanh", 0, (3, 0)))
    with pytest.raises(CnnGraphError, match=r"E0705.*a picture is \(H, W, C\)"):
        saliency(net, x[None])
    with pytest.raises(CnnGraphError, match=r"E0108.*samples"):
        saliency(net, x, samples=0)
