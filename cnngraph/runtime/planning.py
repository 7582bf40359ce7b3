"""A graph, sizes and settings become a plan: the kernels measured where that is asked for, within a limit of memory.

    limit 500 MB      4 tiles   8 tiles   16 tiles  2 tiles     the first one that fits is taken: from left to right,
    any kernel        612 MB    540 MB    552 MB    640 MB      then down; then with the backward part computed again,
    less workspace    580 MB    490 MB <-                       and last with fewer workers
    the least
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from cnngraph.autodiff.recompute import recompute
from cnngraph.cost.quantity import bytes_text
from cnngraph.diagnostics import CnnGraphError, error
from cnngraph.ir.graph import Graph
from cnngraph.kernels.kernel import Task
from cnngraph.partition.device import Cluster
from cnngraph.partition.partition import single
from cnngraph.partition.split import split
from cnngraph.passes import pipeline as passes
from cnngraph.plan.batch import TILES, Batch
from cnngraph.plan.choice import Choice
from cnngraph.plan.peak import largest_at_peak, peaks
from cnngraph.plan.plan import Plan
from cnngraph.plan.schedule import Options, schedule
from cnngraph.plan.steps import Run
from cnngraph.runtime.settings import DEFAULT, Settings
from cnngraph.runtime.threads import this_machine
from cnngraph.runtime.tuning import tuned

ROUNDS = 3  # of planning and measuring: other kernels may ask for other cuts, and these for measurements of their own
WORTH = 0.98  # of the peak is left, or another number of tiles is not worth it
LEAN = 32  # a kernel may take this part of the limit, where the fastest ones take too much

ALONE_SECONDS = 1.5e-3  # what one worker does in this time, two do no sooner: they are woken, and wait for each other

Sizes: TypeAlias = Mapping[str, int]


@dataclass(frozen=True)
class Planned:
    """A plan, and how many workers are to run it."""

    plan: Plan
    workers: int

    @property
    def total_bytes(self) -> int:
        """The peak of all devices."""
        return sum(peak.total for peak in peaks(self.plan, self.workers).values())


def planned(
    graph: Graph,
    sizes: Sizes,
    cluster: Cluster | None = None,
    settings: Settings = DEFAULT,
    fixed_states: bool | None = None,
) -> Planned:
    """The plan of a graph for these sizes. `fixed_states`: no run changes its states; by default, as the graph says.

    errors: E0602 where no plan is within the memory limit: what is needed at least, for what, and what would help;
            SizeError where the graph cannot have these sizes.
    """
    fixed = not graph.updates if fixed_states is None else fixed_states
    return _Planner(graph, sizes, cluster, settings, fixed).planned()


def takes_longer(plan: Plan, seconds: float) -> bool:
    """Whether one worker should take longer for a run; the rest of the plan is not asked once that is known."""
    machine, sum_of = this_machine(), 0.0
    for step in (step for steps in plan.steps.values() for step in steps if isinstance(step, Run)):
        sum_of += step.kernel.seconds(step.task, machine)
        if sum_of > seconds:
            return True
    return False


@dataclass(frozen=True)
class _Way:
    """One way to take less memory, and what of it is used."""

    again: bool = False
    parts: int = TILES
    most_bytes: int | None = None


@dataclass
class _Planner:
    graph: Graph
    sizes: Sizes
    cluster: Cluster | None
    settings: Settings
    fixed_states: bool
    _lowered: dict[bool, Graph] = field(default_factory=dict)
    _plans: dict[_Way, Plan] = field(default_factory=dict)
    _fastest: dict[Task, str] = field(default_factory=dict)

    def planned(self) -> Planned:
        workers = self.settings.worker_count if self.cluster is None else 1
        limit = self.settings.memory_limit_bytes
        if limit is None:
            plan = self.plan(_Way())
            alone = self.settings.workers is None and not takes_longer(plan, ALONE_SECONDS)
            return Planned(plan, 1 if alone else workers)
        return self.within(limit, workers)

    def within(self, limit: int, workers: int) -> Planned:
        """The first way whose plan fits, in the order of what they cost in time."""
        for count in range(workers, 0, -1):
            for way in self.ways(limit):
                found = Planned(self.plan(way), count)
                if found.total_bytes <= limit:
                    return found
        least = min(self._plans, key=lambda way: Planned(self._plans[way], 1).total_bytes)
        raise self.refusal(least, limit)

    def ways(self, limit: int) -> Iterator[_Way]:
        """More tiles as long as each takes less memory; and fewer, for each tile has weight gradients of its own."""
        for again in (False, True):
            if again and self.lowered(True) is self.lowered(False):
                return
            for most_bytes in (None, limit // LEAN, 0):
                yield (way := _Way(again, TILES, most_bytes))
                yield from self.falling(way, lambda parts: 2 * parts)
                yield from self.falling(way, lambda parts: parts // 2)

    def falling(self, way: _Way, change: Callable[[int], int]) -> Iterator[_Way]:
        """Other numbers of tiles, until the peak does not fall any more."""
        samples = self.sizes.get("batch", 1)
        while 0 < change(way.parts) < 2 * samples:
            yield (changed := replace(way, parts=change(way.parts)))
            if Planned(self.plan(changed), 1).total_bytes > WORTH * Planned(self.plan(way), 1).total_bytes:
                return
            way = changed

    # ---- one plan ----

    def lowered(self, again: bool) -> Graph:
        """The graph as it is executed; `again`: its backward part computes again what is not kept."""
        if again not in self._lowered:
            changed = recompute(self.graph, self.sizes) if again else self.graph
            same = again and changed is self.graph
            self._lowered[again] = self.lowered(False) if same else passes.run(changed, passes.EXECUTION)
        return self._lowered[again]

    def plan(self, way: _Way) -> Plan:
        if way not in self._plans:
            self._plans[way] = self.tuned_plan(way) if self.settings.tune else self.scheduled(way, self.choice(way))
        return self._plans[way]

    def tuned_plan(self, way: _Way) -> Plan:
        for _ in range(ROUNDS):
            choice = self.choice(way)
            plan = self.scheduled(way, choice)
            used = {step.task for steps in plan.steps.values() for step in steps if isinstance(step, Run)}
            new = [task for task in choice.asked if task in used and task not in self._fastest]
            if not new:
                break
            self._fastest |= tuned(choice, new, way.parts)
        return plan

    def choice(self, way: _Way) -> Choice:
        measured, compiled = dict(self._fastest), self.settings.compiled
        return Choice(
            self.settings.exact,
            this_machine(),
            measured=measured,
            most_bytes=way.most_bytes,
            compiled=compiled,
            renewed=not self.fixed_states,
        )

    def scheduled(self, way: _Way, choice: Choice) -> Plan:
        batch = Batch(self.lowered(way.again), self.sizes, way.parts)
        partition = single(batch.bound) if self.cluster is None else split(batch.bound, self.cluster)
        return schedule(partition, batch, Options(choice=choice, fixed_states=self.fixed_states))

    # ---- nothing fits ----

    def refusal(self, way: _Way, limit: int) -> CnnGraphError:
        least = Planned(self.plan(way), 1)
        device, peak = max(peaks(least.plan, 1).items(), key=lambda item: item[1].total)
        step, values = largest_at_peak(least.plan, device)
        helps = [f"it takes the most while it computes {step}; then there are {', '.join(values)}"] if values else []
        if (batch := self.fitting_batch(way, limit)) is not None:
            helps.append(f"a batch of {batch} instead of {self.sizes['batch']} fits")
        else:
            helps.append(f"its weights, with what is made of them, take {bytes_text(peak.weights + peak.prepared)}")
        where = f"{self.graph.name} at batch {self.sizes['batch']}" if "batch" in self.sizes else self.graph.name
        text = f"{where} takes at least {bytes_text(least.total_bytes)}, not {bytes_text(limit)}: {peak}"
        return error("E0602", text, *helps)

    def fitting_batch(self, way: _Way, limit: int) -> int | None:
        """The largest of half the batch, half of that and so on which fits in this way."""
        batch = self.sizes.get("batch", 1) // 2
        while batch:
            sizes, untuned = {**self.sizes, "batch": batch}, replace(self.settings, tune=False)
            smaller = _Planner(self.graph, sizes, self.cluster, untuned, self.fixed_states)
            if Planned(smaller.plan(way), 1).total_bytes <= limit:
                return batch
            batch //= 2
        return None
