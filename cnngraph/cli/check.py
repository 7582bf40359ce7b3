"""`cnngraph check`: find everything that is wrong with files, in one run."""

from __future__ import annotations

from pathlib import Path

import click

from cnngraph.cli.options import read_settings, set_option
from cnngraph.diagnostics import CnnGraphError, Diagnostic


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@set_option
def command(files: tuple[Path, ...], settings: tuple[str, ...]) -> None:
    """Check every net of FILES and its train section; print all errors, or what the nets are."""
    found: list[Diagnostic] = []
    for file in files:
        try:
            for line in checked(file, read_settings(settings)):
                click.echo(line)
        except CnnGraphError as error:
            found += error.diagnostics
    if found:
        raise CnnGraphError(found)


def checked(file: Path, settings: object) -> list[str]:
    """A line for each net of a file; raises CnnGraphError with all errors of the file."""
    from cnngraph.elaborate.modules import load_file
    from cnngraph.elaborate.training import training
    from cnngraph.net import Net

    program = load_file(file)
    lines, found = [], list(program.found)
    for name in [] if found else program.nets or [None]:
        try:
            net = Net(program, name, settings)  # type: ignore[arg-type]
            lines.append(f"{file}: {net!r}, {net.parameters:,} parameters")
            if program.sections("train"):
                training(program, name, settings)  # type: ignore[arg-type]
        except CnnGraphError as error:
            found += error.diagnostics
    if found:
        raise CnnGraphError(found)
    return lines
