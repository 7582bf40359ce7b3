"""`cnngraph tune`: try many settings of a net and its training, side by side, and say which are best."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cnngraph.cli.options import Real, file_argument, net_option, table_format_option

if TYPE_CHECKING:
    from cnngraph.search.journal import Row


@click.command()
@file_argument
@net_option
@click.option(
    "--set", "settings", multiple=True, required=True, metavar="NAME=VALUES",
    help="What is searched: n1=8,16,32 or lr=log(1e-4,1e-1), momentum=lin(0,0.9), n2=int(4,64). One value is fixed.",
)
@click.option("--trials", type=click.IntRange(1), metavar="N", help="So many, drawn at random; 20 by default.")
@click.option("--grid", is_flag=True, help="All values with all; the default where only lists are given.")
@click.option(
    "--sampler", type=click.Choice(["random", "tpe"]), default="random", show_default=True,
    help="tpe draws where earlier trials were good (Optuna).",
)
@click.option("--halving", is_flag=True, help="After a few epochs only the best third goes on, and so forth.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the trials and of what judges.")
@click.option("--epochs", type=click.IntRange(1), help="Of each trial, instead of what the file says.")
@click.option(
    "--validation", type=Real(0, 1, min_open=True, max_open=True), default=0.2, show_default=True,
    help="The part of the training images that judges. The test images are not looked at.",
)
@click.option("--measure", metavar="NAME", help="The figure that is compared: loss, or a metric; the first by default.")
@click.option("--jobs", type=click.IntRange(1, 256), help="Processes; as many as there are cores by default.")
@click.option("--data", type=click.Path(path_type=Path), help="The folder where data sets are kept.")
@click.option(
    "--output", "-o", type=click.Path(path_type=Path),
    help="The folder of the search; NET.search by default. A search that is there goes on.",
)
@click.option("--plot", type=click.Path(path_type=Path), help="Draw the effect of each setting: .svg, .png or .pdf.")
@table_format_option
def command(
    file: Path,
    net: str | None,
    settings: tuple[str, ...],
    trials: int | None,
    grid: bool,
    sampler: str,
    halving: bool,
    seed: int,
    epochs: int | None,
    validation: float,
    measure: str | None,
    jobs: int | None,
    data: Path | None,
    output: Path | None,
    plot: Path | None,
    format_: str,
) -> None:
    """Train the net of FILE with many settings. Ctrl-C ends the search, the same command goes on with it."""
    from cnngraph.cli.files import must_be_chart
    from cnngraph.runtime.settings import Settings
    from cnngraph.search.spaces import Listed, read_space
    from cnngraph.search.tune import Plan, tune

    spaces = {name: read_space(name, text) for name, text in pairs(settings)}
    if grid and (trials or sampler == "tpe"):
        raise click.UsageError("--grid has all trials: leave out --trials and --sampler")
    if halving and sampler == "tpe":
        raise click.UsageError("--halving goes with --grid and with random trials")
    whole = grid or (trials is None and sampler == "random" and all(isinstance(s, Listed) for s in spaces.values()))
    must_be_chart(plot)
    plan = Plan(
        file, spaces, net, "grid" if whole else sampler, trials or 20, halving, seed, epochs, data, validation, measure
    )
    cores = Settings().worker_count
    jobs = jobs or cores
    found = tune(plan, output or Path(f"{file.stem}.search"), jobs=jobs, threads=max(1, cores // jobs), on_row=tell)
    click.echo(str(found) if format_ == "text" else found.table().to(format_))
    if found.best is None:
        raise SystemExit(1)
    if plot is not None:
        found.chart().write(plot)


def pairs(settings: tuple[str, ...]) -> list[tuple[str, str]]:
    """`("lr=0.1,0.2",)` as names and texts, each name once."""
    found: dict[str, str] = {}
    for text in settings:
        name, sign, values = (part.strip() for part in text.partition("="))
        if not sign or not name:
            raise click.BadParameter(f"{text!r} is not NAME=VALUES", param_hint="--set")
        if name in found:
            raise click.BadParameter(f"`{name}` is given twice", param_hint="--set")
        found[name] = values
    return list(found.items())


def tell(row: Row, tasks: int) -> None:
    """A line for each trial that is done."""
    from cnngraph.search.spaces import value_text
    from cnngraph.train.metrics.known import figure_text

    settings = "  ".join(f"{name}={value_text(value)}" for name, value in row.settings.items())
    figures = "  ".join(f"{name} {figure_text(name, figure)}" for name, figure in row.figures.items())
    click.echo(f"trial {row.trial}  {settings}  epoch {row.until}: {row.problem or figures}", err=True)
