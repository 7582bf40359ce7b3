"""`cnngraph check`: find everything that is wrong with files, in one run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cnngraph.cli.options import read_settings, set_option
from cnngraph.diagnostics import CnnGraphError, Diagnostic, Label

if TYPE_CHECKING:
    from cnngraph.elaborate.modules import Program


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@set_option
def command(files: tuple[Path, ...], settings: tuple[str, ...]) -> None:
    """Check every net of FILES and its train section; print all errors, or what the nets are."""
    values = read_settings(settings)
    found: list[Diagnostic] = []
    for file in files:
        found += findings(show, file, values)
    if found:
        raise CnnGraphError(found)


def show(file: Path, settings: Mapping[str, object]) -> None:
    """Print a line for each net of a file. Raises CnnGraphError with all errors of the file."""
    from cnngraph.elaborate.modules import load_file
    from cnngraph.net import Net

    program = load_file(file)
    lines: list[str] = []

    def read(name: str | None) -> None:
        net = Net(program, name, settings)
        lines.append(f"{file}: {net!r}, {net.parameters:,} parameters")

    found = sections_of_no_net(program)
    for name in program.nets or [None]:
        found += findings(read, name)
        if is_trained(program, name):
            found += findings_of_training(program, name, settings)
    if found:
        raise CnnGraphError(found)
    click.echo("\n".join(lines))


def findings_of_training(program: Program, net: str | None, settings: Mapping[str, object]) -> list[Diagnostic]:
    """What is wrong with the train section of a net; the data itself is not looked for."""
    from cnngraph.elaborate.training import training
    from cnngraph.train.augment import chain_of
    from cnngraph.train.data import source_of
    from cnngraph.train.schedule import schedule_of

    try:
        spec = training(program, net, settings)
    except CnnGraphError as error:
        return list(error.diagnostics)
    found = findings(schedule_of, spec.schedule)
    for change in spec.augment:
        found += findings(chain_of, [change])
    return found if spec.data is None else found + findings(source_of, spec.data)


def findings(judge: Callable[..., object], *arguments: object) -> list[Diagnostic]:
    """What a call refuses; nothing where it returns."""
    try:
        judge(*arguments)
    except CnnGraphError as error:
        return list(error.diagnostics)
    return []


def is_trained(program: Program, net: str | None) -> bool:
    """Whether a train section of the file concerns this net: by name, or because it names none."""
    return any(section.name is None or section.name.text == net for section in program.sections("train"))


def sections_of_no_net(program: Program) -> list[Diagnostic]:
    """Train sections for nets that the file neither defines nor imports."""
    listed = ", ".join(program.nets) or "none"
    return [
        Diagnostic(
            "E0101",
            f"there is no net `{section.name.text}` to train",
            Label(section.name.span, "unknown"),
            helps=(f"the nets of this file: {listed}",),
        )
        for section in program.sections("train")
        if section.name is not None and section.name.text not in program.nets
    ]
