"""`cnngraph report`: a training run as one page of HTML."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cnngraph.cli.options import execution_options, net_option, set_option
from cnngraph.cli.sources import Weights, load_net, weights_options

if TYPE_CHECKING:
    from cnngraph.runtime.settings import Settings


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("file", required=False, type=click.Path(path_type=Path))
@net_option
@set_option
@weights_options("tested for the page, with its confusions; else no test is made")
@click.option("--data", type=click.Path(path_type=Path), help="The folder where data sets are kept.")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="RUN with the ending .html by default.")
@execution_options
def command(
    run: Path,
    file: Path | None,
    net: str | None,
    settings: tuple[str, ...],
    weights: Weights,
    data: Path | None,
    output: Path | None,
    execution: Settings,
) -> None:
    """Write the log RUN as a page: result, curves, epochs, time; with FILE, the .cnn file, also network and recipe.

    RUN is what `cnngraph train --log` writes, or the JSON of `--history`. The page needs no other file.
    """
    from cnngraph.cli.files import must_be_writable, write
    from cnngraph.pages.report import Subject, report
    from cnngraph.pages.report.recipe import recipe_of
    from cnngraph.train.log import read_log

    target = output or run.with_suffix(".html")
    if target == run:
        raise click.UsageError("the page cannot take the place of its log: say where with -o")
    must_be_writable(target)
    log, loaded, tested, words = read_log(run), None, None, ""
    if file is None and weights.path is not None:
        raise click.UsageError("--weights needs FILE, the .cnn file of the net")
    if file is not None:
        loaded = load_net(file, net, settings)
        loaded.settings = execution
        words = recipe_of(file, loaded.name)
        if weights.path is not None:
            weights.load(loaded)
            tested = loaded.evaluate(loaded.data(data))
    write(target, report(Subject(log, loaded, words, tested)))
    click.echo(target)
