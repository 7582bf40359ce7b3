"""`cnngraph fmt`: write files in the one style, in place."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from cnngraph.cli.files import rewrite, show_change
from cnngraph.diagnostics import CnnGraphError, Diagnostic, error

STDIN = Path("-")


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, allow_dash=True))
@click.option("--check", is_flag=True, help="Write nothing; list the files that would change, with exit status 1.")
@click.option("--diff", is_flag=True, help="Write nothing; show what would change, with exit status 1.")
@click.option("--shapes", is_flag=True, help="Write the right column: after each line of a net, the shape it gives.")
def command(paths: tuple[Path, ...], check: bool, diff: bool, shapes: bool) -> None:
    """Format the files PATHS, and all .cnn files of the folders among them; `-` is the standard input.

    A file with errors stays as it is.
    """
    found: list[Diagnostic] = []
    changed = 0
    for path in files_of(paths):
        try:
            old, new = styled(path, shapes)
            changed += new != old
            show(path, old, new, check, diff)
        except CnnGraphError as refused:
            found += refused.diagnostics
    if found:
        raise CnnGraphError(found)
    sys.exit(int((check or diff) and changed > 0))


def files_of(paths: tuple[Path, ...]) -> Iterator[Path]:
    """The files, each once; a folder stands for the files in it."""
    seen: dict[Path, None] = {}
    for path in paths:
        seen.update(dict.fromkeys(sorted(path.rglob("*.cnn")) if path.is_dir() else [path]))
    return iter(seen)


def styled(path: Path, shapes: bool) -> tuple[str, str]:
    """The text of a file as it is, and as it should be."""
    from cnngraph.elaborate.shape_column import with_shapes
    from cnngraph.syntax.format import formatted

    name = "standard input" if path == STDIN else str(path)
    old = text_of(path, name)
    return old, with_shapes(old, name) if shapes else formatted(old, name)


def text_of(path: Path, name: str) -> str:
    """The text with its line ends and its mark, for these may change. Raises E0501 and E0002 as for any file."""
    from cnngraph.syntax.read import read_text

    if path != STDIN:
        return read_text(path, name)
    try:
        return sys.stdin.buffer.read().decode("utf-8")
    except UnicodeDecodeError as broken:
        raise error("E0002", f"{name} is not UTF-8") from broken


def show(path: Path, old: str, new: str, check: bool, diff: bool) -> None:
    """Do with one file what was asked for."""
    if diff:
        show_change(path, old, new)
    if check and new != old:
        click.echo(f"{path} would change")
    if check or diff:
        return
    if path == STDIN:
        click.echo(new, nl=False)
    elif new != old:
        rewrite(path, new)
        click.echo(f"{path} changed")
