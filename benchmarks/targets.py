"""What cnngraph is to reach beside its peers, and the comparison of one task of one network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.engine import COMPILED, ONNX_RUNTIME, OURS, PYTORCH
from benchmarks.measurement import (
    COLD_START,
    INFERENCE,
    INFERENCE_MEMORY,
    SINGLE,
    TRAINING,
    TRAINING_MEMORY,
    Measurement,
)


@dataclass(frozen=True)
class Target:
    """The largest ratio to a peer, of the fastest rounds, that is good enough for each task."""

    peer: str
    engines: tuple[str, ...]  # the best of them counts
    most: Mapping[str, float]
    own: str = OURS

    @property
    def title(self) -> str:
        return f"x {self.peer}" if self.own == OURS else f"[jit] x {self.peer}"


TARGETS = (
    Target(
        "PyTorch",
        PYTORCH,
        {TRAINING: 1.0, INFERENCE: 0.9, SINGLE: 0.7, TRAINING_MEMORY: 0.7, INFERENCE_MEMORY: 0.7, COLD_START: 0.3},
    ),
    Target("ONNX Runtime", (ONNX_RUNTIME,), {INFERENCE: 1.2, SINGLE: 1.5, INFERENCE_MEMORY: 1.0}),
    Target("PyTorch", PYTORCH, {TRAINING: 0.8}, COMPILED),
    Target("ONNX Runtime", (ONNX_RUNTIME,), {INFERENCE: 1.0, SINGLE: 1.0}, COMPILED),
)


@dataclass(frozen=True)
class Comparison:
    """All engines at one task of one network."""

    network: str
    batch: int
    task: str
    by_engine: Mapping[str, Measurement]

    def least(self, engines: Sequence[str]) -> float | None:
        """The best of these engines; None where none was measured."""
        return min(
            (self.by_engine[e].least for e in engines if e in self.by_engine and self.by_engine[e].rounds), default=None
        )

    def ratio(self, engine: str, peers: Sequence[str]) -> float | None:
        own, other = self.least([engine]), self.least(peers)
        return None if own is None or other is None else own / other


def comparisons(found: Iterable[Measurement]) -> Iterator[Comparison]:
    """The measurements by network and task, in their order."""
    groups: dict[tuple[str, int, str], dict[str, Measurement]] = {}
    for m in found:
        groups.setdefault((m.network, m.batch, m.task), {})[m.engine] = m
    return (Comparison(*key, by_engine) for key, by_engine in groups.items())
