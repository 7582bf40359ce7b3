"""A plan: for each device a flat list of steps over buffers with fixed offsets. It prints, and is plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cnngraph.cost.quantity import bytes_text
from cnngraph.plan.memory import aligned
from cnngraph.plan.steps import Buffer, Copy, Receive, Run, Send, Step


@dataclass(frozen=True)
class Plan:
    """Everything that a runtime does, decided.

    inputs, outputs and states name buffers by their index. `arena_bytes` is the size of each device's arena;
    `memory_bytes` what the device has.
    """

    name: str
    steps: Mapping[str, tuple[Step, ...]]
    buffers: tuple[Buffer, ...]
    inputs: Mapping[str, int]
    outputs: Mapping[str, int]
    states: Mapping[str, int]
    arena_bytes: Mapping[str, int]
    memory_bytes: Mapping[str, int]

    @property
    def devices(self) -> tuple[str, ...]:
        return tuple(self.steps)

    @property
    def step_count(self) -> int:
        return sum(len(steps) for steps in self.steps.values())

    @property
    def run_count(self) -> int:
        """Number of operators that one run applies."""
        return sum(isinstance(step, Run) for steps in self.steps.values() for step in steps)

    @cached_property
    def peak_bytes(self) -> Mapping[str, int]:
        """For each device: its arena, its states and its fed values."""
        total = dict(self.arena_bytes)
        for buffer in self.buffers:
            if buffer.kind != "arena":
                total[buffer.device] += aligned(buffer.bytes)
        return total

    @cached_property
    def transit_bytes(self) -> int:
        """Bytes of the messages between devices; they belong to the engine that carries them, not to a device."""
        sent = [step for steps in self.steps.values() for step in steps if isinstance(step, Send)]
        return sum(self.buffers[step.buffer].bytes for step in sent)

    def __str__(self) -> str:
        rows = [("device", "step", "does", "reads", "writes", "bytes at offset")]
        for device, steps in self.steps.items():
            rows += [(device, str(i), *self._row(step)) for i, step in enumerate(steps)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]
        peaks = ", ".join(f"{device} {bytes_text(count)}" for device, count in self.peak_bytes.items())
        return "\n".join([*lines, f"{self.name}: {self.step_count} steps; peak {peaks}"])

    def _row(self, step: Step) -> tuple[str, str, str, str]:
        match step:
            case Run(op=op, inputs=inputs, outputs=outputs):
                return str(op), self._names(*inputs), self._names(*outputs), self._places(*outputs)
            case Copy(source=source, target=target):
                return "copy", self._names(source), self._names(target), self._places(target)
            case Send(buffer=buffer, target=target_device):
                return f"send to {target_device}", self._names(buffer), "", ""
            case Receive(buffer=buffer, source=source_device):
                return f"receive from {source_device}", "", self._names(buffer), self._places(buffer)

    def _names(self, *indices: int) -> str:
        return ", ".join(str(self.buffers[i].value) for i in indices)

    def _places(self, *indices: int) -> str:
        buffers = [self.buffers[i] for i in indices]
        return ", ".join(f"{b.bytes} at {b.offset}" if b.kind == "arena" else f"{b.bytes} {b.kind}" for b in buffers)

    def to_json(self) -> dict[str, Any]:
        """The plan as plain data: numbers, texts, lists and tables; operators by their printed form."""
        return {
            "name": self.name,
            "steps": {device: [_plain(step) for step in steps] for device, steps in self.steps.items()},
            "buffers": [
                {
                    "value": str(b.value),
                    "device": b.device,
                    "kind": b.kind,
                    "shape": list(b.type.concrete),
                    "dtype": b.type.dtype,
                    "bytes": b.bytes,
                    "steps": [b.first, b.last],
                    "offset": b.offset,
                }
                for b in self.buffers
            ],
            **{key: dict(getattr(self, key)) for key in ("inputs", "outputs", "states", "arena_bytes", "peak_bytes")},
        }


def _plain(step: Step) -> dict[str, Any]:
    match step:
        case Run(node, op, inputs, outputs):
            return {"step": "run", "node": node, "op": str(op), "inputs": list(inputs), "outputs": list(outputs)}
        case Copy(source, target):
            return {"step": "copy", "source": source, "target": target}
        case Send(value, buffer, target_device, tag):
            return {"step": "send", "value": str(value), "buffer": buffer, "target": target_device, "tag": tag}
        case Receive(value, buffer, source_device, tag):
            return {"step": "receive", "value": str(value), "buffer": buffer, "source": source_device, "tag": tag}
