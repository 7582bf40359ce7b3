"""`cnngraph curves`: losses and metrics of runs as a picture."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN...", type=click.Path(path_type=Path))
@click.option("--output", "-o", required=True, type=click.Path(path_type=Path), help="A .png, .svg or .pdf file.")
@click.option("--name", "names", multiple=True, help="What a run is called, once for each; else by its net or file.")
@click.option(
    "--along", type=click.Choice(["epoch", "step", "seconds"]), default="epoch", show_default=True, help="The x axis."
)
@click.option("--only", metavar="NAMES", help="Figures with commas between: loss,accuracy.")
@click.option("--log-y", is_flag=True, help="Losses on a logarithmic axis.")
def command(
    runs: tuple[Path, ...], output: Path, names: tuple[str, ...], along: str, only: str | None, log_y: bool
) -> None:
    """Draw the curves of one run or several.

    A RUN is the log that `cnngraph train --log` writes, or the JSON of `--history`.
    """
    from cnngraph.cli.files import must_be_chart
    from cnngraph.train.curves import curves, read_runs

    must_be_chart(output)
    wanted = [word.strip() for word in (only or "").split(",") if word.strip()]
    curves(read_runs(runs, names), along=along, log_y=log_y, only=wanted).write(output)
    click.echo(output)
