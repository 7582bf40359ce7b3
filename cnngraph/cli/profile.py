"""`cnngraph profile`: measure each node of a net on this machine, beside what the cost model expects."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cnngraph.cli.options import read_cluster, source_options, step_option, table_format_option
from cnngraph.cli.sources import load_net

if TYPE_CHECKING:
    from cnngraph.net import Net
    from cnngraph.partition.profile import Profile


@click.command()
@source_options
@click.option("--batch", type=click.IntRange(1), default=1, show_default=True, help="Samples in one run.")
@click.option("--gradient", is_flag=True, help="The whole training step instead of the forward run.")
@step_option
@click.option(
    "--devices", metavar="N|NAMES|FILE", help="The first one estimates; a core of a common server by default."
)
@click.option("--workers", type=click.IntRange(1, 1024), help="Run so many times at once; by default once a core.")
@click.option("--rounds", type=click.IntRange(1), default=7, show_default=True, help="A quarter of them are faster.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of random inputs.")
@table_format_option
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Write the profile, for `cnngraph partition`.")
def command(
    file: Path,
    net: str | None,
    settings: tuple[str, ...],
    batch: int,
    gradient: bool,
    step: str | None,
    devices: str | None,
    workers: int | None,
    rounds: int,
    seed: int,
    format_: str,
    output: Path | None,
) -> None:
    """Measure the net of FILE as it is executed, node by node.

    A node of the table may stand for several of the file. Devices of one machine share its memory: so each worker is
    measured while the others do the same.
    """
    from cnngraph.cli.files import must_be_writable, write
    from cnngraph.render.profile_table import kinds_table, nodes_table

    if step and not gradient:
        raise click.UsageError("--step is about training: add --gradient")
    if output is not None:
        must_be_writable(output)
    loaded = load_net(file, net, settings)
    loaded.step = step
    found = measured(loaded, batch, gradient, devices, workers, rounds, seed)
    click.echo(nodes_table(found).to(format_))
    if format_ in ("text", "markdown"):
        click.echo(f"\n{kinds_table(found).to(format_)}")
    if output is not None:
        write(output, found.to_json())
        click.echo(f"profile: {output}", err=format_ != "text")


def measured(
    net: Net, batch: int, gradient: bool, devices: str | None, workers: int | None, rounds: int, seed: int
) -> Profile:
    """The profile of a net on random inputs."""
    from cnngraph.cli.run import feeds_of
    from cnngraph.resources import resource
    from cnngraph.runtime.settings import Settings

    cluster = read_cluster(devices or str(resource("specs", "clusters", "two_cpus.toml")))
    feeds = feeds_of(net.training.graph if gradient else net.graph, {}, batch, seed)
    return net.profile(feeds, cluster.devices[0], gradient, workers or Settings().worker_count, rounds)
