"""What the nodes of a graph took when they were measured, as a JSON file.

    {"format": "cnngraph profile 1",
     "net": "lenet5", "gradient": false,          a training step, or a forward run
     "inputs": {"image": [8, 32, 32, 1]},         sizes of what was fed
     "machine": "<processor, cores, ...>", "workers": 2,
     "device": {"flops_per_second": 2e11, ...},   the device of the cost model that was compared with it
     "run_seconds": 0.012,                        of a whole run
     "executed": [{"node": "c1", "operator": "fused(conv(...), relu)", "kind": "convolution",
                   "estimated_seconds": 0.001, "measured_seconds": 0.0012}, ...],
     "nodes": {"c1": 0.0011, "r1": 0.0001}}       the same seconds over the nodes of the file (`spread`)
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from cnngraph.diagnostics import CnnGraphError, Diagnostic, error
from cnngraph.ir.graph import Graph
from cnngraph.ir.leaves import Input, State
from cnngraph.partition.device import Device
from cnngraph.partition.work import Measured

FORMAT = "cnngraph profile 1"


@dataclass(frozen=True)
class Executed:
    """A node as it is run, which may stand for several of the file."""

    node: str
    operator: str
    kind: str
    estimated_seconds: float
    measured_seconds: float


@dataclass(frozen=True)
class Profile:
    """Seconds of one run, node by node; `device` made the estimates, `workers` were busy at the same time."""

    net: str
    gradient: bool
    inputs: Mapping[str, tuple[int, ...]]
    machine: str
    workers: int
    device: Device
    run_seconds: float
    executed: tuple[Executed, ...]
    nodes: Mapping[str, float] = field(default_factory=dict)

    @property
    def estimated_seconds(self) -> float:
        return sum(each.estimated_seconds for each in self.executed)

    def measured(self, graph: Graph) -> Measured:
        """The seconds of a bound graph's nodes: as executed where the graph is executed, else those of the file.

        errors: E0601 where the profile is of other sizes or of another graph.
        """
        fed = {node.name: node.type.concrete for node in graph.inputs}
        if wrong := [name for name, shape in fed.items() if self.inputs.get(name, shape) != shape]:
            name = wrong[0]
            sizes = f"{_size(self.inputs[name])}, not {_size(fed[name])}"
            raise error("E0601", f"the profile of {self.net} was measured with {name} of {sizes}", "measure it again")
        names = [node.name for node in graph if not isinstance(node.op, Input | State)]
        for seconds in ({each.node: each.measured_seconds for each in self.executed}, self.nodes):
            if all(name in seconds for name in names):
                return Measured({name: seconds[name] for name in names}, self.device)
        missing = [name for name in names if name not in self.nodes]
        text = f"the profile of {self.net} lacks {len(missing)} nodes of {graph.name}, such as {missing[0]}"
        raise error("E0601", text, "measure this net: cnngraph profile, with --gradient for a training step")

    def to_json(self) -> str:
        device = {key: value for key, value in asdict(self.device).items() if key != "lacks"}
        content = {
            "format": FORMAT,
            **{key: getattr(self, key) for key in ("net", "gradient", "inputs", "machine", "workers")},
            "device": device,
            "run_seconds": self.run_seconds,
            "executed": [asdict(each) for each in self.executed],
            "nodes": dict(self.nodes),
        }
        return json.dumps(content, indent=1) + "\n"


def load_profile(path: str | Path) -> Profile:
    """The profile of a file. Errors: E0601, one diagnostic for each thing that is wrong."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as reason:
        why = getattr(reason, "strerror", None) or reason
        raise error("E0601", f"the profile {path} cannot be read: {why}") from reason
    except (json.JSONDecodeError, RecursionError) as reason:
        raise error("E0601", f"{path} is no profile: {reason}", "write one with cnngraph profile -o") from reason
    return read_profile(content, str(path))


