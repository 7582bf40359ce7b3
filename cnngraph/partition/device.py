"""What a graph is divided over: devices, the links between them, and clusters of both."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from cnngraph.cost.model import seconds
from cnngraph.cost.quantity import bytes_text
from cnngraph.diagnostics import CnnGraphError, Diagnostic, error
from cnngraph.ir.op import Cost
from cnngraph.spelling import did_you_mean


@dataclass(frozen=True)
class Device:
    """A place that computes: its memory, its arithmetic and the speed of its own memory.

    fields: flops_by_kind   flop/s of kinds of operators (`kind.KINDS`) that differ from `flops_per_second`
            launch_seconds  what each call of an operator takes however little it computes
            lacks           names of the operators that it cannot run; with one goes its gradient

    The defaults are those of a plain accelerator: 16 GB, 10 TFLOP/s, 500 GB/s.
    """

    name: str
    memory_bytes: int = 16 * 10**9
    flops_per_second: float = 10e12
    bytes_per_second: float = 500e9
    flops_by_kind: Mapping[str, float] = field(default_factory=dict, hash=False)
    launch_seconds: float = 0.0
    lacks: frozenset[str] = frozenset()

    def seconds(self, kind: str, cost: Cost, launches: int = 1) -> float:
        """What an operator of this kind takes in so many calls; nothing where it does nothing, as a view.

        >>> gpu = Device("gpu", flops_per_second=100, bytes_per_second=10, flops_by_kind={"pooling": 5})
        >>> gpu.seconds("product", Cost(200, 10)), gpu.seconds("pooling", Cost(200, 10))
        (2.0, 40.0)
        """
        if cost.flops == 0 == cost.bytes_moved:
            return 0.0
        rate = self.flops_by_kind.get(kind, self.flops_per_second)
        return launches * self.launch_seconds + seconds(cost, rate, self.bytes_per_second)

    def __str__(self) -> str:
        return f"{self.name} ({bytes_text(self.memory_bytes)}, {self.flops_per_second / 1e12:g} TFLOP/s)"


@dataclass(frozen=True)
class Link:
    """A way from one device to another. A value of n bytes takes `latency_seconds + n / bytes_per_second`.

    The defaults are 12 GB/s and 10 microseconds, about PCI Express 3 with 16 lanes.
    """

    source: str
    target: str
    bytes_per_second: float = 12e9
    latency_seconds: float = 10e-6

    def seconds(self, count: int) -> float:
        return self.latency_seconds + count / self.bytes_per_second


@dataclass(frozen=True)
class Cluster:
    """Devices in order, and links between them; a pair without a link of its own has `default_link`.

    >>> cluster = Cluster.uniform(4)
    >>> [device.name for device in cluster.devices]
    ['gpu0', 'gpu1', 'gpu2', 'gpu3']
    """

    devices: tuple[Device, ...]
    links: tuple[Link, ...] = ()
    default_link: Link = Link("any", "any")
    _by_pair: Mapping[tuple[str, str], Link] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_pair", {(link.source, link.target): link for link in self.links})

    @staticmethod
    def uniform(count: int, like: Device = Device("gpu"), link: Link = Link("any", "any")) -> Cluster:
        """`count` equal devices named after `like`: gpu0, gpu1, ..."""
        return Cluster.named([f"{like.name}{i}" for i in range(count)], like, link)

    @staticmethod
    def named(names: Sequence[str], like: Device = Device("gpu"), link: Link = Link("any", "any")) -> Cluster:
        """Equal devices with these names."""
        return Cluster(tuple(replace(like, name=name) for name in names), default_link=link)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(device.name for device in self.devices)

    def __getitem__(self, name: str) -> Device:
        return next(device for device in self.devices if device.name == name)

    def link(self, source: str, target: str) -> Link:
        """The link from `source` to `target`."""
        return self._by_pair.get((source, target), self.default_link)

    def slowest_link(self, device: str) -> Link:
        """A link as slow as the slowest of the device, to or from any other."""
        others = [name for name in self.names if name != device]
        pairs = [pair for other in others for pair in ((device, other), (other, device))]
        links = [self.link(*pair) for pair in pairs] or [self.default_link]
        rate, latency = min(k.bytes_per_second for k in links), max(k.latency_seconds for k in links)
        return Link(device, "any", rate, latency)

    def __str__(self) -> str:
        return ", ".join(map(str, self.devices))


def parse_devices(text: str) -> Cluster:
    """The cluster that `--devices` asks for: a number of equal devices, or their names. Errors: E0601.

    >>> parse_devices("2").names, parse_devices("left, right").names
    (('gpu0', 'gpu1'), ('left', 'right'))
    """
    names = [name.strip() for name in text.split(",")]
    if len(names) == 1 and names[0].isdecimal():
        count = int(names[0]) if len(names[0]) < 10 else 10**9
        if not 1 <= count <= 1024:
            raise error("E0601", f"{names[0][:12]} devices are not possible", "ask for 1 to 1024 devices")
        return Cluster.uniform(count)
    if bad := [name for name in names if not re.fullmatch(r"[A-Za-z_][\w:.-]*", name)]:
        raise error("E0601", f"`{bad[0]}` is not a name of a device", "write a number, or names such as gpu0,gpu1")
    if twice := [name for i, name in enumerate(names) if name in names[:i]]:
        raise error("E0601", f"the device `{twice[0]}` is named twice", "give each device a name of its own")
    return Cluster.named(names)


def unknown_devices(asked: Mapping[str, str], cluster: Cluster) -> CnnGraphError | None:
    """The error of placements (node -> device) on devices that the cluster does not have, each device once."""
    nodes: dict[str, list[str]] = {}
    for node, device in asked.items():
        if device not in cluster.names:
            nodes.setdefault(device, []).append(node)
    found = []
    for device, placed in nodes.items():
        more = f" and {len(placed) - 1} more" if len(placed) > 1 else ""
        help_ = did_you_mean(device, cluster.names, f"give the device: --devices {','.join((*cluster.names, device))}")
        has = f"the cluster has {', '.join(cluster.names)}"
        found.append(Diagnostic("E0601", f"{placed[0]}{more} is placed on `{device}`, but {has}", helps=(help_,)))
    return CnnGraphError(found) if found else None
