"""`cnngraph explain`: what a code of a message means, with a wrong and a right file; or all about a layer."""

from __future__ import annotations

import sys

import click

from cnngraph.cli.options import color_option

ALL = "operators"


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--format", "format_", type=click.Choice(["text", "markdown"]), default="text", show_default=True)
@color_option
def command(names: tuple[str, ...], format_: str, color: str) -> None:
    """Explain each NAME: a code such as E0301, a layer such as conv, or `operators` for all layers on one page.

    Without a name, list all codes and layers.
    """
    from cnngraph.explain.pages import listing
    from cnngraph.reports.terminal import wants_colour

    if not names:
        from cnngraph.reference import pages

        click.echo(f"{listing()}\n\n{pages.listing()}")
        return
    text = "\n".join(text_about(name) for name in names)
    if format_ == "text" and wants_colour(sys.stdout, color):
        click.echo(rendered(text), nl=False, color=True)
    else:
        click.echo(text.rstrip("\n"))


def text_about(name: str) -> str:
    """The page of a code, of a layer or of all layers; E0101 for what is none of them."""
    from cnngraph.diagnostics import CODES, error
    from cnngraph.elaborate.foreign import meant
    from cnngraph.explain.pages import pages
    from cnngraph.spelling import nearest

    found = pages().get(name.upper())
    if found is not None:
        return found.text
    from cnngraph.reference.pages import page, public, whole  # knows all layers, which a code does not need

    if name == ALL:
        return whole()
    layers = public()
    if name in layers:
        return page(layers[name])
    said = meant(name, layers)
    close = nearest(name.upper(), CODES) or nearest(name, layers)
    otherwise = f"did you mean `{close}`?" if close else "`cnngraph explain` lists the codes and the layers"
    help_ = said[0] if said else otherwise
    raise error("E0101", f"there is no code and no layer `{name}`", help_)


def rendered(markdown: str) -> str:
    """Markdown as a terminal shows it, in colour."""
    from io import StringIO

    from rich.console import Console
    from rich.markdown import Markdown

    target = StringIO()
    Console(file=target, force_terminal=True, width=min(Console().width, 100)).print(Markdown(markdown))
    return target.getvalue()
