"""Images that excite: they raise what they are made for, stay within the range of brightness, and are reproducible."""

from __future__ import annotations

import numpy as np
import pytest
from examine.nets import HOW, small

import cnngraph
from cnngraph.diagnostics import CnnGraphError
from cnngraph.examine.ascent import Recipe, excite, targets_of
from cnngraph.examine.blur import blurred
from cnngraph.examine.target import Target, class_target, unit_target

QUICK = Recipe(steps=16)


@pytest.mark.parametrize("layer", [None, "c1", "c3"])
def test_every_target_is_raised(layer: str | None) -> None:
    net = small()
    targets = targets_of(net, layer, shape=(9, 10, 2))
    found = excite(net, targets, QUICK, preprocessing=HOW)
    assert (found.after > found.before + 0.05).all()
    values = net(found.images, fetch=[targets[0].layer])
    np.testing.assert_allclose(found.after, [t.of(v[None])[0] for t, v in zip(targets, values, strict=True)], rtol=1e-4)
    bright = found.images * np.array(HOW.std) + np.array(HOW.mean)
    assert bright.min() > -1e-6
    assert bright.max() < 1 + 1e-6


def test_a_channel_and_a_unit_are_different_targets() -> None:
    net = small()
    unit, whole = unit_target(net, "c3", 0, (1, 1)), Target("c3.tanh", 0)
    found = excite(net, [unit, whole], QUICK, preprocessing=HOW)
    assert found.boxes[0] != found.boxes[1] == ((0, 9), (0, 10))
    assert (found.after > found.before).all()


def test_equal_seeds_give_equal_images_whatever_else_is_asked_for() -> None:
    net = small()
    one = excite(net, [class_target(net, 1)], QUICK, seed=5).images[0]
    all_ = excite(net, [class_target(net, i) for i in range(3)], QUICK, seed=5).images[1]
    np.testing.assert_allclose(one, all_, atol=1e-5)
    np.testing.assert_array_equal(one, excite(net, [class_target(net, 1)], QUICK, seed=5).images[0])
    assert not np.allclose(one, excite(net, [class_target(net, 1)], QUICK, seed=6).images[0], atol=1e-2)


def test_a_unit_that_nothing_raises_is_told() -> None:
    net = cnngraph.loads("net dead(image: 1@4x4) { conv(2, 3x3) -> relu }")
    net.states = {name: np.full_like(value, -1.0) for name, value in net.runner().states.items()}
    found = excite(net, [Target("relu", 0)], QUICK)
    assert found.before[0] == found.after[0] == 0
    assert "nothing raises it" in str(found)


def test_blur_keeps_the_sum_inside_and_a_plain_image() -> None:
    spot = np.zeros((1, 9, 9, 1), np.float32)
    spot[0, 4, 4, 0] = 1
    soft = blurred(spot, 0.8)
    assert soft.sum() == pytest.approx(1, abs=1e-5)
    assert soft[0, 4, 4, 0] < 0.5
    np.testing.assert_allclose(soft[0, :, :, 0], soft[0, :, :, 0].T, atol=1e-7)
    np.testing.assert_allclose(blurred(np.full((1, 3, 4, 2), 0.7, np.float32), 1.5), 0.7, rtol=1e-5)


def test_what_cannot_be_asked() -> None:
    net = small()
    with pytest.raises(CnnGraphError, match=r"E0705.*one layer"):
        excite(net, [class_target(net, 0), Target("c3.tanh", 0)])
    with pytest.raises(CnnGraphError, match=r"E0705.*channels of c3.tanh"):
        targets_of(net, "c3", [4])
    with pytest.raises(CnnGraphError, match=r"E0108.*steps"):
        Recipe(steps=0)
    with pytest.raises(CnnGraphError, match=r"E0705.*9x10"):
        excite(net, [class_target(net, 0)], QUICK, size=(8, 8))
