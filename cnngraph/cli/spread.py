"""Work of a command in several processes, one for each device: started here, or by mpiexec around the command."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from cnngraph.partition.device import Cluster
    from cnngraph.runtime.engines.transport import Transport

J = TypeVar("J")
Again = Callable[[], Mapping[str, Path]]
"""What is different when all begins anew: options (`resume`), which are fields of the job, with their values."""


def spread(
    engine: str,
    cluster: Cluster,
    work: Callable[[J, Transport], None],
    job: J,
    restarts: int = 0,
    again: Again = dict,
) -> None:
    """Do `work(job, transport)` on every device; when a process is lost, anew, at most `restarts` times."""
    if engine == "mpi":
        _by_mpi(cluster, work, job, restarts, again)
        return
    from cnngraph.runtime.engines.ray import run_actors

    run_actors(cluster.names, work, job, restarts, again, _tell)


def _by_mpi(cluster: Cluster, work: Callable[[J, Transport], None], job: J, restarts: int, again: Again) -> None:
    from cnngraph.runtime.engines import mpi
    from cnngraph.runtime.supervisor import supervise

    if mpi.is_rank():
        with mpi.Messages(cluster.names) as transport:
            work(job, transport)
        return
    start = [mpi.launcher(), "-n", str(len(cluster.names)), sys.executable, "-m", "cnngraph", *sys.argv[1:]]

    def command(anew: bool) -> list[str]:
        more = again() if anew else {}
        return [*start, *(word for name, value in more.items() for word in (f"--{name}", str(value)))]

    if status := supervise(command, restarts, _tell):
        sys.exit(status)


def _tell(attempt: int, restarts: int) -> None:
    click.echo(f"a process was lost: starting again ({attempt} of {restarts})", err=True)
