"""Accuracy under changes of the pictures."""

from __future__ import annotations

import numpy as np
import pytest

from cnngraph.data.dataset import Dataset
from cnngraph.diagnostics import CnnGraphError
from cnngraph.examine.changes import KINDS, Blur, change_of, levels_of, numbers_of
from cnngraph.examine.withstanding import changer, robustness
from cnngraph.net import loads

PICTURES = np.random.default_rng(0).integers(0, 256, (40, 12, 10, 1)).astype(np.uint8)


@pytest.fixture(scope="module")
def learned():
    net = loads("""cnn 1
net tiny(image: 1@8x8) {
  conv(8, 3x3, same) -> relu -> maxpool(2x2) -> flatten
  class: dense(10) -> softmax
}
train tiny { data: digits; optimizer: sgd(lr = 0.03, momentum = 0.9); epochs: 4 }
""")
    net.fit()
    return net, net.data()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("shift", "mirror")])
def test_a_level_that_does_nothing_changes_nothing(kind) -> None:
    kept = 0.01 if kind == "blur" else KINDS[kind].none
    change = changer(change_of(kind, kept, 10), len(PICTURES), seed=0)
    assert np.abs(change(PICTURES, np.arange(40)).astype(int) - PICTURES).max() <= 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_is_changed_alike_in_any_batch(kind) -> None:
    change = changer(change_of(kind, KINDS[kind].levels[-1], 10), len(PICTURES), seed=0)
    whole = change(PICTURES, np.arange(40))
    assert whole.shape == PICTURES.shape
    assert whole.dtype == PICTURES.dtype
    assert (whole != PICTURES).any()
    some = np.array([7, 3, 39])
    assert (change(PICTURES[some], some) == whole[some]).all()
    again = changer(change_of(kind, KINDS[kind].levels[-1], 10), len(PICTURES), seed=0)
    assert (again(PICTURES, np.arange(40)) == whole).all()


def test_each_picture_gets_the_full_strength() -> None:
    dot = np.zeros((200, 9, 9, 1), np.uint8)
    dot[:, 4, 4] = 255
    moved = changer(change_of("shift", 25, 9), 200, seed=0)(dot, np.arange(200))[..., 0]
    places = {tuple(int(i) for i in np.argwhere(image)[0]) for image in moved}
    assert places == {(y, x) for y in (2, 4, 6) for x in (2, 4, 6)} - {(4, 4)}
    bright = changer(change_of("brightness", 0.5, 9), 200, seed=0)(dot // 2, np.arange(200)).max(axis=(1, 2, 3))
    assert set(bright.tolist()) == {64, 190}


def test_blur_keeps_what_is_even() -> None:
    even = np.full((1, 5, 7, 3), 90, np.uint8)
    assert (Blur(2).apply(even, np.zeros((1, 1))) == even).all()
    dot = np.zeros((1, 31, 31, 1), np.float32)
    dot[0, 15, 15] = 1
    blurred = Blur(2).apply(dot, np.zeros((1, 1)))[0, ..., 0]
    offsets = np.arange(-15, 16)
    assert blurred.sum() == pytest.approx(1, abs=1e-5)
    assert np.sqrt((blurred.sum(axis=0) * offsets**2).sum()) == pytest.approx(2, rel=0.02)


def test_more_of_a_change_costs_more(learned) -> None:
    net, data = learned
    found = robustness(net, data, {"rotate": (15, 90), "noise": (0.05, 0.8)}, seed=1)
    accuracies = {(each.kind, each.level): each.accuracy for each in found.levels}
    assert found.plain == net.evaluate(data).accuracy > 0.8
    assert accuracies["rotate", 90] < accuracies["rotate", 15] <= found.plain
    assert accuracies["noise", 0.8] < accuracies["noise", 0.05]
    assert found.levels == robustness(net, data, {"rotate": (15, 90), "noise": (0.05, 0.8)}, seed=1).levels
    rows = found.table().rows
    assert [row[0] for row in rows] == ["unchanged", "rotate", "rotate", "noise", "noise"]
    assert found.mean == pytest.approx(np.mean(list(accuracies.values())))


def test_pictures_and_charts(learned) -> None:
    pytest.importorskip("matplotlib", reason="charts are an extra")
    net, data = learned
    found = robustness(net, data, {"mirror": (), "blur": (1,)}, limit=20, example=3)
    assert found.count == 20
    assert found.sheet().image.shape[2] == 3
    assert "blur (pixels)" in found.chart().svg()


def test_what_cannot_be_asked(learned) -> None:
    net, data = learned
    with pytest.raises(CnnGraphError, match="no change named rotat"):
        levels_of({"rotat": ()})
    with pytest.raises(CnnGraphError, match="degrees are from 0 to 180"):
        robustness(net, data, {"rotate": (400,)})
    with pytest.raises(CnnGraphError, match="there is no image 5"):
        robustness(net, data, limit=5, example=5)
    assert levels_of({"noise": ()})["noise"] == KINDS["noise"].levels


def test_numbers_do_not_depend_on_how_many_pictures_follow() -> None:
    change = change_of("rotate", 10, 8)
    assert (numbers_of(change, 100, 0)[:10] == numbers_of(change, 10, 0)).all()


def test_floats_are_changed_like_bytes(learned) -> None:
    net, data = learned
    part = data.test
    same = Dataset(data.train, data.test, data.class_names, data.preprocessing)
    floats = type(part)({"image": part.images[np.arange(len(part))].astype(np.float32) / 255, "label": part.labels})
    other = Dataset(floats, floats, data.class_names, data.preprocessing)
    one, two = (robustness(net, each, {"contrast": (0.5,)}, limit=100) for each in (same, other))
    assert abs(one.levels[0].accuracy - two.levels[0].accuracy) <= 0.02
