"""`cnngraph report`: training runs as one page of HTML."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cnngraph.cli.options import execution_options, net_option, set_option
from cnngraph.cli.sources import Weights, load_net, weights_options
from cnngraph.interop.endings import is_model

if TYPE_CHECKING:
    from cnngraph.runtime.settings import Settings


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="RUN... [FILE]", type=click.Path(path_type=Path))
@click.option("--name", "names", multiple=True, help="What a run is called, once for each; else by its net or file.")
@net_option
@set_option
@weights_options("tested for the page, with its mistakes, filters, ...; else no test is made")
@click.option("--data", type=click.Path(path_type=Path), help="The folder where data sets are kept.")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="The first RUN with the ending .html by default.")
@execution_options
def command(
    files: tuple[Path, ...],
    names: tuple[str, ...],
    net: str | None,
    settings: tuple[str, ...],
    weights: Weights,
    data: Path | None,
    output: Path | None,
    execution: Settings,
) -> None:
    """Write the log RUN as a page: result, curves, epochs, time; several RUNs beside each other.

    RUN is what `cnngraph train --log` writes, or the JSON of `--history`. With FILE, the .cnn file, the page has the
    network and its recipe; with --weights also what the net confuses, examples, filters, maps, gradients. The page
    needs no other file.
    """
    from cnngraph.cli.files import must_be_page, write
    from cnngraph.pages.report import Subject, report, tried
    from cnngraph.pages.report.recipe import recipe_of
    from cnngraph.render.chart import require_matplotlib
    from cnngraph.train.curves import read_runs

    paths, file = divided(files)
    target = output or paths[0].with_suffix(".html")
    if target in files:
        raise click.UsageError(f"the page cannot take the place of {target}: say where with -o")
    if file is None and weights.path is not None:
        raise click.UsageError("--weights needs FILE, the .cnn file of the net")
    require_matplotlib()
    must_be_page(target)
    subject = Subject(read_runs(paths, names))
    if file is not None:
        loaded = load_net(file, net, settings)
        loaded.settings = execution
        subject = replace(subject, net=loaded, recipe=recipe_of(file, loaded.name))
        if weights.path is not None:
            weights.load(loaded)
            subject = replace(subject, trial=tried(loaded, loaded.data(data)))
    write(target, report(subject))
    click.echo(target)


def divided(files: tuple[Path, ...]) -> tuple[tuple[Path, ...], Path | None]:
    """The runs, and the file of the net if there is one."""
    nets = [file for file in files if file.suffix == ".cnn" or is_model(file)]
    runs = tuple(file for file in files if file not in nets)
    if len(nets) > 1 or not runs:
        raise click.UsageError("which run? give logs, and at most one .cnn file")
    return runs, nets[0] if nets else None
