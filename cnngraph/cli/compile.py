"""`cnngraph compile`: check a net, and print or draw its graph, forward or with the gradient."""

from __future__ import annotations

from pathlib import Path

import click

from cnngraph.cli.options import depth_option, direction_option, source_options, step_option
from cnngraph.cli.sources import load_net


@click.command()
@source_options
@click.option("--gradient", is_flag=True, help="The whole training step: forward, backward and update.")
@step_option
@click.option("--render", is_flag=True, help="Draw the graph.")
@click.option("--print", "text", is_flag=True, help="Print the graph, one node a line, in the form that reads back.")
@click.option("--format", "format_", type=click.Choice(["svg", "png", "dot"]), help="Of the picture; svg by default.")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="The picture's file; NET.svg by default.")
@depth_option
@click.option("--expand", multiple=True, metavar="PATH", help="A block to draw in full, e.g. conv4.bottleneck[2].")
@direction_option
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
    direction: str,
) -> None:
    """Check the net of FILE; with --render, draw it."""
    from cnngraph.ir.text import to_text
    from cnngraph.render.dot import save

    if step and not gradient:
        raise click.UsageError("--step is about training: add --gradient")
    loaded = load_net(file, net, settings)
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
    if render or output or format_:
        name = "_".join([loaded.name, *([step] if step else []), *(["gradient"] if gradient else [])])
        target = output or Path(f"{name}.{format_ or 'svg'}")
        format_ = format_ or target.suffix.removeprefix(".") or "svg"
        save(graph, target, format_, depth=depth, expand=expand, direction=direction)
        click.echo(f"picture: {target}")
