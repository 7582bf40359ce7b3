"""`cnngraph expand`: write a net without blocks, repetition and imports: one line for each operator."""

from __future__ import annotations

from pathlib import Path

import click

from cnngraph.cli.files import must_be_writable, write
from cnngraph.cli.options import source_options
from cnngraph.cli.sources import load_net


@click.command()
@source_options
@click.option("--output", "-o", type=click.Path(path_type=Path), help="The file to write; default: the terminal.")
def command(file: Path, net: str | None, settings: tuple[str, ...], output: Path | None) -> None:
    """Print the net of FILE as a flat file that compiles to the same graph.

    Blocks, lanes, residuals, repetition, choices and imports are worked out; what is left is one line for each
    operator, with its shape, its device, and a comment that gives its path in FILE.
    """
    from cnngraph.interop.flat.expand import expand

    if output:
        must_be_writable(output)
    text = expand(load_net(file, net, settings).graph)
    if output:
        write(output, text)
        click.echo(f"expanded: {output}")
    else:
        click.echo(text, nl=False)
