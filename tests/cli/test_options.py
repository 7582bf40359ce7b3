"""Values of `--set`."""

from __future__ import annotations

import click
import pytest

from cnngraph.cli.options import Real, read_settings
from cnngraph.elaborate.calls import read_value


@pytest.mark.parametrize(
    ("text", "value"),
    [("7", 7), ("-7", -7), ("1_000", 1000), ("0.5", 0.5), ("1e-3", 0.001), ("true", True), ("false", False),
     ("avg", "avg"), ("", ""), ("True", "True")],
)  # fmt: skip
def test_values(text: str, value: object) -> None:
    assert read_value(text) == value
    assert type(read_value(text)) is type(value)


def test_the_last_value_holds() -> None:
    assert read_settings(("n=1", "text=a=b", "n=2")) == {"n": 2, "text": "a=b"}


@pytest.mark.parametrize("text", ["nan", "inf", "-1", "some"])
def test_numbers_within_bounds(text: str) -> None:
    assert Real(0).convert("0.5", None, None) == 0.5
    with pytest.raises(click.BadParameter, match=text):
        Real(0).convert(text, None, None)
