"""The tables of a cluster: its devices, and the links between them."""

from __future__ import annotations

from cnngraph.cost.quantity import bytes_text, seconds_text
from cnngraph.partition.device import Cluster, Link
from cnngraph.partition.kind import KINDS
from cnngraph.render.tabular import Cell, Column, Quantity, Table


def devices_table(cluster: Cluster) -> Table:
    """A row for each device; columns of the kinds of operators for which any of them has a speed of its own."""
    given = [kind for kind in KINDS if any(kind in device.flops_by_kind for device in cluster.devices)]
    columns = [
        Column("device", "device", right=False),
        Column("memory_bytes", "memory"),
        Column("flops_per_second", "flop/s"),
        Column("bytes_per_second", "bytes/s"),
        Column("launch_seconds", "launch"),
        *(Column(kind, kind.replace("_", " ")) for kind in given),
        Column("lacks", "lacks", right=False),
    ]
    rows: list[tuple[Cell, ...]] = []
    for device in cluster.devices:
        speeds = (device.flops_by_kind.get(kind, device.flops_per_second) for kind in given)
        rows.append(
            (
                device.name,
                Quantity(device.memory_bytes, bytes_text),
                Quantity(device.flops_per_second, flops_text),
                Quantity(device.bytes_per_second, bandwidth_text),
                Quantity(device.launch_seconds, seconds_text),
                *(Quantity(speed, flops_text) for speed in speeds),
                ", ".join(sorted(device.lacks)) or None,
            )
        )
    total = sum(device.memory_bytes for device in cluster.devices)
    return Table(tuple(columns), tuple(rows), {"memory": Quantity(total, bytes_text)})


def links_table(cluster: Cluster) -> Table:
    """A row for each link of its own, and one for all other pairs."""
    columns = (
        Column("source", "from", right=False),
        Column("target", "to", right=False),
        Column("bytes_per_second", "bytes/s"),
        Column("latency_seconds", "latency"),
    )
    own = [_row(link) for link in cluster.links]
    count = len(cluster.devices)
    rest = [] if len(own) == count * (count - 1) else [_row(cluster.default_link)]
    return Table(columns, (*own, *rest))


def _row(link: Link) -> tuple[Cell, ...]:
    ends = (link.source, link.target) if link.source != "any" or link.target != "any" else ("others", "others")
    return *ends, Quantity(link.bytes_per_second, bandwidth_text), Quantity(link.latency_seconds, seconds_text)


def flops_text(rate: float) -> str:
    """
    >>> flops_text(1.4e13), flops_text(120e9)
    ('14 TFLOP/s', '120 GFLOP/s')
    """
    return f"{_scaled(rate)}FLOP/s"


def bandwidth_text(rate: float) -> str:
    """
    >>> bandwidth_text(9e11), bandwidth_text(3.0)
    ('900 GB/s', '3 B/s')
    """
    return f"{_scaled(rate)}B/s"


def _scaled(rate: float) -> str:
    prefix, factor = next(((p, f) for p, f in SCALES if rate >= f), ("", 1.0))
    return f"{rate / factor:.3g} {prefix}"


SCALES = (("P", 1e15), ("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3))
