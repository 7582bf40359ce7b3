"""Runs a graph on feeds of any size: it is bound, divided and planned once for each set of sizes."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cnngraph.diagnostics import CnnGraphError, error
from cnngraph.ir.graph import Graph
from cnngraph.ir.op import Array
from cnngraph.ir.size import SizeError
from cnngraph.partition.device import Cluster
from cnngraph.partition.partition import single
from cnngraph.partition.split import split
from cnngraph.plan.schedule import schedule
from cnngraph.runtime.feeds import checked_fetch, missing_or_unknown, sizes_of
from cnngraph.runtime.worker import Executor

KEPT_EXECUTORS = 4


class Runner:
    """A graph with its states, for feeds of any batch and any sizes that the graph allows.

    `states` are copied once; all executors share the copies, which a run with updates changes. With a `cluster` the
    graph is divided over its devices; without, one device runs all. Two threads may call `run`: the second one waits.
    """

    def __init__(self, graph: Graph, states: Mapping[str, Array], cluster: Cluster | None = None) -> None:
        self.graph = graph
        self.cluster = cluster
        given = [node.name for node in graph.states if node.name in states]
        self.states = {name: np.array(states[name], order="C") for name in given}
        self._executors: dict[tuple[object, ...], Executor] = {}
        self._lock = threading.Lock()

    def run(self, feeds: Mapping[str, Any], fetch: Sequence[str] | None = None) -> dict[str, Array]:
        """The outputs for these feeds.

        With `fetch` only the named outputs or nodes are computed, by the nodes that lead to them and from the inputs
        that these need; no state changes. Errors: E0705.
        """
        with self._lock:
            executor = self.executor(feeds, fetch)
            return executor.run({name: feeds[name] for name in executor.plan.inputs})

    def executor(self, feeds: Mapping[str, Any], fetch: Sequence[str] | None = None) -> Executor:
        """The executor for feeds of these sizes: a kept one, or a new one."""
        known = [node.name for node in self.graph.inputs]
        chosen = None if fetch is None else checked_fetch(self.graph, fetch)
        graph = self.graph if chosen is None else self.graph.fetch(chosen)
        needed = [node.name for node in graph.inputs]
        extra = {name: None for name in feeds if name in known and name not in needed}
        if found := missing_or_unknown(needed, {name: a for name, a in feeds.items() if name not in extra}):
            raise CnnGraphError(found)
        sizes = sizes_of(graph, feeds)
        key = (chosen, *sorted(sizes.items()))
        made = self._executors.pop(key, None) or self._made(graph, sizes)
        self._executors[key] = made  # the last one used stands last
        if len(self._executors) > KEPT_EXECUTORS:
            del self._executors[next(iter(self._executors))]
        return made

    def _made(self, graph: Graph, sizes: Mapping[str, int]) -> Executor:
        given = ", ".join(f"{name} = {size}" for name, size in sizes.items())
        try:
            bound = graph.bind(**sizes)
        except SizeError as reason:
            text = f"{graph.name} cannot take {given}: {reason}"
            raise error("E0705", text, "feed arrays of another size") from reason
        partition = single(bound) if self.cluster is None else split(bound, self.cluster)
        return Executor(schedule(partition), self.states)
