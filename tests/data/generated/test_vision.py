"""The sets of sounds, films and pictures are what they say: counted, or found again in the pixels, in another way."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from cnngraph.data.generated.digit_pairs import DigitPairs
from cnngraph.data.generated.drawn import BLOCK, Drawn, generated
from cnngraph.data.generated.handwriting import hands
from cnngraph.data.generated.keywords import Keywords
from cnngraph.data.generated.moving_shapes import MovingShapes
from cnngraph.data.generated.placed_digits import PlacedDigits
from cnngraph.data.generated.products import Products
from cnngraph.data.generated.scenes import GROUND, HOUSE, SKY, TREE, Scenes
from cnngraph.data.generated.sentences import BAD, GOOD, NOT, WORDS, Sentences
from cnngraph.data.generated.shapes_on_grid import ShapesOnGrid
from cnngraph.data.generated.stick_figures import JOINTS, StickFigures
from cnngraph.data.generated.stops import Stops
from cnngraph.ir.op import Array
from cnngraph.train.boxes import corners, overlap, told_on_grid

SETS = (
    Sentences, Keywords, Stops, MovingShapes, PlacedDigits, ShapesOnGrid, StickFigures, Scenes, DigitPairs, Products
)  # fmt: skip


def columns(drawn: Drawn, count: int = 200, key: int = 0) -> dict[str, Array]:
    return {name: np.asarray(column[:]) for name, column in drawn.part(0, key, count).columns.items()}


@pytest.mark.parametrize("kind", SETS, ids=lambda kind: kind.name)
def test_rows_follow_from_seed_and_part_alone(kind: type[Drawn]) -> None:
    """The same again; another seed and the other part are something else. More rows begin with the same ones."""
    one, same, other = (kind(count=6, tests=6).load(None, seed) for seed in (3, 3, 4))
    for name, column in one.train.columns.items():
        np.testing.assert_array_equal(column[:], same.train.columns[name][:])
    name = next(iter(one.train.columns))
    assert not np.array_equal(one.train.columns[name][:], other.train.columns[name][:])
    assert not np.array_equal(one.train.columns[name][:], one.test.columns[name][:])
    assert generated()[kind.name] is kind
    if kind is not Products:  # its rows to test with are as many products
        more = kind(tests=1).part(3, 0, BLOCK + 2).columns[name]
        np.testing.assert_array_equal(more[:BLOCK], kind(tests=1).part(3, 0, BLOCK).columns[name][:])


@pytest.mark.parametrize("kind", SETS, ids=lambda kind: kind.name)
def test_numbers_of_rows_are_bounded(kind: type[Drawn]) -> None:
    for wrong in (0, -1, 10**9):
        with pytest.raises(ValueError, match="count is from 1"):
            kind(count=wrong)


def test_classes_are_about_as_frequent_as_each_other() -> None:
    for drawn in (Sentences(), Keywords(), Stops(), MovingShapes()):
        shares = np.bincount(columns(drawn, 600)["label"], minlength=len(drawn.class_names)) / 600
        assert len(shares) == len(drawn.class_names)
        assert shares == pytest.approx(1 / len(shares), abs=0.07)


def test_in_a_sentence_only_what_not_stands_before_tells() -> None:
    """Up to the slips, which may hit one of the three words."""
    drawn = columns(Sentences(length=9), 2000)
    sentence, label = drawn["sentence"], drawn["label"]
    assert len(WORDS) == 35
    whole = np.stack([(sentence == word).sum(axis=1) for word in (NOT, GOOD, BAD)], axis=1)
    kept = (whole == 1).all(axis=1)
    assert kept.mean() > 0.88
    place = {word: (sentence[kept] == word).argmax(axis=1) for word in (NOT, GOOD, BAD)}
    for word, liked in ((GOOD, 0), (BAD, 1)):
        after = place[word] - place[NOT]
        near = (after == 1) | (after == 2)
        alone = place[GOOD + BAD - word] - place[NOT]
        sure = near & ~((alone == 1) | (alone == 2))
        assert sure.mean() > 0.3
        assert (label[kept][sure] == liked).all()


def test_yes_is_say_from_behind() -> None:
    """The hiss comes late in one, early in the other: its middle in time, beside that of the whole word."""
    drawn = columns(Keywords(noise=0.0), 400)
    sound, label = drawn["spectrogram"][..., 0] * 1.2 + 0.4, drawn["label"]
    frames = np.arange(sound.shape[1])
    hiss, low = sound[..., 36:].sum(axis=-1), sound[..., :20].sum(axis=-1)
    late = ((hiss * frames).sum(axis=1) / hiss.sum(axis=1)) > ((low * frames).sum(axis=1) / low.sum(axis=1))
    assert late[label == 0].mean() > 0.7  # yes; there are other hisses
    assert late[label == 1].mean() < 0.3  # say


def test_b_rises_d_stays_g_falls() -> None:
    drawn = columns(Stops(noise=0.0), 300)
    seen = 0
    for speech, label in zip(drawn["speech"], drawn["label"], strict=True):
        track = speech[:, 3:].argmax(axis=1)[speech[:, 3:].max(axis=1) > 0.5]  # the bands of the first formant apart
        if len(track) > 4 and (label == 1 or track[-1] != track[0]):  # what comes from below band 3 is seen later
            assert np.sign(track[-1] - track[0]) == 1 - label
            seen += 1
    assert seen > 200
    np.testing.assert_array_equal(drawn["target"].argmax(axis=1), drawn["label"])


def test_shapes_move_as_their_class_says_around_the_edge() -> None:
    drawn = columns(MovingShapes(noise=0.0), 300)
    film, label = drawn["film"][..., 0], drawn["label"]
    waves = np.exp(2j * np.pi * np.arange(20) / 20)
    ground = film.min(axis=1, keepdims=True)
    x, y = (np.angle(((film - ground) * wave).sum(axis=(2, 3))) for wave in (waves, waves[:, None]))
    steps = [np.angle(np.exp(1j * np.diff(angle, axis=1))).mean(axis=1) for angle in (x, y)]
    for kind, (axis, sign) in enumerate([(0, -1), (0, 1), (1, -1), (1, 1)]):
        assert (np.sign(steps[axis][label == kind]) == sign).mean() > 0.95
    turning = label >= 4
    assert np.abs(steps[0][turning]).mean() < 0.1 * np.abs(steps[0][label < 2]).mean() + 0.1


def test_the_box_of_a_digit_holds_its_ink() -> None:
    drawn = columns(PlacedDigits(), 100)
    sides = corners(drawn["target"]) * 40
    for image, (left, top, right, bottom) in zip(drawn["image"][..., 0] / 255, sides.round().astype(int), strict=True):
        inside = image[top:bottom, left:right]
        assert inside.size > 40
        assert inside.mean() > image.mean() + 0.05
    assert sides.min() >= 0
    assert sides.max() <= 40


def test_digits_to_test_with_are_of_other_writing() -> None:
    train, test = ({image.tobytes() for image in hands(5, key).images} for key in (0, 1))
    assert len(train) > 1400
    assert not train & test


def test_cells_tell_of_what_is_seen_in_them() -> None:
    drawn = columns(ShapesOnGrid(), 200)
    things = drawn["there"].sum(axis=(1, 2, 3))
    assert set(things) == {1, 2, 3, 4}
    ground = np.median(drawn["image"], axis=(1, 2))
    for number in range(200):
        told = told_on_grid(drawn["there"][number], drawn["kind"][number], drawn["target"][number])
        assert len(told.boxes) == things[number]
        middle = ((told.boxes[:, :2] + told.boxes[:, 2:]) * 32).astype(int)
        seen = np.abs(drawn["image"][number][middle[:, 1], middle[:, 0]] - ground[number]).max(axis=1)
        assert (seen > 40).mean() > 0.4  # unless it is the ground's colour, or hidden
        apart = [overlap(a, b) for i, a in enumerate(told.boxes) for b in told.boxes[:i]]
        assert max(apart, default=0) < 0.2


def test_joints_lie_on_the_strokes_and_left_ones_are_darker() -> None:
    drawn = columns(StickFigures(), 200)
    joints = ((drawn["target"].reshape(200, -1, 2) + 1) * 32).astype(int)
    assert joints.shape == (200, len(JOINTS), 2)
    assert joints.min() >= 0
    assert joints.max() < 64
    rows = np.arange(200)
    grey = np.stack(
        [drawn["image"][rows, joints[:, j, 1], joints[:, j, 0], 0].astype(float) for j in range(len(JOINTS))], axis=1
    )
    means = dict(zip(JOINTS, grey.mean(axis=0), strict=True))
    assert means["neck"] > 220
    for limb in ("hand", "foot", "knee", "elbow"):
        assert means[f"right {limb}"] > means[f"left {limb}"] + 20
        assert means[f"left {limb}"] > drawn["image"].mean() + 40


def test_scenes_have_all_four_classes_where_they_belong() -> None:
    kind = columns(Scenes(), 200)["kind"]
    shares = np.bincount(kind.ravel(), minlength=4) / kind.size
    assert (shares > 0.04).all()
    rows = np.arange(48)[None, :, None]
    heights = {name: (rows * (kind == number)).sum() / (kind == number).sum()
               for name, number in (("sky", SKY), ("ground", GROUND), ("house", HOUSE), ("tree", TREE))}  # fmt: skip
    assert heights["sky"] < heights["tree"] < heights["ground"]
    assert heights["sky"] < heights["house"] < heights["ground"]


def test_half_of_the_pairs_are_the_same_digit() -> None:
    """Ink that is alike is more frequent among those that are said to be."""
    drawn = columns(DigitPairs(), 2000)
    same = drawn["target"][:, 0] == 1
    assert same.mean() == pytest.approx(0.5, abs=0.04)
    apart = np.abs(drawn["left"] - drawn["right"]).mean(axis=(1, 2, 3))
    assert apart[same].mean() < apart[~same].mean()


def test_a_product_is_seen_twice_and_another_one_once() -> None:
    drawn = columns(Products(kinds=40), 400)
    assert set(drawn["product"].tolist()) == set(range(40))
    tested = columns(Products(kinds=40), 30, key=1)
    assert tested["product"].tolist() == list(range(30))
    middle = {name: drawn[name][:, 14:18, 14:18].mean(axis=(1, 2)) for name in ("anchor", "positive", "negative")}
    hue = {name: colour / colour.sum(axis=1, keepdims=True) for name, colour in middle.items()}
    apart = {name: np.abs(hue["anchor"] - hue[name]).sum(axis=1) for name in ("positive", "negative")}
    other = {name: (distance > 0.05).mean() for name, distance in apart.items()}
    assert other["positive"] < 0.5
    assert other["negative"] == pytest.approx((other["positive"] + 1) / 2, abs=0.1)  # half have the anchor's colours


def linear_accuracy(train: Array, label: Array, test: Array, wanted: Array) -> float:
    """What the best linear model of a few is right of: ridge regression on the classes, (N, ...) and labels (N,)."""
    x, y = train.reshape(len(train), -1).astype(np.float64), np.eye(label.max() + 1)[label]
    mean, inner = x.mean(axis=0), test.reshape(len(test), -1) - x.mean(axis=0)
    x -= mean
    products, across = x @ x.T, inner @ x.T
    scale = np.trace(products) / len(x)
    found = [across @ np.linalg.solve(products + much * scale * np.eye(len(x)), y) for much in (0.01, 0.1, 1, 10)]
    return max(float((scores.argmax(axis=1) == wanted).mean()) for scores in found)


LINEAR: list[tuple[Drawn, Callable[[dict[str, Array]], Array], float]] = [  # a set, what is seen, right at most
    (MovingShapes(), lambda c: c["film"], 0.3),
    (Sentences(), lambda c: np.eye(len(WORDS))[c["sentence"]], 0.65),
    (Stops(), lambda c: c["speech"], 0.85),
    (Keywords(), lambda c: c["spectrogram"], 0.85),
    (PlacedDigits(), lambda c: c["image"], 0.2),
    (DigitPairs(), lambda c: np.abs(c["left"] - c["right"]), 0.65),
]


@pytest.mark.parametrize(("drawn", "seen", "most"), LINEAR, ids=[drawn.name for drawn, _, _ in LINEAR])
def test_no_linear_model_does_the_task(drawn: Drawn, seen: Callable[[dict[str, Array]], Array], most: float) -> None:
    train, test = columns(drawn, 1000), columns(drawn, 500, key=1)
    labels = [(part["label"] if "label" in part else part["target"][:, 0]).astype(int) for part in (train, test)]
    right = linear_accuracy(seen(train), labels[0], seen(test), labels[1])
    assert right < most


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (lambda: Sentences(length=3), "length is from 8"),
        (lambda: MovingShapes(frames=1), "frames are from 2"),
        (lambda: PlacedDigits(size=9), "size is from 32"),
        (lambda: ShapesOnGrid(size=60), "a multiple of 8"),
        (lambda: StickFigures(size=9), "size is from 32"),
        (lambda: Scenes(size=9), "size is from 32"),
        (lambda: DigitPairs(size=9), "size is from 16"),
        (lambda: Products(kinds=1), "kinds are 2 or more"),
        (lambda: Products(tests=1), "tests is at least 2"),
    ],
)
def test_sizes_are_bounded(wrong, why) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=why):
        wrong()
