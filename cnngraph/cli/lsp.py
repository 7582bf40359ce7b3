"""`cnngraph lsp`: the language server for editors, over standard input and output."""

from __future__ import annotations

import logging
import sys
from importlib.util import find_spec

import click


@click.command()
@click.option("--stdio", is_flag=True, help="What it does anyway; many clients say so.")
@click.option("--verbose", is_flag=True, help="Log every message to standard error.")
def command(stdio: bool, verbose: bool) -> None:
    """Serve an editor: errors while typing, shapes at the line ends, hover, completion, definitions, rename, format."""
    if find_spec("pygls") is None:
        raise click.ClickException("the language server needs pygls: pip install 'cnngraph[lsp]'")
    from cnngraph.editor.server import serve

    logging.basicConfig(stream=sys.stderr, level=logging.INFO if verbose else logging.WARNING)
    serve()
