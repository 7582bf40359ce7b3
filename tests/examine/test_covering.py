"""Occlusion against a computation of each place by itself."""

from __future__ import annotations

import numpy as np
import pytest
from examine.nets import HOW, SMALL, image, small

from cnngraph.diagnostics import CnnGraphError
from cnngraph.examine.covering import occlusion
from cnngraph.examine.picture import Picture
from cnngraph.net import loads


def test_each_place_is_a_run_of_its_own() -> None:
    net, x = small(), image()
    found = occlusion(net, Picture(x, HOW), 2, size=3, stride=2)
    assert (list(found.tops), list(found.lefts)) == ([0, 2, 4, 6], [0, 2, 4, 6, 7])
    for row, top in enumerate(found.tops):
        for column, left in enumerate(found.lefts):
            covered = x.copy()
            covered[top : top + 3, left : left + 3] = 0  # the mean of normalized images
            np.testing.assert_allclose(found.outputs[row, column], net(covered[None])[0], rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(found.whole, net(x[None])[0], rtol=1e-6)


def test_many_places_take_several_batches() -> None:
    net, x = small(), image()
    found = occlusion(net, x, 0, size=2, stride=1)
    assert found.probabilities.shape == (8, 9)
    covered = x.copy()
    covered[7:, 8:] = x.mean(axis=(0, 1))  # nobody says what grey is: the mean of the picture
    assert found.probabilities[-1, -1] == pytest.approx(float(net(covered[None])[0, 0]), rel=1e-5)


def test_a_square_of_given_brightness() -> None:
    net, x = small(), image()
    found = occlusion(net, Picture(x, HOW), 1, size=9, brightness=0.9)
    covered = x.copy()
    covered[:, 1:] = (0.9 - np.array(HOW.mean)) / np.array(HOW.std)
    assert found.probabilities[0, -1] == pytest.approx(float(net(covered[None])[0, 1]), rel=1e-5)


def test_each_pixel_has_the_mean_of_the_places_that_cover_it() -> None:
    found = occlusion(small(), image(), 0, size=4, stride=3)
    over = [p for t, row in zip(found.tops, found.probabilities, strict=True) if t <= 4 < t + 4
            for left, p in zip(found.lefts, row, strict=True) if left <= 3 < left + 4]  # fmt: skip
    assert found.by_pixel[4, 3] == pytest.approx(np.mean(over))
    assert len(over) > 1
    top, left = found.worst
    assert found.probabilities[found.tops.index(top), found.lefts.index(left)] == found.probabilities.min()


def test_it_is_drawn_and_told() -> None:
    found = occlusion(small(), Picture(image(), HOW, "mine"), class_names=("cat", "dog", "cow"))
    assert found.sheet().image.ndim == 3
    assert f"class {('cat', 'dog', 'cow')[found.number]}:" in str(found)


def test_squares_that_do_not_fit_are_refused() -> None:
    net, x = small(), image()
    for how in ({"size": 0}, {"size": 10}, {"stride": 0}):
        with pytest.raises(CnnGraphError, match=r"E0108.*do not fit a picture of 9x10"):
            occlusion(net, x, 0, **how)
    with pytest.raises(CnnGraphError, match=r"E0705.*no class 3"):
        occlusion(net, x, 3)


def test_outputs_that_are_no_probabilities_become_some() -> None:
    whole = small()
    scores = loads(SMALL.replace("dense(3) -> softmax", "dense(3)"))
    scores.states = {name.replace("output.dense", "output"): value for name, value in whole.states.items()}
    known, found = occlusion(whole, image()), occlusion(scores, image())
    np.testing.assert_allclose(found.whole, known.whole, rtol=1e-5)
    np.testing.assert_allclose(found.probabilities, known.probabilities, rtol=1e-5)
