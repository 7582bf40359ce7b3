"""`cnngraph serve`: the playground in a browser: an editor with diagnostics, the graph, the table, devices."""

from __future__ import annotations

import signal
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

PORT = 8642


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False), default=".")
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Who is served.")
@click.option("--open/--no-open", "opens", default=False, help="Open the link in the browser of this machine.")
def command(folder: Path, port: int, host: str, opens: bool) -> None:
    """Write and look at the nets of FOLDER in a browser; Ctrl-C ends.

    The link that is printed holds a token, and without it nothing is answered. The files of FOLDER that end in .cnn can
    be read, and written where you say so; nothing outside of it can, and nothing leaves this machine.
    """
    from cnngraph.pages.playground import playground
    from cnngraph.serve.server import Playground

    try:
        server = Playground(folder, host, port, playground())
    except OSError as failure:
        raise click.ClickException(_refused(host, port, failure)) from failure
    try:
        with server, _ended_by_signals():
            if not server.is_private:
                click.echo(_told(server.guard.host, server.guard.port), err=True)
            click.echo(f"the playground of {folder.resolve()}, until Ctrl-C:\n\n  {server.link}\n")
            if opens:
                webbrowser.open(server.link_for_once())
            server.serve_forever(poll_interval=0.1)
    except KeyboardInterrupt:
        click.echo("ended")


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """What ends a process ends the server as Ctrl-C does, so that no child is left."""
    kinds = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {kind: signal.signal(kind, signal.default_int_handler) for kind in kinds}
    try:
        yield
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)


def _refused(host: str, port: int, failure: OSError) -> str:
    """Why the system does not give the port, in words."""
    from errno import EACCES, EADDRINUSE

    if failure.errno == EADDRINUSE:
        return f"port {port} of {host} is in use: `--port 0` takes a free one"
    if failure.errno == EACCES:
        return f"port {port} of {host} is not for everybody: take one above 1023"
    return f"{host} is no address of this machine: {failure.strerror or failure}"


def _told(host: str, port: int) -> str:
    return (
        f"warning: {host} is seen by other machines. Whoever has this link can read and write the .cnn files of the\n"
        "folder, and whoever listens on the way can read the link: nothing is encrypted. From there, put the address\n"
        f"of this machine before :{port}. Safer: leave out --host, and `ssh -L {port}:127.0.0.1:{port}`."
    )
