"""A plan: for each device its stages of jobs over buffers with fixed offsets. It prints, and is plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from cnngraph.cost.quantity import bytes_text
from cnngraph.plan.memory import aligned
from cnngraph.plan.steps import PLACED, Buffer, Combine, Copy, Job, Prepare, Receive, Run, Send, Stage, Step, View

ARENAS = ("arena_bytes", "worker_bytes", "stash_bytes")


@dataclass(frozen=True)
class Plan:
    """Everything that a runtime does, decided.

    inputs and states name buffers by their index, outputs are views. `prologue` is run once, before the first run.
    `arena_bytes` is the size of each device's arena, `worker_bytes` that of the arena of each of its workers;
    `memory_bytes` what the device has. Where a plan has phases, `phases` says that of each stage, and `stash_bytes` the
    size of the arena that each run in flight has for itself.
    """

    name: str
    stages: Mapping[str, tuple[Stage, ...]]
    prologue: Mapping[str, Job]
    buffers: tuple[Buffer, ...]
    inputs: Mapping[str, int]
    outputs: Mapping[str, View]
    states: Mapping[str, int]
    arena_bytes: Mapping[str, int]
    worker_bytes: Mapping[str, int]
    memory_bytes: Mapping[str, int]
    phases: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    stash_bytes: Mapping[str, int] = field(default_factory=dict)

    @property
    def devices(self) -> tuple[str, ...]:
        return tuple(self.stages)

    @cached_property
    def steps(self) -> Mapping[str, tuple[Step, ...]]:
        """All steps of each device, stage by stage and job by job."""
        return {
            device: tuple(step for stage in stages for job in stage for step in job)
            for device, stages in self.stages.items()
        }

    @property
    def step_count(self) -> int:
        return sum(len(steps) for steps in self.steps.values())

    @property
    def run_count(self) -> int:
        """Number of operators that one run applies; one that goes through several tiles counts once."""
        return len({(d, s.node) for d, steps in self.steps.items() for s in steps if isinstance(s, Run)})

    @cached_property
    def peak_bytes(self) -> Mapping[str, int]:
        """For each device: its arena, that of one worker, its states, constants and fed values."""
        return self.peak_with(1)

    def peak_with(self, workers: int, in_flight: Mapping[str, int] | None = None) -> Mapping[str, int]:
        """For each device: its arena, those of so many workers, its states, constants and fed values.

        Each run that is `in_flight` on a device has a stash and fed values of its own.
        """
        flying = in_flight or {}
        total = {device: self.arena_bytes[device] + workers * self.worker_bytes[device] for device in self.devices}
        for device, count in self.stash_bytes.items():
            total[device] += count * flying.get(device, 1)
        for buffer in self.buffers:
            if buffer.kind not in PLACED:
                times = flying.get(buffer.device, 1) if buffer.kind == "fed" else 1
                total[buffer.device] += aligned(buffer.bytes) * times
        return total

    @cached_property
    def transit_bytes(self) -> int:
        """Bytes of the messages between devices; they belong to the engine that carries them, not to a device."""
        sent = [step for steps in self.steps.values() for step in steps if isinstance(step, Send)]
        return sum(self.buffers[step.source.buffer].bytes for step in sent)

    def __str__(self) -> str:
        rows = [("device", "stage", "job", "does", "by", "reads", "writes", "bytes at offset")]
        for device, stages in self.stages.items():
            for s, stage in enumerate(stages):
                rows += [(device, str(s), str(j), *self._row(step)) for j, job in enumerate(stage) for step in job]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]
        peaks = ", ".join(f"{device} {bytes_text(count)}" for device, count in self.peak_bytes.items())
        return "\n".join([*lines, f"{self.name}: {self.step_count} steps; peak {peaks}"])

    def _row(self, step: Step) -> tuple[str, str, str, str, str]:
        match step:
            case Run(task=task, kernel=kernel, inputs=inputs, outputs=outputs):
                return str(task.op), kernel.name, self._names(*inputs), self._names(*outputs), self._places(*outputs)
            case Prepare(node=node, kernel=kernel, source=source, target=target):
                return f"prepare {node}", kernel.name, self._names(source), "", self._places(target)
            case Combine(parts=parts, outputs=outputs):
                return "combine", "", self._names(*parts), self._names(*outputs), self._places(*outputs)
            case Copy(source=source, target=target):
                return "copy", "", self._names(source), self._names(target), self._places(target)
            case Send(source=source, target=target_device):
                return f"send to {target_device}", "", self._names(source), "", ""
            case Receive(target=target, source=source_device):
                return f"receive from {source_device}", "", "", self._names(target), self._places(target)

    def _names(self, *views: View) -> str:
        return ", ".join(f"{self.buffers[v.buffer].value}{_cuts(v)}" for v in views)

    def _places(self, *views: View) -> str:
        buffers = [self.buffers[v.buffer] for v in views]
        return ", ".join(
            f"{b.bytes} at {b.offset}" if b.kind in PLACED else f"{b.bytes} {b.kind}" for b in buffers
        )

    def to_json(self) -> dict[str, Any]:
        """The plan as plain data: numbers, texts, lists and tables; operators and kernels by their printed form."""
        return {
            "name": self.name,
            "prologue": {device: [_plain(step) for step in job] for device, job in self.prologue.items()},
            "stages": {
                device: [[[_plain(step) for step in job] for job in stage] for stage in stages]
                for device, stages in self.stages.items()
            },
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
            "outputs": {name: _view(view) for name, view in self.outputs.items()},
            **{key: dict(getattr(self, key)) for key in ("inputs", "states", *ARENAS)},
            "phases": {device: list(phases) for device, phases in self.phases.items()},
            "peak_bytes": dict(self.peak_bytes),
        }


def _cuts(view: View) -> str:
    return "".join(f"[{axis}: {start}-{stop}]" for axis, start, stop in view.cuts)


def _view(view: View) -> dict[str, Any]:
    shape = {} if view.shape is None else {"shape": list(view.shape)}
    inner = {"cuts_of_shape": [list(cut) for cut in view.cuts_of_shape]} if view.cuts_of_shape else {}
    return {"buffer": view.buffer, "cuts": [list(cut) for cut in view.cuts], **shape, **inner}


def _plain(step: Step) -> dict[str, Any]:
    match step:
        case Run(node, task, kernel, inputs, outputs, workspace, prepared):
            views = {"inputs": inputs, "outputs": outputs, "workspace": workspace, "prepared": prepared}
            shown = {key: [_view(v) for v in found] for key, found in views.items()}
            return {"step": "run", "node": node, "op": str(task.op), "kernel": kernel.name, **shown}
        case Prepare(node, _, kernel, index, source, target):
            ends = {"source": _view(source), "target": _view(target)}
            return {"step": "prepare", "node": node, "kernel": kernel.name, "index": index, **ends}
        case Combine(node, op, parts, samples, outputs):
            shown = {"parts": [_view(v) for v in parts], "outputs": [_view(v) for v in outputs]}
            return {"step": "combine", "node": node, "op": str(op), "samples": list(samples), **shown}
        case Copy(source, target):
            return {"step": "copy", "source": _view(source), "target": _view(target)}
        case Send(value, source, target_device, tag):
            return {"step": "send", "value": str(value), "source": _view(source), "target": target_device, "tag": tag}
        case Receive(value, target, source_device, tag):
            place = _view(target)
            return {"step": "receive", "value": str(value), "target": place, "source": source_device, "tag": tag}
