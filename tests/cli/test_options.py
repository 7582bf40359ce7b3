"""Values of `--set`, and numbers within bounds."""

from __future__ import annotations

import click
import pytest

from cnngraph.cli.main import cli
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


def test_no_option_takes_what_is_no_number() -> None:
    """All numbers with bounds are `Real`."""
    with click.Context(cli) as context:
        commands = [cli.get_command(context, name) for name in cli.list_commands(context)]
    named = {param.type for command in commands if command for param in command.params}
    bounded = [type_ for type_ in named if isinstance(type_, click.FloatRange)]
    assert bounded
    assert all(isinstance(type_, Real) for type_ in bounded)
