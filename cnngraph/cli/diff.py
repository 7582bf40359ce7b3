"""`cnngraph diff`: which layers, shapes and parameters differ between two nets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cnngraph.cli.files import must_be_writable
from cnngraph.cli.options import table_format_option
from cnngraph.cli.sources import load_net

if TYPE_CHECKING:
    from cnngraph.ir.graph import Graph

COLOURS = {"-": "red", "+": "green", "~": "yellow", ">": "magenta", "=": "cyan"}


@click.command()
@click.argument("a")
@click.argument("b")
@click.option("--net-a", metavar="NAME", help="The net of A; its last one by default. Also written A.cnn:NAME.")
@click.option("--net-b", metavar="NAME", help="The net of B. Also written B.cnn:NAME.")
@click.option("--set-a", multiple=True, metavar="NAME=VALUE", help="A parameter or a size of A: classes=10, H=224.")
@click.option("--set-b", multiple=True, metavar="NAME=VALUE", help="A parameter or a size of B.")
@table_format_option
@click.option("--render", "picture", type=click.Path(path_type=Path), metavar="FILE",
              help="Draw both as one picture: added green, removed red, changed amber.")  # fmt: skip
def command(
    a: str,
    b: str,
    net_a: str | None,
    net_b: str | None,
    set_a: tuple[str, ...],
    set_b: tuple[str, ...],
    format_: str,
    picture: Path | None,
) -> None:
    """Compare the nets of two files, or two nets of one file (net.cnn:small net.cnn:large); models of others too.

    A row begins with - for what only A has, + for what only B has, ~ for what has changed, = for another name.
    As with diff, the exit status is 0 where the graphs are the same (whatever their nodes are called), 1 where
    they differ; it is 1 as well for a file with errors, which are printed, and 2 for a wrong command line.
    """
    from cnngraph.compare.difference import difference
    from cnngraph.compare.picture import save_picture
    from cnngraph.compare.table import changes_table, figures_table

    if picture:
        must_be_writable(picture)
    old, new = _graph(a, net_a, set_a), _graph(b, net_b, set_b)
    found = difference(old, new)
    if found.same:
        click.echo("the same graph" if found.identical else "the same graph, with other names")
    elif format_ == "text":
        for line in changes_table(found).text().splitlines():
            click.secho(line, fg=COLOURS.get(line[:1]) if line[1:2] == " " else None)
        click.echo(f"\n{figures_table(found)}")
    else:
        click.echo(changes_table(found).to(format_))
    if picture:
        click.echo(f"picture: {save_picture(found, picture, f'{a} -> {b}')}")
    if not found.same:
        raise SystemExit(1)


def _graph(text: str, net: str | None, settings: tuple[str, ...]) -> Graph:
    """The net that is meant by `net.cnn` or `net.cnn:name`."""
    path, colon, name = text.rpartition(":")
    if colon and path and not Path(text).exists():
        return load_net(Path(path), net or name, settings).graph
    return load_net(Path(text), net, settings).graph
