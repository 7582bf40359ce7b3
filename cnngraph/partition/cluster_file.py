"""Reads a cluster from a TOML file; everything that is wrong in it is reported in one error.

    [[device]]                          one table for each device, in the order in which a chain visits them
    name = "gpu0"
    memory_bytes = "16 GB"              a number, or a text with a unit
    flops_per_second = "10 TFLOP/s"
    bytes_per_second = "500 GB/s"       its own memory
    launch_seconds = "5 us"             optional: what each call of an operator takes at least; 0 by default
    lacks = ["lrn"]                     optional: operators that it cannot run

    [device.flops_by_kind]              optional, of the device above: kinds of operators (`kind.KINDS`) with another
    convolution = "12 TFLOP/s"          speed than flops_per_second

    [default_link]                      optional: between any two devices
    bytes_per_second = "12 GB/s"
    latency_seconds = "10 us"

    [[link]]                            optional: between these two, in both directions, unless the other is given
    source = "gpu0"
    target = "gpu1"
    bytes_per_second = "50 GB/s"
    latency_seconds = "5 us"
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cnngraph.cost.quantity import EXAMPLES, read_quantity
from cnngraph.diagnostics import CnnGraphError, Diagnostic, error
from cnngraph.ir.registry import registry
from cnngraph.partition.device import Cluster, Device, Link
from cnngraph.partition.kind import KINDS as WORK_KINDS
from cnngraph.spelling import did_you_mean

UNIT_OF = {
    "memory_bytes": "bytes",
    "flops_per_second": "flops_per_second",
    "bytes_per_second": "bytes_per_second",
    "latency_seconds": "seconds",
    "launch_seconds": "seconds",
    **dict.fromkeys(WORK_KINDS, "flops_per_second"),
}
SPEED_KEYS = ("memory_bytes", "flops_per_second", "bytes_per_second")
DEVICE_KEYS = ("name", *SPEED_KEYS, "launch_seconds", "flops_by_kind", "lacks")
LINK_KEYS = ("bytes_per_second", "latency_seconds")
PAIR_KEYS = ("source", "target", *LINK_KEYS)
TOP_KEYS = ("device", "default_link", "link")


def load_cluster(path: str | Path) -> Cluster:
    """The cluster of a TOML file. Errors: E0601, one diagnostic for each thing that is wrong."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as reason:
        why = getattr(reason, "strerror", None) or reason
        raise error("E0601", f"the cluster {path} cannot be read: {why}") from reason
    return read_cluster(text, str(path))


def read_cluster(text: str, name: str = "cluster") -> Cluster:
    """The cluster that a TOML text describes; `name` stands for it in errors."""
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as reason:
        raise error("E0601", f"{name} is not TOML: {reason}") from reason
    return cluster_of(table, name)


def cluster_of(table: Mapping[str, Any], name: str) -> Cluster:
    """The cluster of a table with the keys of such a file, wherever it was read."""
    return _Reader(name).cluster(table)