def read_profile(content: object, name: str = "profile") -> Profile:
    """The profile that JSON data describe; `name` stands for it in errors."""
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        text = f"{name} is no profile: its format is not {FORMAT!r}"
        raise error("E0601", text, "write one with cnngraph profile -o")
    reader = _Reader(name, content)
    found = reader.profile()
    if reader.found:
        raise CnnGraphError(reader.found)
    return found


class _Reader:
    """Collects what is wrong and goes on with stand-ins, so that one run finds everything."""

    def __init__(self, name: str, content: Mapping[str, Any]) -> None:
        self.name, self.content = name, content
        self.found: list[Diagnostic] = []

    def profile(self) -> Profile:
        at = self.content
        return Profile(
            net=self.of(at, "net", str, "net"),
            gradient=self.of(at, "gradient", bool, "gradient"),
            inputs={key: self.shape(value, key) for key, value in self.of(at, "inputs", dict, "inputs").items()},
            machine=self.of(at, "machine", str, "machine"),
            workers=self.of(at, "workers", int, "workers"),
            device=self.device(self.of(at, "device", dict, "device")),
            run_seconds=self.seconds(at, "run_seconds", "run_seconds"),
            executed=tuple(self.executed(each, i) for i, each in enumerate(self.of(at, "executed", list, "executed"))),
            nodes=self.table(self.of(at, "nodes", dict, "nodes"), "nodes"),
        )

    def executed(self, value: object, index: int) -> Executed:
        where = f"executed[{index}]"
        if not isinstance(value, dict):
            self.wrong(f"{where} is no object")
            return Executed("", "", "", 0.0, 0.0)
        texts = [self.of(value, key, str, f"{where}.{key}") for key in ("node", "operator", "kind")]
        times = [self.seconds(value, key, f"{where}.{key}") for key in ("estimated_seconds", "measured_seconds")]
        return Executed(texts[0], texts[1], texts[2], times[0], times[1])

    def device(self, table: Mapping[str, Any]) -> Device:
        speeds = {k: self.seconds(table, k, f"device.{k}") for k in ("flops_per_second", "bytes_per_second")}
        if zero := [key for key, rate in speeds.items() if key in table and rate == 0]:
            self.wrong(f"device.{zero[0]} must be above 0")
        kinds = self.of(table, "flops_by_kind", dict, "device.flops_by_kind")
        return Device(
            self.of(table, "name", str, "device.name"),
            self.of(table, "memory_bytes", int, "device.memory_bytes"),
            speeds["flops_per_second"] or 1.0,
            speeds["bytes_per_second"] or 1.0,
            {kind: rate or 1.0 for kind, rate in self.table(kinds, "device.flops_by_kind").items()},
            self.seconds(table, "launch_seconds", "device.launch_seconds"),
        )

    def table(self, values: Mapping[str, Any], where: str) -> dict[str, float]:
        return {key: self.seconds(values, key, f"{where}.{key}") for key in values}

    def shape(self, value: object, key: str) -> tuple[int, ...]:
        if isinstance(value, list) and all(isinstance(n, int) and n > 0 for n in value):
            return tuple(value)
        self.wrong(f"inputs.{key} is no list of sizes")
        return ()

    def of(self, table: Mapping[str, Any], key: str, kind: type, where: str) -> Any:
        value = table.get(key)
        if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
            return value
        self.wrong(f"{where} is {'missing' if key not in table else f'no {WORDS[kind]}'}")
        return kind()

    def seconds(self, table: Mapping[str, Any], key: str, where: str) -> float:
        value = table.get(key)
        good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0
        if not good:
            self.wrong(f"{where} is {'missing' if key not in table else 'no number of 0 or more'}")
        return float(value) if good and value is not None else 0.0

    def wrong(self, message: str) -> None:
        self.found.append(Diagnostic("E0601", f"{self.name}: {message}", helps=("measure again: cnngraph profile -o",)))


WORDS = {str: "text", bool: "true or false", int: "whole number", dict: "object", list: "list"}


def _size(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))
