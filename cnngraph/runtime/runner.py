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
from cnngraph.plan.peak import peak_text
from cnngraph.runtime.feeds import checked_fetch, missing_or_unknown, sizes_of
from cnngraph.runtime.planning import planned
from cnngraph.runtime.settings import DEFAULT, Settings
from cnngraph.runtime.worker import Executor

KEPT_EXECUTORS = 4


class Runner:
    """A graph with its states, for feeds of any batch and any sizes that the graph allows.

    All executors share the states: the arrays that are given where no run changes them, which nobody else may change
    either; copies where the graph has updates. With a `cluster` the graph is divided over its devices; without, one
    device runs all, with the workers of the `settings`. Two threads may call `run`: the second one waits.

    A runner `beside` another one never runs at the same time, and both have updates. Of states that both have there is
    one array, which either may change; and the memory of the one serves for the other.
    """

    def __init__(
        self,
        graph: Graph,
        states: Mapping[str, Array],
        cluster: Cluster | None = None,
        settings: Settings = DEFAULT,
        beside: Runner | None = None,
    ) -> None:
        self.graph = graph
        self.cluster = cluster
        self.settings = settings
        given = [node.name for node in graph.states if node.name in states]
        self._given = not graph.updates  # whether the states are still the arrays that were given
        own = np.asarray if self._given else np.array
        common = beside._common() if beside else {}
        self.states: dict[str, Array] = {
            name: common[name] if name in common else own(states[name], order="C") for name in given
        }
        self._beside = beside
        self._executors: dict[tuple[object, ...], Executor] = {}
        self._parts: dict[tuple[str, ...] | None, Graph] = {}
        self._lock = threading.Lock()

    def run(self, feeds: Mapping[str, Any], fetch: Sequence[str] | None = None) -> dict[str, Array]:
        """The outputs for these feeds.

        With `fetch` only the named outputs or nodes are computed, by the nodes that lead to them and from the inputs
        that these need; no state changes. Errors: E0705.
        """
        with self._lock:
            executor = self.executor(feeds, fetch)
            return executor.run({name: feeds[name] for name in executor.plan.inputs})

    def memory(self, feeds: Mapping[str, Any], fetch: Sequence[str] | None = None) -> str:
        """What a run on such feeds takes at its peak, in words; the memory is there afterwards."""
        with self._lock:
            executor = self.executor(feeds, fetch)
            return peak_text(executor.plan, executor.workers)

    def take(self, states: Mapping[str, Array]) -> None:
        """Go on with the values of these states."""
        with self._lock:
            if self._given:
                self.states = {name: value.copy() for name, value in self.states.items()}
                self._given = False
                self._executors.clear()
            for name, value in self.states.items():
                np.copyto(value, states[name])
            for executor in self._executors.values():
                executor.prepare()

    def executor(self, feeds: Mapping[str, Any], fetch: Sequence[str] | None = None) -> Executor:
        """The executor for feeds of these sizes: a kept one, or a new one."""
        known = [node.name for node in self.graph.inputs]
        chosen = None if fetch is None else checked_fetch(self.graph, fetch)
        graph = self._part(chosen)
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

    def _part(self, chosen: tuple[str, ...] | None) -> Graph:
        """The graph, or the part of it that leads to what is chosen."""
        if chosen not in self._parts:
            self._parts[chosen] = self.graph if chosen is None else self.graph.fetch(chosen)
        return self._parts[chosen]

    def _common(self) -> dict[str, Array]:
        """The states of this runner and of those beside it."""
        return {**(self._beside._common() if self._beside else {}), **self.states}

    def _alike(self, workers: int) -> list[Executor]:
        """The kept executors with as many workers: only one executor runs at a time."""
        others = self._beside._alike(workers) if self._beside else []
        return [*others, *(executor for executor in self._executors.values() if executor.workers == workers)]

    def _made(self, graph: Graph, sizes: Mapping[str, int]) -> Executor:
        try:
            found = planned(graph, sizes, self.cluster, self.settings, fixed_states=not self.graph.updates)
        except SizeError as reason:
            given = ", ".join(f"{name} = {size}" for name, size in sizes.items())
            text = f"{graph.name} cannot take {given}: {reason}"
            raise error("E0705", text, "feed arrays of another size") from reason
        return Executor(found.plan, self.states, found.workers, beside=self._alike(found.workers))
