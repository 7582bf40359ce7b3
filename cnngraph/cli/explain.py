"""`cnngraph explain`: what a code of a message means, with a wrong and a right file; or what a layer is."""

from __future__ import annotations

import sys

import click

from cnngraph.cli.options import color_option


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@color_option
def command(names: tuple[str, ...], color: str) -> None:
    """Explain each NAME, a code such as E0301 or a layer such as conv; without one, list all codes."""
    from cnngraph.explain.pages import listing
    from cnngraph.reports.terminal import wants_colour

    if not names:
        click.echo(listing())
        return
    text = "\n".join(text_about(name) for name in names)
    if wants_colour(sys.stdout, color):
        click.echo(rendered(text), nl=False, color=True)
    else:
        click.echo(text.rstrip("\n"))


def text_about(name: str) -> str:
    """The page of a code, or the contract of a layer; E0101 for what is neither."""
    from cnngraph.diagnostics import CODES, error
    from cnngraph.elaborate.foreign import meant
    from cnngraph.explain.pages import pages
    from cnngraph.ir.op import registry
    from cnngraph.spelling import nearest

    found = pages().get(name.upper())
    if found is not None:
        return found.text
    layers = {word: op for word, op in registry().items() if not op.internal}
    if name in layers:
        return f"# {name}\n\n```text\n{layers[name].contract()}\n```\n"
    said = meant(name, layers)
    close = nearest(name.upper(), CODES) or nearest(name, layers)
    help_ = said[0] if said else f"did you mean `{close}`?" if close else "`cnngraph explain` lists the codes"
    raise error("E0101", f"there is no code and no layer `{name}`", help_)


def rendered(markdown: str) -> str:
    """Markdown as a terminal shows it, in colour."""
    from io import StringIO

    from rich.console import Console
    from rich.markdown import Markdown

    target = StringIO()
    Console(file=target, force_terminal=True, width=min(Console().width, 100)).print(Markdown(markdown))
    return target.getvalue()
