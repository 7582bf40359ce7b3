"""The command line. Each command is one file of this folder, read only when it is called or helped with."""

from __future__ import annotations

import ast
import importlib
import io
import pkgutil
import sys
import warnings
from pathlib import Path

import click

from cnngraph.diagnostics import CnnGraphError
from cnngraph.reports.terminal import report, wants_colour

FOLDER = Path(__file__).parent
NOT_COMMANDS = {
    "division", "examined", "main", "options", "files", "timings", "sameness", "sources", "spread", "timelines",
}  # fmt: skip


class Commands(click.Group):
    """Commands found by listing the folder; the list of them needs no import, so that help is immediate."""

    def list_commands(self, context: click.Context) -> list[str]:
        return sorted(m.name for m in pkgutil.iter_modules([str(FOLDER)]) if m.name not in NOT_COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in self.list_commands(context):
            return None
        command: click.Command = importlib.import_module(f"cnngraph.cli.{name}").command
        return command

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        names = self.list_commands(context)
        with formatter.section("Commands"):
            formatter.write_dl([(name, _first_line(name)) for name in names])

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(context, args)
        except click.UsageError:
            known = ", ".join(self.list_commands(context))
            raise click.UsageError(f"there is no command {args[0]!r}; there are {known}") from None


def _first_line(name: str) -> str:
    tree = ast.parse((FOLDER / f"{name}.py").read_text(encoding="utf-8"))
    return (ast.get_docstring(tree) or "").partition("\n")[0].removeprefix(f"`cnngraph {name}`: ")


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="cnngraph")
def cli() -> None:
    """Convolutional networks as tables: check, draw, differentiate, partition, run and train them."""


def main() -> None:
    """Run a command. What is wrong with a user's file or request, or what the system refuses, is printed in words.

    Anything else is a defect of ours and keeps its traceback. Exit status: 1 for errors, 2 for a wrong command line.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal may lack a letter, and a file name may be no text
            stream.reconfigure(errors="backslashreplace")
    warnings.formatwarning = lambda message, *place, **more: f"warning: {message}\n"
    try:
        cli.main(standalone_mode=False)
        sys.stdout.flush()
    except CnnGraphError as error:
        colour = wants_colour(sys.stderr)
        click.echo(report(error.diagnostics, colour), err=True, color=colour)
        sys.exit(1)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output went away: that is no error of ours
        sys.exit(0)
    except MemoryError as error:
        click.echo(f"Error: the memory of this machine is too small: {error or 'nothing is left'}", err=True)
        sys.exit(1)
    except OSError as error:  # a disk that is full, a terminal that went away
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)
