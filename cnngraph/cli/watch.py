"""`cnngraph watch`: check a file at every save, and draw it again."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import click

from cnngraph.cli.files import must_be_writable, rewrite, write
from cnngraph.cli.options import Real, depth_option, direction_option, read_settings, source_options, style_options

if TYPE_CHECKING:
    from cnngraph.render.options import Options
    from cnngraph.watch.drawing import Look


@click.command()
@source_options
@click.option("--render", is_flag=True, help="Draw the net at every save; a broken one as far as it goes.")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="The picture's file; FILE.svg by default.")
@depth_option
@direction_option
@style_options
@click.option("--interval", type=Real(0.01, 60), default=0.2, show_default=True, metavar="SECONDS",
              help="How often to look whether a file was saved.")  # fmt: skip
def command(
    file: Path,
    net: str | None,
    settings: tuple[str, ...],
    render: bool,
    output: Path | None,
    depth: int | None,
    direction: str | None,
    looks: dict[str, Any],
    interval: float,
) -> None:
    """Check the net of FILE now and whenever it or one of its imports is saved; Ctrl-C ends.

    With --render its picture is drawn again each time. Where the file is wrong, the picture shows the net as far as it
    goes: what refused its input is a dashed box at the end of a red arrow.
    """
    from cnngraph.watch.drawing import look
    from cnngraph.watch.saves import saves

    target = (output or file.with_suffix(".svg")) if render or output else None
    if target:
        must_be_writable(target)
        if target.suffix != ".svg":
            raise click.BadParameter(f"{target} does not end in .svg: watch draws no other pictures", param_hint="-o")
    values = read_settings(settings)
    files = {file}
    with _ended_by_interrupt():
        for _ in saves(lambda: files, interval):
            seen = look(file, net, values)
            files.update(seen.files)
            _tell(seen)
            if target:
                _draw(seen, target, depth=depth, direction=direction, **looks)


@contextmanager
def _ended_by_interrupt() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        click.echo()


def _tell(seen: Look) -> None:
    """The findings, and the figures of the net, with the time of the day."""
    from cnngraph.reports.terminal import report, wants_colour

    colour = wants_colour(sys.stdout)
    if seen.found:
        click.echo(f"\n{report(seen.found, colour)}\n", color=colour)
    click.echo(f"{time.strftime('%H:%M:%S')}  {seen.figures}{_count(seen)}")


def _count(seen: Look) -> str:
    kinds = [finding.severity for finding in seen.found]
    counted = [(kind, kinds.count(kind)) for kind in ("error", "warning") if kind in kinds]
    return "".join(f", {count} {kind}{'s' if count > 1 else ''}" for kind, count in counted)


def _draw(seen: Look, target: Path, **options: Unpack[Options]) -> None:
    """Write the picture; a viewer that shows the old one sees that or the new one, never a part."""
    from cnngraph.diagnostics import CnnGraphError

    try:
        picture = seen.svg(**options)
    except CnnGraphError as error:  # no engine, or one that takes too long: the next save may do
        click.echo(str(error), err=True)
        return
    (rewrite if target.exists() else write)(target, picture)
    click.echo(f"{'':10}picture: {target}")
