"""Short texts of the language, for the tests of this folder: what they give, or what is said about them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cnngraph.diagnostics import CnnGraphError, Diagnostic
from cnngraph.elaborate.elaborate import elaborate
from cnngraph.elaborate.modules import load_text
from cnngraph.elaborate.training import training
from cnngraph.ir.graph import Graph


def net(body: str, inputs: str = "x: 4@32x32", before: str = "") -> str:
    """A net around some lines."""
    return f"{before}\nnet n({inputs}) {{\n{body}\n}}"


def graph(text: str, folder: Path | None = None, **settings: object) -> Graph:
    return elaborate(load_text(text, "t.cnn", folder), settings=settings)


def shapes(text: str, **settings: object) -> str:
    """The outputs, as `name type`, in one line."""
    made = graph(text, **settings)
    return ", ".join(f"{name} {made.type_of(ref)}" for name, ref in made.outputs.items())


def findings(
    text: str, folder: Path | None = None, settings: Mapping[str, object] | None = None
) -> tuple[Diagnostic, ...]:
    """What is wrong with a text; nothing where all is right."""
    program = load_text(text, "t.cnn", folder)
    try:
        elaborate(program, settings=settings)
    except CnnGraphError as error:
        return error.diagnostics
    return ()


def train_findings(text: str) -> tuple[Diagnostic, ...]:
    try:
        training(load_text(text, "t.cnn"))
    except CnnGraphError as error:
        return error.diagnostics
    return ()


def said(text: str, **settings: object) -> list[str]:
    """Each finding as `code message`."""
    return [f"{d.code} {d.message}" for d in findings(text, settings=settings)]


def only(text: str, **settings: object) -> Diagnostic:
    """The one finding of a text."""
    (finding,) = findings(text, settings=settings)
    return finding
