"""`cnngraph view`: a net as a page to look around in, one file that works from the disk."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cnngraph.cli.options import read_settings, source_options, step_option
from cnngraph.cli.sources import load_net

if TYPE_CHECKING:
    from cnngraph.net import Net
    from cnngraph.pages.explorer.subject import Subject


@click.command()
@source_options
@click.option("--gradient", is_flag=True, help="The whole training step: forward, backward and update.")
@step_option
@click.option("--partition", "kept", type=click.Path(path_type=Path), metavar="FILE.json",
              help="Which device runs what, from `cnngraph partition --format json`.")  # fmt: skip
@click.option("--profile", type=click.Path(path_type=Path), metavar="FILE.json",
              help="Measured seconds, from `cnngraph profile -o`.")  # fmt: skip
@click.option("--output", "-o", type=click.Path(path_type=Path), metavar="FILE.html", help="NET.html by default.")
def command(
    file: Path,
    net: str | None,
    settings: tuple[str, ...],
    gradient: bool,
    step: str | None,
    kept: Path | None,
    profile: Path | None,
    output: Path | None,
) -> None:
    """Write the net of FILE as a page: its graph to open, search and colour, beside its text.

    Where the file is wrong, the page shows the net as far as it goes, and what is wrong; the exit status is then 1.
    """
    from cnngraph.cli.files import must_be_page, write
    from cnngraph.pages.explorer.page import explorer

    if step and not gradient:
        raise click.UsageError("--step is about training: add --gradient")
    must_be_page(output)
    subject = _subject(file, net, settings, gradient, step, kept, profile)
    target = output or Path(f"{subject.name}.html")
    write(target, explorer(subject))
    click.echo(f"page: {target}")
    if any(finding.severity == "error" for finding in subject.found):
        sys.exit(1)


def _subject(
    file: Path,
    net: str | None,
    settings: tuple[str, ...],
    gradient: bool,
    step: str | None,
    kept: Path | None,
    profile: Path | None,
) -> Subject:
    from cnngraph.diagnostics import CnnGraphError
    from cnngraph.elaborate.modules import load_file
    from cnngraph.interop.endings import is_model
    from cnngraph.pages.explorer.subject import broken_subject, subject_of
    from cnngraph.partition.profile import load_profile

    try:
        loaded = load_net(file, net, settings)
    except CnnGraphError:
        if gradient or kept or profile or is_model(file):
            raise
        found = broken_subject(load_file(file), net, read_settings(settings), file)
        if not found.graph.nodes or not any(finding.severity == "error" for finding in found.found):
            raise  # there is nothing to show, or what is wrong is not in the file
        _tell(found)
        return found
    loaded.step = step
    subject = subject_of(loaded, gradient)
    subject = subject if kept is None else subject.with_devices(_devices(loaded, gradient, kept))
    return subject if profile is None else subject.with_seconds(load_profile(profile))


def _devices(net: Net, gradient: bool, kept: Path) -> Mapping[str, str]:
    """The device of each node. Errors: E0601, E0604."""
    from cnngraph.partition.partition_file import kept_sizes, load_partition

    bound = net.bound(gradient=gradient, recompute=False, **kept_sizes(kept))
    return load_partition(kept, bound).device_of


def _tell(subject: Subject) -> None:
    """The findings of a file that is wrong, as every command prints them."""
    from cnngraph.reports.terminal import report, wants_colour

    colour = wants_colour(sys.stderr)
    click.echo(report(subject.found, colour), err=True, color=colour)
