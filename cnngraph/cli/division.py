"""`--devices` of commands that run: devices to divide over, or a division that `cnngraph partition` has kept."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cnngraph.cli.options import read_cluster

if TYPE_CHECKING:
    from cnngraph.net import Net
    from cnngraph.partition.device import Cluster
    from cnngraph.partition.partition import Partition
    from cnngraph.runtime.pipelining import PipelineOptions

KEPT = ".json"


def read_division(
    devices: str | None, net: Net, pipeline: PipelineOptions | None, gradient: bool = False, recompute: bool = False
) -> tuple[Cluster | None, PipelineOptions | None]:
    """The devices, and how the work goes through them; with a kept division, as it says. Errors: E0601, E0604."""
    if devices is None or not devices.endswith(KEPT):
        return read_cluster(devices) if devices else None, pipeline
    from cnngraph.partition.partition_file import kept_sizes, load_partition
    from cnngraph.runtime.pipelining import PipelineOptions

    found = load_partition(devices, net.bound(gradient=gradient, recompute=recompute, **kept_sizes(devices)))
    return found.cluster, replace(
        pipeline or PipelineOptions(1), device_of=found.device_of, teams=found.teams
    )


def partition_of(devices: str, net: Net, batch: int = 1, gradient: bool = False) -> Partition:
    """A division of the net as it predicts, or with `gradient` trains: found now, or kept in a file.

    Errors: E0601, E0602, E0604.
    """
    if not devices.endswith(KEPT):
        return net.partition(read_cluster(devices), batch, gradient)
    from cnngraph.partition.partition_file import kept_sizes, load_partition

    return load_partition(devices, net.bound(gradient=gradient, recompute=False, **kept_sizes(devices)))
