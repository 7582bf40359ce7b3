"""The memory that a run takes, by what it is for: known before the run begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cnngraph.cost.quantity import bytes_text
from cnngraph.plan.memory import aligned
from cnngraph.plan.plan import Plan


@dataclass(frozen=True)
class Peak:
    """Bytes of one device.

    `weights` are all states; `prepared` is what follows from them and is kept (folded, transformed); `inputs` what is
    fed; `values` all that crosses from one stage to the next; `worker` what each of the `workers` has for itself.

    >>> print(Peak(weights=102_000_000, values=150_000_000, worker=30_000_000, workers=2))
    312 MB (weights 102 MB, values 150 MB, workers 2 x 30 MB)
    """

    weights: int = 0
    prepared: int = 0
    inputs: int = 0
    values: int = 0
    worker: int = 0
    workers: int = 1

    @property
    def total(self) -> int:
        return self.weights + self.prepared + self.inputs + self.values + self.workers * self.worker

    def __str__(self) -> str:
        parts = [(name, getattr(self, name)) for name in ("weights", "prepared", "inputs", "values")]
        texts = [f"{name} {bytes_text(count)}" for name, count in parts if count]
        if self.worker:
            texts.append(f"workers {self.workers} x {bytes_text(self.worker)}")
        return f"{bytes_text(self.total)} ({', '.join(texts)})" if texts else bytes_text(0)


def peaks(plan: Plan, workers: int = 1) -> Mapping[str, Peak]:
    """The peak of each device; `workers` share the work of a plan for one device."""
    kinds = {"state": "weights", "constant": "prepared", "fed": "inputs"}
    found = {
        device: {"values": plan.arena_bytes[device], "worker": plan.worker_bytes[device], "workers": workers}
        for device in plan.devices
    }
    for buffer in plan.buffers:
        if buffer.kind in kinds:
            counts = found[buffer.device]
            counts[kinds[buffer.kind]] = counts.get(kinds[buffer.kind], 0) + aligned(buffer.bytes)
    return {device: Peak(**counts) for device, counts in found.items()}


def peak_text(plan: Plan, workers: int = 1) -> str:
    """The peak in words: of the only device, or of each one."""
    found = peaks(plan, workers)
    if len(found) == 1:
        return str(next(iter(found.values())))
    return "; ".join(f"{device} {peak}" for device, peak in found.items())


def largest_at_peak(plan: Plan, device: str, count: int = 3) -> tuple[str, list[str]]:
    """The step at which the arenas of a device are fullest, and the largest values that live then, in words."""
    placed = (b for b in plan.buffers if b.device == device and b.kind in ("arena", "worker"))
    alive = list({(b.kind, b.offset, b.first, b.last): b for b in placed}.values())  # tiles share their memory
    if not alive:
        return "", []
    moments = {b.first for b in alive}
    fullest = max(moments, key=lambda at: sum(b.bytes for b in alive if b.first <= at <= b.last))
    there = [b for b in alive if b.first <= fullest <= b.last]
    newest = max(there, key=lambda b: (b.first, b.bytes))
    largest = sorted(there, key=lambda b: -b.bytes)[:count]
    return str(newest.value), [f"{b.value} ({b.type}) {bytes_text(b.bytes)}" for b in largest]
