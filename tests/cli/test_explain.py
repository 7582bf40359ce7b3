"""`cnngraph explain`: a page for each code, the contract of each layer, and what is said about anything else."""

from __future__ import annotations

import re

import pytest
from cli.terminal import Run

from cnngraph.diagnostics import CODES
from cnngraph.explain.pages import pages
from cnngraph.ir.registry import registry
from cnngraph.reference.pages import listing, page, whole


def test_the_list_has_every_code_and_every_layer(run: Run) -> None:
    out = run("explain").done().out
    codes, _, layers = out.partition("\n\n")
    assert codes.splitlines() == [f"{code:5}  {meaning}" for code, meaning in CODES.items()]
    assert layers.strip() == listing()


@pytest.mark.parametrize("name", ["E0301", "e0301", "W103"])
def test_a_page_in_a_pipe_is_its_text(run: Run, name: str) -> None:
    assert run("explain", name).done().out == pages()[name.upper()].text


def test_several_pages_stand_below_each_other(run: Run) -> None:
    out = run("explain", "E0301", "W103", "relu").done().out
    assert out.startswith(f"{pages()['E0301'].text}\n{pages()['W103'].text}\n# relu\n")


def test_a_page_on_a_terminal_is_drawn(run: Run) -> None:
    out = run("explain", "E0301", "--color", "always").done().out
    assert "\x1b[" in out
    plain = re.sub(r"\x1b\[[\d;]*m", "", out)
    assert "project conv(16, 1x1/2)" in plain
    assert "```" not in plain
    assert "##" not in plain


def test_a_layer_is_its_contract(run: Run) -> None:
    out = run("explain", "conv").done("# conv", "y[n, o, k] = bias[k]", "E0202 no grid", "**fields**: features").out
    assert out == page(registry()["conv"])


def test_a_layer_on_a_terminal_is_drawn(run: Run) -> None:
    out = run("explain", "conv", "--color", "always").done().out
    plain = re.sub(r"\x1b\[[\d;]*m", "", out)
    assert "window 1       # # #" in plain
    assert "**" not in plain
    assert "```" not in plain


def test_all_layers_are_one_page(run: Run) -> None:
    out = run("explain", "operators", "--format", "markdown", "--color", "always").done().out
    assert out == whole()


@pytest.mark.parametrize(
    ("name", "help_"),
    [
        ("E0310", "did you mean `E030"),
        ("W13", "did you mean `W1"),
        ("cnov", "did you mean `conv`?"),
        ("Conv2D", "cnngraph calls this layer `conv`"),
        ("?", "`cnngraph explain` lists the codes and the layers"),
    ],
)
def test_what_is_neither(run: Run, name: str, help_: str) -> None:
    assert run("explain", name).refused(f"no layer `{name}`", help_).codes == ["E0101"]
