"""The receptive field on an image: the box against what changes, and the slopes inside of it."""

from __future__ import annotations

import numpy as np
import pytest
from examine.nets import HOW, image, small

import cnngraph
from cnngraph.diagnostics import CnnGraphError
from cnngraph.examine.fields import receptive_field
from cnngraph.examine.picture import Picture


@pytest.mark.parametrize("position", [(0, 0), (2, 1), (1, 2)])
def test_slopes_lie_in_the_box_and_reach_its_ends(position: tuple[int, int]) -> None:
    found = receptive_field(small(), "c3", position)
    rows, columns = np.nonzero(found.slopes)
    assert ((rows.min(), rows.max() + 1), (columns.min(), columns.max() + 1)) == found.box
    assert 1 < found.effective <= np.sqrt(np.prod(found.extent))


def test_the_middle_is_the_usual_place() -> None:
    found = receptive_field(small(), "c1")
    assert (found.position, found.box, found.extent) == ((4, 5), ((3, 6), (4, 7)), (3, 3))
    assert str(found).startswith("c1.tanh at 4,5 sees 3x3: rows 3 to 5, columns 4 to 6; effective ")


def test_a_vector_sees_everything() -> None:
    found = receptive_field(small(), "f4")
    assert (found.position, found.box) == ((), ((0, 9), (0, 10)))


def test_the_part_that_counts_is_smaller_where_many_ways_lead_to_the_middle() -> None:
    """A stack of equal windows is about a bell: the sides of the box count little (Luo et al., section 2.1)."""
    net = cnngraph.loads("net n(image: 1@41x41) { repeat 15 { conv(1, 3x3, same, bias = false) } }")
    net.states = {name: np.full_like(value, 1 / 9) for name, value in net.runner().states.items()}
    found = receptive_field(net, "conv[15]", samples=1)
    assert found.extent == (31, 31)
    assert 10 < found.effective < 20
    assert np.unravel_index(found.slopes.argmax(), (41, 41)) == (20, 20)


def test_open_sizes_are_those_of_the_image() -> None:
    net = cnngraph.loads("net n(image: 1@HxW) where H >= 3, W >= 3 { conv(2, 3x3) -> relu }")
    assert receptive_field(net, "relu", image=image(shape=(7, 9, 1))).box == ((2, 5), (3, 6))
    assert receptive_field(net, "relu", (0, 0), size=(7, 9)).box == ((0, 3), (0, 3))
    with pytest.raises(CnnGraphError, match=r"E0705.*open"):
        receptive_field(net, "relu")


def test_it_is_drawn_on_the_image() -> None:
    found = receptive_field(small(), "c3", (2, 0), image=Picture(image(), HOW, "mine"))
    assert found.sheet(scale=8).image.ndim == 3
    with pytest.raises(CnnGraphError, match="E0705"):
        receptive_field(small(), "c3", (3, 0))
    with pytest.raises(CnnGraphError, match=r"(?s)E0101.*did you mean"):
        receptive_field(small(), "c2")
