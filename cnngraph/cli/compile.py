"""`cnngraph compile`: check a net, and print or draw its graph, forward or with the gradient."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cnngraph.cli.options import (
    PICTURE_FORMATS,
    Real,
    depth_option,
    direction_option,
    figure_options,
    read_settings,
    source_options,
    step_option,
    style_options,
)
from cnngraph.cli.sources import load_net


@click.command()
@source_options
@click.option("--gradient", is_flag=True, help="The whole training step: forward, backward and update.")
@step_option
@click.option("--render", is_flag=True, help="Draw the graph.")
@click.option("--print", "text", is_flag=True, help="Print the graph, one node a line, in the form that reads back.")
@click.option("--format", "format_", type=click.Choice(PICTURE_FORMATS), help="Of the picture; svg by default.")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="The picture's file; NET.svg by default.")
@depth_option
@click.option("--expand", multiple=True, metavar="PATH", help="A block to draw in full, e.g. conv4.bottleneck[2].")
@click.option("--focus", metavar="PATH", help="The one block to draw, with its neighbours, e.g. i4a.")
@direction_option
@style_options
@figure_options
@click.option("--scale", type=Real(0.1, 20), default=2.0, show_default=True, help="Of png: 1 is 96 dpi.")
def command(
    file: Path,
    net: str | None,
    settings: tuple[str, ...],
    gradient: bool,
    step: str | None,
    render: bool,
    text: bool,
    format_: str | None,
    output: Path | None,
    depth: int | None,
    expand: tuple[str, ...],
    focus: str | None,
    direction: str,
    looks: dict[str, Any],
    scale: float,
) -> None:
    """Check the net of FILE; with --render, draw it, and a wrong one as far as it goes."""
    from cnngraph.diagnostics import CnnGraphError
    from cnngraph.ir.text import to_text
    from cnngraph.render.dot import save

    if step and not gradient:
        raise click.UsageError("--step is about training: add --gradient")
    if focus is not None and (depth is not None or expand):
        raise click.UsageError("--focus shows one block: without --depth and --expand")
    looks |= {"depth": depth, "expand": expand, "focus": focus, "direction": direction}
    drawn = render or output or format_
    try:
        loaded = load_net(file, net, settings)
    except CnnGraphError:
        if drawn and file.suffix == ".cnn" and file.is_file():
            target = output or Path(f"{file.stem}.{_ending(format_)}")
            _draw_broken(file, net, settings, target, format_ or _format_of(target), scale, looks)
        raise
    loaded.step = step
    graph = loaded.training_graph() if gradient else loaded.graph
    if text:
        click.echo(to_text(graph))
    else:
        totals = loaded.summary().totals
        figures = ", ".join(
            f"{value:,} {name}" if isinstance(value, int) else f"{name} {value}"
            for name, value in totals.items()
            if name != "activation bytes"
        )
        click.echo(f"{loaded!r}\n{len(graph.nodes) - len(graph.states):,} nodes, {figures}")
    if drawn:
        name = "_".join([loaded.name, *([step] if step else []), *(["gradient"] if gradient else [])])
        target = output or Path(f"{name}.{_ending(format_)}")
        save(graph, target, format_ or _format_of(target), scale, **looks)
        click.echo(f"picture: {target}")


def _ending(format: str | None) -> str:
    """Of a file in that format."""
    return "mmd" if format == "mermaid" else format or "svg"


def _format_of(target: Path) -> str | None:
    """None where the ending of the file says it."""
    return None if target.suffix else "svg"


def _draw_broken(
    file: Path,
    net: str | None,
    settings: tuple[str, ...],
    target: Path,
    format_: str | None,
    scale: float,
    looks: dict[str, Any],
) -> None:
    """The picture of a wrong file, if it goes anywhere, with what is wrong; blocks are chosen in right ones only."""
    from cnngraph.render.dot import save
    from cnngraph.watch.broken import drawable
    from cnngraph.watch.drawing import look

    seen = look(file, net, read_settings(settings))
    graph, overlay = drawable(seen.observation, seen.name)
    if not graph.nodes:
        return
    plain: dict[str, Any] = {"style": "paper"} if looks["style"] == "volumes" else {}  # volumes show nothing wrong
    save(graph, target, format_, scale, overlay=overlay, **looks | plain | {"expand": (), "focus": None})
    click.echo(f"picture, as far as the file goes: {target}")
