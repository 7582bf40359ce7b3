"""`cnngraph check`: find everything that is wrong with files, in one run, and mend what can be mended safely."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from cnngraph.cli.files import rewrite, show_change
from cnngraph.cli.options import color_option, read_settings, set_option
from cnngraph.diagnostics import CnnGraphError, Diagnostic, in_order

FORMATS = ("text", "json", "sarif")


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@set_option
@click.option("--format", "format_", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option("--fix", is_flag=True, help="Apply the suggestions that are safe, then check.")
@click.option("--diff", is_flag=True, help="With --fix: show what it would change, and do nothing else.")
@click.option("--no-lint", is_flag=True, help="Errors only, no warnings.")
@click.option("--deny-warnings", is_flag=True, help="The exit status is 1 for warnings too.")
@color_option
def command(
    files: tuple[Path, ...],
    settings: tuple[str, ...],
    format_: str,
    fix: bool,
    diff: bool,
    no_lint: bool,
    deny_warnings: bool,
    color: str,
) -> None:
    """Check every net of FILES and its train section; print all findings, and what the right nets are."""
    from cnngraph.judge import judge_file

    values = read_settings(settings)
    if diff:
        if not fix:
            raise click.UsageError("--diff shows what --fix would change: give both")
        changes = [show_fixes(file, values, not no_lint) for file in files]
        sys.exit(int(any(changes)))
    if fix:
        for file in files:
            apply_fixes(file, values, not no_lint)
    found: list[Diagnostic] = []
    for file in files:
        judged = judge_file(file, values, not no_lint)
        found += judged.found
        if not any(d.severity == "error" for d in judged.found) and format_ == "text":
            click.echo("\n".join(f"{file}: {net}" for net in judged.nets))
    show(in_order(found), format_, color)
    if any(d.severity == "error" or deny_warnings for d in found):
        sys.exit(1)


def show(found: Sequence[Diagnostic], format_: str, color: str) -> None:
    """Print findings: a text on the stream for errors, or a document on the other one."""
    from cnngraph.reports.records import records
    from cnngraph.reports.sarif import sarif
    from cnngraph.reports.terminal import report, wants_colour

    if format_ != "text":
        document: Any = records(found) if format_ == "json" else sarif(found)
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    elif found:
        colour = wants_colour(sys.stderr, color)
        click.echo(report(found, colour), err=True, color=colour)


def fixes(file: Path, settings: Mapping[str, object], lints: bool) -> tuple[str, str, list[str]]:
    """The text of a file, the same with all safe suggestions applied, and what these are, in words."""
    from cnngraph.judge import judge_text
    from cnngraph.reports.fix import mended
    from cnngraph.syntax.read import read_text

    try:
        text = read_text(file, str(file))
    except CnnGraphError:
        return "", "", []  # the check that follows says why it cannot be read
    result = mended(text, lambda now: judge_text(now, str(file), settings, lints).found)
    return text, result.text, [f"{edit.span}: {edit.title}" for edit in result.applied]


def apply_fixes(file: Path, settings: Mapping[str, object], lints: bool) -> None:
    """Mend a file in place, and say what was changed."""
    old, new, changes = fixes(file, settings, lints)
    if new == old:
        return
    rewrite(file, new)
    click.echo("\n".join(f"fixed {change}" for change in changes), err=True)


def show_fixes(file: Path, settings: Mapping[str, object], lints: bool) -> bool:
    """Print what `apply_fixes` would change; whether it is anything."""
    old, new, _ = fixes(file, settings, lints)
    show_change(file, old, new)
    return new != old