class _Reader:
    """Collects what is wrong and goes on with stand-ins, so that one run finds everything."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.found: list[Diagnostic] = []

    def cluster(self, table: Mapping[str, Any]) -> Cluster:
        self.known_keys(table, TOP_KEYS, "the file")
        devices = tuple(self.device(t, i) for i, t in enumerate(self.tables(table, "device")))
        if not devices:
            self.wrong("there is no device", "add a table [[device]] with name, memory_bytes, flops_per_second, ...")
        names = [device.name for device in devices]
        for name in dict.fromkeys(n for i, n in enumerate(names) if n in names[:i]):
            self.wrong(f"the device `{name}` is defined twice", "give each device a name of its own")
        default = table.get("default_link", {})
        if not isinstance(default, dict):
            self.wrong("default_link must be a table", "write [default_link]")
            default = {}
        self.known_keys(default, LINK_KEYS, "default_link")
        plain = Link("any", "any")
        rate = self.quantity(default, "bytes_per_second", "default_link", plain.bytes_per_second)
        latency = self.quantity(default, "latency_seconds", "default_link", plain.latency_seconds)
        links = self.links([self.link(t, i, names) for i, t in enumerate(self.tables(table, "link"))])
        if self.found:
            raise CnnGraphError(self.found)
        return Cluster(devices, links, Link("any", "any", rate, latency))

    def device(self, table: Mapping[str, Any], index: int) -> Device:
        where = f"device {index + 1}"
        self.known_keys(table, DEVICE_KEYS, where)
        name = self.text(table, "name", where)
        memory, flops, rate = (self.quantity(table, key, where) for key in SPEED_KEYS)
        launch = self.quantity(table, "launch_seconds", where, 0.0)
        by_kind = table.get("flops_by_kind", {})
        if not isinstance(by_kind, dict):
            self.wrong(f"{where}: flops_by_kind must be a table", "write [device.flops_by_kind] below the device")
            by_kind = {}
        self.known_keys(by_kind, tuple(WORK_KINDS), f"flops_by_kind of {where}")
        speeds = {kind: self.quantity(by_kind, kind, where) for kind in WORK_KINDS if kind in by_kind}
        return Device(name or where, int(memory), flops, rate, speeds, launch, self.lacks(table, where))

    def lacks(self, table: Mapping[str, Any], where: str) -> frozenset[str]:
        given = table.get("lacks", [])
        if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
            self.wrong(f"{where}: lacks = {given!r} is no list of operators", 'write lacks = ["lrn", "softmax"]')
            return frozenset()
        known = registry()
        for name in given:
            if name not in known:
                text = f"{where} lacks the operator `{name}`, which does not exist"
                self.wrong(text, did_you_mean(name, known, "name operators as a net does"))
        return frozenset(given)

    def link(self, table: Mapping[str, Any], index: int, names: list[str]) -> Link:
        where = f"link {index + 1}"
        self.known_keys(table, PAIR_KEYS, where)
        ends = [self.text(table, key, where) for key in ("source", "target")]
        for end in ends:
            if end is not None and end not in names:
                self.wrong(
                    f"{where} names the device `{end}`, which does not exist",
                    did_you_mean(end, names, f"the devices are {', '.join(names)}"),
                )
        if ends[0] is not None and ends[0] == ends[1]:
            self.wrong(f"{where} goes from `{ends[0]}` to itself", "a link joins two devices")
        rate, latency = (self.quantity(table, key, where) for key in LINK_KEYS)
        return Link(ends[0] or "", ends[1] or "", rate, latency)

    def links(self, given: list[Link]) -> tuple[Link, ...]:
        """Each link also backwards, unless the file gives the other direction."""
        pairs = [(link.source, link.target) for link in given]
        for pair in dict.fromkeys(p for i, p in enumerate(pairs) if p in pairs[:i]):
            self.wrong(f"the link from `{pair[0]}` to `{pair[1]}` is given twice", "remove one of them")
        back = [Link(k.target, k.source, k.bytes_per_second, k.latency_seconds) for k in given]
        return (*given, *(link for link in back if (link.source, link.target) not in pairs))

    def quantity(self, table: Mapping[str, Any], key: str, where: str, default: float | None = None) -> float:
        kind = UNIT_OF[key]
        if key not in table:
            if default is None:
                self.wrong(f"{where} lacks `{key}`", f'add: {key} = "{EXAMPLES[kind]}"')
            return 1.0 if default is None else default
        amount = read_quantity(table[key], kind)
        zero = kind == "seconds"
        if amount is None:
            self.wrong(f"{where}: {key} = {table[key]!r} is no quantity", f'write a number, or e.g. "{EXAMPLES[kind]}"')
        elif amount < 0 or (amount == 0 and not zero):
            bound = "must not be negative" if zero else "must be above 0"
            self.wrong(f"{where}: {key} = {table[key]!r}, but it {bound}", f'for example {key} = "{EXAMPLES[kind]}"')
        return amount if amount is not None and amount > 0 else 0.0 if zero else 1.0

    def text(self, table: Mapping[str, Any], key: str, where: str) -> str | None:
        value = table.get(key)
        if isinstance(value, str) and value:
            return value
        if key in table:
            self.wrong(f"{where}: {key} = {value!r} is no name", f'write {key} = "gpu0"')
        else:
            self.wrong(f"{where} lacks `{key}`", f'add: {key} = "gpu0"')
        return None

    def tables(self, table: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
        value = table.get(key, [])
        if isinstance(value, list) and all(isinstance(t, dict) for t in value):
            return value
        self.wrong(f"`{key}` must be a list of tables", f"write [[{key}]] before each")
        return []

    def known_keys(self, table: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
        for key in table:
            if key not in known:
                self.wrong(
                    f"{where} has the unknown key `{key}`",
                    did_you_mean(key, known, f"the keys are {', '.join(known)}"),
                )

    def wrong(self, message: str, help_: str) -> None:
        self.found.append(Diagnostic("E0601", f"{self.name}: {message}", helps=(help_,)))
