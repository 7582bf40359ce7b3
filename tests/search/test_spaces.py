"""Values that a search tries, as they are written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnngraph.diagnostics import CnnGraphError
from cnngraph.elaborate.calls import read_value
from cnngraph.search.spaces import Lin, Listed, Log, Whole, is_logarithmic, read_space, value_text


@pytest.mark.parametrize(
    ("text", "space"),
    [
        ("8,16, 32", Listed((8, 16, 32))),
        ("0.5", Listed((0.5,))),
        ("sgd,adam", Listed(("sgd", "adam"))),
        ("true,false", Listed((True, False))),
        ("lin(0,0.5)", Lin(0, 0.5)),
        (" log( 1e-4 , 1e-1 , 5 ) ", Log(1e-4, 1e-1, 5)),
        ("int(4,64)", Whole(4, 64)),
    ],
)
def test_forms(text, space) -> None:
    assert read_space("name", text) == space


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "between commas"),
        ("8,,16", "between commas"),
        ("lgo(1,2)", "there is no `lgo`"),
        ("log(1)", "takes two numbers"),
        ("log(a,b)", "takes two numbers"),
        ("log(0,1)", "above 0"),
        ("lin(2,1)", "to a larger one"),
        ("lin(0,inf)", "to a larger one"),
        ("lin(0,1,1)", "from 2"),
        ("lin(0,1,2.5)", "from 2"),
        ("int(0.5,2)", "whole number"),
    ],
)
def test_what_is_no_space(text, words) -> None:
    with pytest.raises(CnnGraphError, match=words) as caught:
        read_space("lr", text)
    assert caught.value.diagnostics[0].code == "E0108"


def test_grids() -> None:
    assert Listed((8, 16, 8)).grid() == (8, 16)
    assert Log(1, 100, 3).grid() == (1.0, 10.0, 100.0)
    assert Whole(2, 5).grid() == (2, 3, 4, 5)
    assert Whole(1, 9, 3).grid() == (1, 5, 9)
    with pytest.raises(ValueError, match="log\\(1,100,5\\)"):
        Log(1, 100).grid()


@given(st.floats(0, 1, exclude_max=True), st.sampled_from([Lin(-1, 2), Log(1e-5, 10), Whole(-3, 3)]))
def test_values_lie_between_the_bounds_and_are_read_back(place, space) -> None:
    value = space.at(place)
    assert space.low <= value <= space.high
    assert read_value(value_text(value)) == value


def test_whole_numbers_are_equally_likely() -> None:
    drawn = [Whole(0, 3).at(place / 1000) for place in range(1000)]
    assert [drawn.count(n) for n in range(4)] == [250] * 4


def test_which_numbers_are_shown_by_their_logarithm() -> None:
    assert is_logarithmic((1e-4, 1e-1))
    assert not is_logarithmic((0, 0.9))
    assert not is_logarithmic((8, 16, 32))
    assert not is_logarithmic(("sgd", "adam"))


@pytest.mark.parametrize("text", ["0.1,0.2", "adam", "log(0.0001,0.1)", "lin(0,0.9,3)", "int(4,64)"])
def test_spaces_are_told_as_they_are_written(text: str) -> None:
    assert str(read_space("it", text)) == text
