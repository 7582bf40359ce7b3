"""What a net says is drawn as its metrics say: nets that are known to be right, or wrong, and small."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from cnngraph.data.dataset import Dataset, Part, Preprocessing
from cnngraph.diagnostics import CnnGraphError
from cnngraph.examine.saying import CLASSES, SAYS, TRUE
from cnngraph.examine.shown import predictions
from cnngraph.ir.op import Array
from cnngraph.net import Net, loads

PLAIN = Preprocessing(16, 16, 1, 0, (0.0,), (1.0,))
NUMBERS = np.random.default_rng(1)


def dataset(columns: Mapping[str, Array], names: tuple[str, ...] = ()) -> Dataset:
    part = Part(columns)
    return Dataset(part, part, names, PLAIN if "image" in columns else None)


def net(body: str, loss: str, metrics: str) -> Net:
    """A net whose outputs are its inputs, so that it says what is fed."""
    found = loads(f"cnn 1\nnet known({body}\ntrain known {{ loss: {loss}; metrics: {metrics} }}")
    found.states = {node.name: np.zeros(node.type.concrete, np.float32) for node in found.graph.states}
    return found


def drawn(image: Array, colour: tuple[int, int, int]) -> bool:
    return bool((image == colour).all(axis=-1).any())


def images(count: int = 3) -> Array:
    return NUMBERS.random((count, 16, 16, 1)).astype(np.float32)


def test_a_class_is_a_word_and_a_wrong_one_says_what_is_true() -> None:
    known = net("image: 1@16x16, p: 2) { let x = image -> globalavgpool -> dense(2); out: p + x -> softmax }",
                "cross_entropy(out, label)", "accuracy(out, label)")  # fmt: skip
    p = np.array([[9, 0], [0, 9], [9, 0]], np.float32)
    data = dataset({"image": images(), "p": p, "label": np.array([0, 1, 1])}, ("cat", "dog"))
    found = predictions(known, data, count=2, first=1)
    assert [tile.caption for (tile,) in found.samples] == ["1: dog 100%", "2: cat 100%, is dog"]
    assert str(found) == "2 of 3 samples of the test part"


def test_boxes_lie_where_they_are_said_to_be() -> None:
    known = net("image: 1@16x16, said: 4) { let x = image -> globalavgpool -> dense(4); box: said + x }",
                "mse(box, target)", "box_iou(box, target)")  # fmt: skip
    said, true = np.array([[0, 0, 0.5, 0.5]], np.float32), np.array([[0.5, 0.5, 0.5, 0.5]], np.float32)
    found = predictions(known, dataset({"image": images(1), "said": said, "target": true}))
    image = found.samples[0][0].image
    assert image.shape == (160, 160, 3)
    assert drawn(image[:80, :80], SAYS[0])
    assert not drawn(image[80:, 80:], SAYS[0])
    assert drawn(image[80:, 80:], TRUE)
    assert not drawn(image[:79, :79], TRUE)


def test_joints_of_two_stages_have_two_colours() -> None:
    known = net("image: 1@16x16, one: 4, two: 4) { let x = image -> globalavgpool -> dense(4)\n"
                "a: one + x; b: two + x; return a, b }", "mse(a, target) + mse(b, target)",
                "pck(a, target) -> pck(b, target)")  # fmt: skip
    left, right = np.full((1, 4), -0.5, np.float32), np.full((1, 4), 0.5, np.float32)
    found = predictions(known, dataset({"image": images(1), "one": left, "two": right, "target": right}))
    assert found.samples[0][0].caption == "0: a 0 of 2 b 2 of 2"
    image = found.samples[0][0].image
    assert drawn(image[:80, :80], SAYS[0])
    assert not drawn(image[:80, :80], SAYS[1])
    assert drawn(image[80:, 80:], SAYS[1])


def test_masks_stand_beside_the_picture() -> None:
    known = net("image: 1@16x16, said: 2@16x16) { let x = image -> conv(2, 1x1); out: said + x -> softmax }",
                "cross_entropy(out, kind)", "mean_iou(out, kind)")  # fmt: skip
    kind = np.zeros((1, 16, 16), np.int64)
    kind[:, :, 8:] = 1
    found = predictions(known, dataset({"image": images(1), "said": np.eye(2, dtype=np.float32)[kind], "kind": kind}))
    _, _, true, said = found.samples[0]
    assert (true.caption, said.caption) == ("true", "said")
    np.testing.assert_array_equal(true.image, said.image)
    assert drawn(true.image[:, :80], tuple(CLASSES[0]))
    assert not drawn(true.image[:, :80], tuple(CLASSES[1]))


def test_a_detector_says_how_many_things_it_finds() -> None:
    grid = "1@2x2"
    known = net(f"image: 1@16x16, o: {grid}, c: 2@2x2, b: 4@2x2) {{ let x = image -> globalavgpool -> dense(1)\n"
                "object: o + x; class: c * 1; box: b * 1; return object, class, box }",
                "mse(object, there) + cross_entropy(class, kind) + mse(box, target)",
                "average_precision(object, class, box, there, kind, target)")  # fmt: skip
    there = np.array([1, 0, 0, 1], np.float32).reshape(1, 2, 2, 1)
    said = np.array([0.9, 0, 0, 0], np.float32).reshape(1, 2, 2, 1)
    kind, box = np.zeros((1, 2, 2), np.int64), np.full((1, 2, 2, 4), 0.4, np.float32)
    columns = {"o": said, "c": np.eye(2, dtype=np.float32)[kind], "b": box, "there": there, "kind": kind, "target": box}
    found = predictions(known, dataset({"image": images(1), **columns}, ("disc", "square")))
    tile = found.samples[0][0]
    assert tile.caption == "0: 1 found, 2 there"
    assert drawn(tile.image[:80, :80], SAYS[1])
    assert drawn(tile.image[80:, 80:], TRUE)
    assert not drawn(tile.image[80:, 80:], SAYS[1])


def test_pairs_copies_and_neighbours() -> None:
    pair = net("left: 1@16x16, right: 1@16x16) { alike: abs(left - right) -> globalavgpool -> dense(1) -> sigmoid }",
               "bce(alike, target)", "binary_accuracy(alike, target)")  # fmt: skip
    pair.states = {name: np.ones_like(value) for name, value in pair.states.items()}
    data = dataset({"left": images(1), "right": images(1), "target": np.zeros((1, 1), np.float32)})
    left, right = predictions(pair, data).samples[0]
    assert left.caption.startswith("0: yes ")
    assert left.caption.endswith(": wrong")
    assert right.caption == "input right"

    copy = net("image: 1@16x16) { copy: image * 1 }", "mse(copy, image)", "mean_squared_error(copy, image)")
    image, again = predictions(copy, dataset({"image": images(1)})).samples[0]
    assert again.caption == "copy"
    np.testing.assert_allclose(image.image.astype(int), again.image.astype(int), atol=1)

    near = net("a: 3@4x4, b: 3@4x4) { let x = a -> globalavgpool; let y = b -> globalavgpool; return x, y }",
               "mse(x, y)", "recall_at_1(x, y)")  # fmt: skip
    a = np.eye(3, dtype=np.float32)[:, None, None] * np.ones((3, 4, 4, 1), np.float32)
    found = predictions(near, dataset({"a": a, "b": a[[0, 2, 1]]}))
    assert [tiles[-1].caption for tiles in found.samples] == ["nearest: right", "nearest: wrong", "nearest: wrong"]


def test_sounds_and_films_are_laid_out() -> None:
    film = net("film: 1@2x16x16) { out: globalavgpool -> dense(2) -> softmax }", "cross_entropy(out, label)",
               "accuracy(out, label)")  # fmt: skip
    data = dataset({"film": NUMBERS.random((1, 2, 16, 16, 1), np.float32), "label": np.zeros(1, np.int64)})
    assert predictions(film, data).samples[0][0].image.shape == (80, 160, 3)
    sound = net("sound: 4@40) { out: globalavgpool -> dense(2) }", "mse(out, target)", "strongest(out, target)")
    data = dataset({"sound": NUMBERS.random((1, 40, 4), np.float32), "target": np.eye(2, dtype=np.float32)[:1]})
    assert predictions(sound, data).samples[0][0].image.shape == (60, 600, 3)


def test_what_cannot_be_drawn_is_refused() -> None:
    text = net("text: ids(5)@9) { out: embed(3) -> globalavgpool -> softmax }", "cross_entropy(out, label)",
               "accuracy(out, label)")  # fmt: skip
    words = dataset({"text": np.zeros((2, 9), np.int64), "label": np.zeros(2, np.int64)})
    with pytest.raises(CnnGraphError, match=r"E0702.*can be seen"):
        predictions(text, words)
    with pytest.raises(CnnGraphError, match=r"E0705.*no sample 2"):
        predictions(text, words, first=2)
    unmeasured = loads("cnn 1\nnet known(image: 1@16x16) { copy: image * 1 }\ntrain known { loss: mse(copy, image) }")
    with pytest.raises(CnnGraphError, match=r"E0702.*can be drawn"):
        predictions(unmeasured, dataset({"image": images(1)}))
