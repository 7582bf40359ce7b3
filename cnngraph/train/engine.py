"""Where the steps of a run are computed, and who keeps its states: this process, or one process for each device.

    Here     all devices are in this process, which holds all states and writes them to one file
    Spread   each process has the states of its device, and writes them to a part of its own; the first one speaks
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from cnngraph.ir.graph import Graph
from cnngraph.ir.op import Array
from cnngraph.ir.types import TensorType
from cnngraph.partition.device import Cluster
from cnngraph.partition.partition import HOST
from cnngraph.runtime.engines.transport import Transport
from cnngraph.runtime.pipeline import Pipeline
from cnngraph.runtime.pipelining import LAYER_BY_LAYER, PipelineOptions
from cnngraph.runtime.runner import Runner
from cnngraph.runtime.settings import DEFAULT, Settings
from cnngraph.runtime.share import Share, agreed
from cnngraph.train.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from cnngraph.train.shards import clear, folder_of, join_parts, load_parts, newest, save_part

Steps: TypeAlias = Runner | Pipeline
First: TypeAlias = Callable[[Sequence[str]], dict[str, Array]]
"""First values of the states with these names."""
Feeds: TypeAlias = Callable[[], Mapping[str, Array]]
"""Makes feeds of the size that is usual."""


class Here:
    """All devices are in this process."""

    leads = True
    """Whether this process tells how the run goes."""

    def __init__(
        self, cluster: Cluster | None = None, settings: Settings = DEFAULT, pipeline: PipelineOptions | None = None
    ) -> None:
        self.given, self.settings, self.pipeline = cluster, settings, pipeline
        self.cluster = cluster or Cluster((HOST,))

    def steps(self, graph: Graph, first: First, feeds: Feeds, beside: Steps | None = None) -> Steps:
        """What runs a training step on feeds like these; `beside` runs another one on the same states."""
        states = first([node.name for node in graph.states])
        if self.pipeline is None:
            return Runner(graph, states, self.given, self.settings, beside if isinstance(beside, Runner) else None)
        return Pipeline(graph, states, self.cluster, self.pipeline, self.settings)

    def tests(
        self, graph: Graph, feeds: Feeds, steps: Steps, step_feeds: Feeds, states: Mapping[str, Array]
    ) -> Steps:
        """What runs the network for tests, with `states`, those of all steps, where they are."""
        if isinstance(steps, Runner):
            return Runner(graph, states, self.given, self.settings)
        return Pipeline(graph, steps.states, self.cluster, whole_batch(steps, step_feeds), self.settings)

    def begin(self, path: Path, resume_from: Path | None) -> None:
        """A run begins that saves to this path."""

    def agreed(self, flag: bool) -> bool:
        """Whether the flag is set in any process."""
        return flag

    def save(self, path: Path, states: Mapping[str, Array], checkpoint: Checkpoint) -> None:
        save_checkpoint(path, states, checkpoint)

    def finish(self, path: Path, checkpoint: Checkpoint) -> None:
        """What was saved last is to stay."""

    def load(self, path: Path, types: Mapping[str, TensorType]) -> tuple[dict[str, Array], Checkpoint]:
        """From a file of weights, or from a folder of parts."""
        return load_parts(path, types) if path.is_dir() else load_checkpoint(path, types)


class Spread(Here):
    """Each device is a process of its own; `transport` is that of this one. All do the same in the same order."""

    def __init__(
        self,
        transport: Transport,
        cluster: Cluster,
        settings: Settings = DEFAULT,
        pipeline: PipelineOptions | None = None,
    ) -> None:
        super().__init__(cluster, settings, pipeline or PipelineOptions(1))
        self.transport, self.devices = transport, cluster.names
        self.place = self.devices.index(transport.device)
        self.leads = self.place == 0

    def steps(self, graph: Graph, first: First, feeds: Feeds, beside: Steps | None = None) -> Share:
        assert self.pipeline is not None
        return Share(graph, first, feeds(), self.cluster, self.pipeline, self.settings, self.transport)

    def tests(
        self, graph: Graph, feeds: Feeds, steps: Steps, step_feeds: Feeds, states: Mapping[str, Array]
    ) -> Share:
        assert isinstance(steps, Share)

        def first(names: Sequence[str]) -> dict[str, Array]:
            return {name: steps.states[name] for name in names}

        options = whole_batch(steps, step_feeds)
        return Share(graph, first, feeds(), self.cluster, options, self.settings, self.transport)

    def begin(self, path: Path, resume_from: Path | None) -> None:
        """Parts of earlier runs go, but those that this one goes on from."""
        folder = folder_of(path)
        self.agreed(True)  # all have read what they need
        if self.leads:
            clear(folder, newest(folder) if resume_from == folder else ())
        self.agreed(True)

    def agreed(self, flag: bool) -> bool:
        return agreed(self.transport, self.devices, flag or self.transport.asked_to_end)

    def save(self, path: Path, states: Mapping[str, Array], checkpoint: Checkpoint) -> None:
        save_part(folder_of(path), self.place, len(self.devices), states, checkpoint)

    def finish(self, path: Path, checkpoint: Checkpoint) -> None:
        """The parts become one file, once all are written; it is there when this returns anywhere."""
        self.agreed(True)
        if self.leads:
            join_parts(folder_of(path), path, checkpoint)
        self.agreed(True)


def whole_batch(steps: Pipeline, feeds: Feeds) -> PipelineOptions:
    """A batch in one piece, each state where the training step has it."""
    division = steps.plan(feeds()).partition.device_of
    return PipelineOptions(1, "one-shot", device_of=division, lowering=LAYER_BY_LAYER)
