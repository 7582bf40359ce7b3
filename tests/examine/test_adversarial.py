"""Pictures that are changed so that a net mistakes them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from cnngraph.data.dataset import Dataset, Part, Preprocessing, labelled
from cnngraph.diagnostics import CnnGraphError
from cnngraph.examine.adversarial import Attack, Attacker, strikes
from cnngraph.examine.answers import examined
from cnngraph.examine.damage import attacked
from cnngraph.examine.target import class_number
from cnngraph.examine.withstanding import robustness
from cnngraph.net import loads

NET = """cnn 1
net tiny(image: 1@8x8) {
  conv(8, 3x3, same) -> batchnorm -> tanh -> maxpool(2x2) -> flatten -> dropout(0.1)
  class: dense(10) -> softmax
}
train tiny { data: digits; optimizer: sgd(lr = 0.03, momentum = 0.9); epochs: 3 }
"""
SIZES = (0, 4, 16, 48)


@pytest.fixture(scope="module")
def learned():
    net = loads(NET)
    net.fit()
    return net, net.data()


@pytest.fixture(scope="module")
def attacker(learned):
    return Attacker(*learned)


def test_slopes_equal_finite_differences(learned, attacker) -> None:
    net, data = learned
    some = np.arange(16)
    pixels = attacker.pixels(data.test, some)
    slopes = attacker.slopes(pixels, data.test, some)
    uphill = np.sign(slopes) * np.random.default_rng(0).random(pixels.shape, np.float32)

    def loss(moved):
        return float(attacker.runner.run(attacker._feeds(moved, data.test, some), ["loss"])["loss"])

    measured = (loss(pixels + uphill) - loss(pixels - uphill)) / 2
    assert (slopes * uphill).sum() == pytest.approx(measured, rel=0.01)
    normalized = net.gradients(attacker._feeds(pixels, data.test, some), ["image"])["image"]
    assert np.allclose(slopes, normalized / (255 * data.preprocessing.std[0]), rtol=1e-4, atol=1e-9)


def test_pixels_are_those_of_the_picture(learned, attacker) -> None:
    _, data = learned
    some = np.array([3, 1])
    assert (attacker.pixels(data.test, some) == data.test.images[some]).all()
    floats = labelled(data.test.images[some] / np.float32(255), data.test.labels[some])
    other = Attacker(learned[0], Dataset(floats, floats, data.class_names, data.preprocessing))
    assert np.allclose(other.pixels(floats, np.arange(2)), data.test.images[some], atol=1e-4)
    said = attacker.probabilities(attacker.pixels(data.test, some), data.test, some)
    assert np.allclose(other.probabilities(other.pixels(floats, np.arange(2)), floats, np.arange(2)), said, atol=1e-5)


@pytest.mark.parametrize("attack", [Attack(), Attack(5), Attack(5, random_start=True), Attack(3, target=2)], ids=str)
def test_no_pixel_moves_further_than_it_may(learned, attacker, attack) -> None:
    _, data = learned
    some = np.arange(20)
    pixels = attacker.pixels(data.test, some)
    changed = attacker.changed(pixels, data.test, some, 10, attack)
    assert np.abs(changed - pixels).max() <= 10
    assert changed.min() >= 0
    assert changed.max() <= 255
    assert (changed != pixels).mean() > 0.5
    assert (attacker.changed(pixels, data.test, some, 0, attack) == pixels).all()
    noisy = attacker.noisy(pixels, some, 10, seed=0)
    assert set(np.abs(noisy - pixels)[(pixels > 10) & (pixels < 245)].tolist()) == {10}


def test_one_step_follows_the_sign(learned, attacker) -> None:
    _, data = learned
    some = np.arange(20)
    pixels = attacker.pixels(data.test, some)
    slopes = attacker.slopes(pixels, data.test, some)
    expected = np.clip(pixels + 7 * np.sign(slopes), 0, 255)
    assert (attacker.changed(pixels, data.test, some, 7, Attack()) == expected).all()


def test_the_larger_the_attack_the_less_is_known(learned, attacker) -> None:
    net, data = learned
    found = strikes(attacker, data.test, SIZES, Attack(6))
    plain = net.evaluate(data).accuracy
    assert found[0].one_step == found[0].stepped == found[0].noise == plain > 0.8
    for less, more in pairwise(found):
        assert more.one_step <= less.one_step + 0.02
        assert more.stepped <= less.stepped + 0.02
        assert more.stepped <= more.one_step + 0.02
    assert found[-1].stepped < 0.3 < found[-1].noise
    assert found[2].noise > found[2].one_step + 0.1


def test_an_attack_does_not_depend_on_the_batch(learned, attacker) -> None:
    _, data = learned
    pixels = attacker.pixels(data.test, np.arange(6))
    attack = Attack(3, random_start=True, seed=5)
    whole = attacker.changed(pixels, data.test, np.arange(6), 8, attack)
    part = attacker.changed(pixels[2:4], data.test, np.arange(2, 4), 8, attack)
    assert (np.abs(whole[2:4] - part) > 1e-3).mean() < 0.02  # a slope of zero may round otherwise


def test_a_target_is_reached(learned) -> None:
    net, data = learned
    found = attacked(net, data, (0, 64), Attack(10, target=3))
    assert found.strikes[0].reached < 0.1
    assert found.strikes[1].reached > 0.5
    assert found.target == "3"
    assert "taken for 3" in str(found)


def test_tables_and_pictures(learned) -> None:
    net, data = learned
    found = attacked(net, data, (0, 8, 64), Attack(2), limit=60, count=3)
    assert found.count == 60
    assert len(found.examples) == 3
    assert found.shown in (8, 64)
    assert [row[0].value for row in found.table().rows] == [0, 8, 64]
    assert found.sheet().image.shape[2] == 3
    first = found.examples[0]
    assert np.abs(first.after - first.before).max() <= found.shown
    said = net(data.preprocessing.normalized(data.test.images)).argmax(axis=1)
    known = int(np.flatnonzero(said == data.test.labels)[0])
    assert first.said[0] == str(said[known])
    assert (first.before == data.test.images[known]).all()
    nothing = attacked(net, data, (0,), limit=5)
    with pytest.raises(CnnGraphError, match="E0705"):
        nothing.sheet()


def test_a_chart(learned) -> None:
    pytest.importorskip("matplotlib", reason="charts are an extra")
    net, data = learned
    svg = attacked(net, data, (0, 8), Attack(target=1), limit=30).chart().svg()
    assert "taken for 1" in svg
    assert "noise of this size" in svg


def test_pictures_that_training_cuts_out_of_larger_ones() -> None:
    net = loads("net n(image: 1@4x4) = flatten -> dense(2) -> softmax")
    net.states = {"dense.weight": np.ones((16, 2), np.float32), "dense.bias": np.zeros(2, np.float32)}
    images = np.arange(72, dtype=np.uint8).reshape(2, 6, 6, 1)
    part = labelled(images, np.array([0, 1]))
    data = Dataset(part, part, ("a", "b"), Preprocessing(6, 6, 1, 0, (0.0,), (1.0,), (4, 4)))
    attacker = Attacker(net, data)
    assert (attacker.pixels(part, np.arange(2)) == images[:, 1:5, 1:5]).all()
    assert attacker.slopes(attacker.pixels(part, np.arange(2)), part, np.arange(2)).shape == (2, 4, 4, 1)


def test_what_cannot_be_attacked(learned, attacker) -> None:
    _, data = learned
    for size, attack, words in ((256, Attack(), "by 256"), (-1, Attack(), "by -1"), (1, Attack(target=10), "class 10")):
        with pytest.raises(CnnGraphError, match=words):
            strikes(attacker, data.test, (size,), attack)
    with pytest.raises(CnnGraphError, match="not 0"):
        Attack(0)
    with pytest.raises(CnnGraphError, match="has no weights"):
        Attacker(loads(NET), data)
    with pytest.raises(CnnGraphError, match="did you mean `dog`"):
        class_number("dgo", ("cat", "dog"))
    with pytest.raises(CnnGraphError, match="there is no class"):
        class_number("9" * 5000, ())


def test_a_net_that_tells_the_class_of_each_pixel_is_not_attacked_or_given_other_pictures() -> None:
    loss = "train n { loss: cross_entropy(output, mask) }"
    net = loads("net n(image: 1@4x4) { output: conv(2, 1x1) -> softmax }\n" + loss)
    net.states = net.runner().states
    images, labels = np.zeros((2, 4, 4, 1), np.uint8), np.zeros((2, 4, 4), np.int64)
    part = Part({"image": images, "mask": labels})
    data = Dataset(part, part, ("a", "b"), Preprocessing(4, 4, 1, 0, (0.0,), (1.0,)))
    assert examined(net, data).labels.shape == (32,)
    asked = (lambda: Attacker(net, data), lambda: robustness(net, data), lambda: examined(net, data, "ten"))
    for ask in asked:
        with pytest.raises(CnnGraphError, match="a class at each position"):
            ask()


def test_pictures_of_an_attack_say_why_there_are_none(learned) -> None:
    net, data = learned
    with pytest.raises(CnnGraphError, match="changes of 0 cannot be seen"):
        attacked(net, data, (0,), limit=5).sheet()
