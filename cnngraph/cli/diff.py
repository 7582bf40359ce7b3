"""`cnngraph diff`: which layers, shapes and parameters differ between two nets; or two divisions of one net."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cnngraph.cli.division import KEPT, partition_of
from cnngraph.cli.files import must_be_drawing, must_be_page, write
from cnngraph.cli.options import style_options, table_format_option
from cnngraph.cli.sources import load_net

if TYPE_CHECKING:
    from cnngraph.compare.difference import Difference
    from cnngraph.compare.divisions import Divisions
    from cnngraph.net import Net

COLOURS = {"-": "red", "+": "green", "~": "yellow", ">": "magenta", "=": "cyan"}


@dataclass(frozen=True)
class Side:
    """One of both: a file, which net of it, and its settings."""

    text: str
    net: str | None
    settings: tuple[str, ...]

    def load(self) -> Net:
        """The net that is meant by `net.cnn` or `net.cnn:name`."""
        path, colon, name = self.text.rpartition(":")
        if colon and path and not Path(self.text).exists():
            return load_net(Path(path), self.net or name, self.settings)
        return load_net(Path(self.text), self.net, self.settings)


@click.command()
@click.argument("a")
@click.argument("b")
@click.option("--net-a", metavar="NAME", help="The net of A; its last one by default. Also written A.cnn:NAME.")
@click.option("--net-b", metavar="NAME", help="The net of B. Also written B.cnn:NAME.")
@click.option("--set-a", multiple=True, metavar="NAME=VALUE", help="A parameter or a size of A: classes=10, H=224.")
@click.option("--set-b", multiple=True, metavar="NAME=VALUE", help="A parameter or a size of B.")
@click.option("--of", metavar="NET.cnn", help="A and B are divisions of this net: kept.json, or what --devices takes.")
@click.option("--batch", type=click.IntRange(1),
              help="Samples in one run, of divisions that are not kept; 1 by default.")  # fmt: skip
@click.option("--gradient", is_flag=True, help="The divisions are those of the whole training step.")
@table_format_option
@click.option("--render", "picture", type=click.Path(path_type=Path), metavar="FILE",
              help="Draw both as one picture: added green, removed red, changed amber, moved purple.")  # fmt: skip
@style_options
@click.option("--page", type=click.Path(path_type=Path), metavar="FILE.html",
              help="Write a page with both side by side, the list of changes and both texts.")  # fmt: skip
def command(
    a: str,
    b: str,
    net_a: str | None,
    net_b: str | None,
    set_a: tuple[str, ...],
    set_b: tuple[str, ...],
    of: str | None,
    batch: int | None,
    gradient: bool,
    format_: str,
    picture: Path | None,
    looks: dict[str, Any],
    page: Path | None,
) -> None:
    """Compare the nets of two files, or two nets of one file (net.cnn:small net.cnn:large); models of others too.

    A row begins with - for what only A has, + for what only B has, ~ for what has changed, > for what has moved, = for
    another name. With --of two divisions of one net are compared: which layers run elsewhere, and what that changes.
    As with diff, the exit status is 0 where nothing differs (whatever nodes are called), 1 where something does; it
    is 1 as well for a file with errors, which are printed, and 2 for a wrong command line.
    """
    must_be_drawing(picture)
    must_be_page(page)
    same = False
    if of is not None:
        if picture:
            raise click.UsageError("--render is about two nets: with --of there is --page")
        pair = Side(of, net_a, set_a), Side(of, net_b, set_b)
        same = _show_divisions((a, b), pair, batch, gradient, format_, page)
    else:
        _refuse_kept((a, b), batch, gradient)
        same = _show_nets(Side(a, net_a, set_a), Side(b, net_b, set_b), format_, picture, page, looks)
    if not same:
        raise SystemExit(1)


def _show_nets(a: Side, b: Side, format_: str, picture: Path | None, page: Path | None, looks: dict[str, Any]) -> bool:
    from cnngraph.compare.difference import difference
    from cnngraph.compare.picture import save_picture

    found = difference(a.load().graph, b.load().graph)
    click.echo(_told(found, format_), color=None)
    if picture:
        drawn = save_picture(found, picture, title=f"{a.text} -> {b.text}", **looks)
        click.echo(f"picture: {drawn}", err=format_ != "text")
    if page:
        from cnngraph.pages.difference.nets import nets_page

        _write_page(page, nets_page(found, (a.text, b.text)), format_)
    return found.same


def _told(found: Difference, format_: str) -> str:
    """What differs, in colour for people."""
    from cnngraph.compare.table import changes_table, figures_table

    if found.same:
        return "the same graph" if found.identical else "the same graph, with other names"
    if format_ != "text":
        return changes_table(found).to(format_)
    lines = changes_table(found).text().splitlines()
    rows = (click.style(line, fg=COLOURS.get(line[:1]) if line[1:2] == " " else None) for line in lines)
    return "\n".join([*rows, "", str(figures_table(found))])


def _refuse_kept(given: tuple[str, str], batch: int | None, gradient: bool) -> None:
    """A kept division names its net, but does not hold it."""
    if kept := next((text for text in given if text.endswith(KEPT)), None):
        raise click.UsageError(f"{kept} is a division, which does not hold its net: add --of net.cnn")
    if batch or gradient:
        raise click.UsageError("--batch and --gradient are about divisions: add --of net.cnn")


def _show_divisions(
    given: tuple[str, str], pair: tuple[Side, Side], batch: int | None, gradient: bool, format_: str, page: Path | None
) -> bool:
    from cnngraph.compare.divisions import divisions

    nets = [side.load() for side in pair]
    found = divisions(*(partition_of(text, net, batch or 1, gradient) for text, net in zip(given, nets, strict=True)))
    click.echo(_told_divisions(found, format_))
    if page:
        from cnngraph.pages.difference.divided import divisions_page

        a, b = (text if Path(text).suffix else f"--devices {text}" for text in given)
        _write_page(page, divisions_page(found, (a, b)), format_)
    return found.same


def _told_divisions(found: Divisions, format_: str) -> str:
    from cnngraph.compare.division_table import devices_table, figures_table, moves_table

    if format_ != "text":
        return moves_table(found).to(format_)
    moved = moves_table(found).text() if found.moves else "every layer runs where it ran"
    return f"{moved}\n\n{figures_table(found)}\n\n{devices_table(found)}"


def _write_page(path: Path, text: str, format_: str) -> None:
    write(path, text)
    click.echo(f"page: {path}", err=format_ != "text")
