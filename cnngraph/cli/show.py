"""`cnngraph show`: what a trained net says of samples, drawn beside what is true: boxes, joints, masks, copies, ..."""

from __future__ import annotations

from pathlib import Path

import click

from cnngraph.cli.examined import Subject, examined, output_option, part_option, scale_option


@click.command()
@examined()
@part_option
@click.option("--count", type=click.IntRange(1, 1000), default=12, show_default=True, help="How many samples.")
@click.option("--first", type=click.IntRange(0), default=0, show_default=True, help="The number of the first one.")
@click.option("--columns", type=click.IntRange(1), help="How many samples stand in a row.")
@scale_option
@output_option
def command(
    subject: Subject, part: str, count: int, first: int, columns: int | None, scale: int | None, output: Path | None
) -> None:
    """Draw what the net of FILE says of samples of its data.

    The metrics of its train section say how: classes as words, boxes, joints, masks, copies, nearest neighbours.
    What is true is green.
    """
    from cnngraph.examine.shown import predictions

    found = predictions(subject.net, subject.data, part, count, first)
    subject.show("predictions", found, found.sheet(scale, columns), output)
