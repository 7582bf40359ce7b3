"""A cluster as the TOML text that `read_cluster` reads: what it reads again is equal."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from cnngraph.cost.quantity import read_quantity
from cnngraph.partition.device import Cluster, Device, Link

SCALES = (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3), ("", 1.0), ("m", 1e-3), ("u", 1e-6), ("n", 1e-9))
UNITS = {"bytes": "B", "flops_per_second": "FLOP/s", "bytes_per_second": "B/s", "seconds": "s"}


def cluster_text(cluster: Cluster, comment: Sequence[str] = ()) -> str:
    """The file of a cluster, with lines of comment above it."""
    parts = ["\n".join(f"# {line}".rstrip() for line in comment)] if comment else []
    default = cluster.default_link
    parts.append("\n".join(["[default_link]", *_speeds(default)]))
    parts += ["\n".join(_device(device)) for device in cluster.devices]
    parts += ["\n".join(_link(link)) for link in cluster.links]
    return "\n\n".join(parts) + "\n"


def _device(device: Device) -> Iterator[str]:
    yield from ("[[device]]", f"name = {_text(device.name)}")
    yield f"memory_bytes = {quantity_text(device.memory_bytes, 'bytes')}"
    yield f"flops_per_second = {quantity_text(device.flops_per_second, 'flops_per_second')}"
    yield f"bytes_per_second = {quantity_text(device.bytes_per_second, 'bytes_per_second')}"
    if device.launch_seconds:
        yield f"launch_seconds = {quantity_text(device.launch_seconds, 'seconds')}"
    if device.lacks:
        yield f"lacks = {json.dumps(sorted(device.lacks))}"
    if device.flops_by_kind:
        yield "[device.flops_by_kind]"
        for kind, rate in device.flops_by_kind.items():
            yield f"{kind} = {quantity_text(rate, 'flops_per_second')}"


def _link(link: Link) -> Iterator[str]:
    yield "[[link]]"
    yield from (f"source = {_text(link.source)}", f"target = {_text(link.target)}")
    yield from _speeds(link)


def _speeds(link: Link) -> Iterator[str]:
    yield f"bytes_per_second = {quantity_text(link.bytes_per_second, 'bytes_per_second')}"
    yield f"latency_seconds = {quantity_text(link.latency_seconds, 'seconds')}"


def _text(name: str) -> str:
    return json.dumps(name, ensure_ascii=False).replace("\x7f", "\\u007f")


def quantity_text(amount: float, kind: str) -> str:
    """A quantity as TOML: with a unit where that says exactly the same, else the plain number.

    >>> quantity_text(16e9, "bytes"), quantity_text(2.5e-6, "seconds"), quantity_text(1 / 3, "seconds")
    ('"16 GB"', '"2.5 us"', '0.3333333333333333')
    """
    for prefix, factor in SCALES:
        text = f"{amount / factor:.12g} {prefix}{UNITS[kind]}"
        if amount >= factor and read_quantity(text, kind) == amount:
            return f'"{text}"'
    return repr(amount)
