"""The division of a published workload as the subject of a page. Its times have the unit of the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cnngraph.pages.partition.frames import unique, workload_model
from cnngraph.pages.partition.held import held_by_workload
from cnngraph.pages.partition.runs import one_run, several_runs, shares_of_answer
from cnngraph.pages.partition.subject import Lane, Subject
from cnngraph.pages.timeline import Json, Track, timeline_json
from cnngraph.partition.objective import objective_bound, objective_value
from cnngraph.partition.partition import GOALS
from cnngraph.partition.problem import Answer, Problem, loads
from cnngraph.pipeline.schedule import Phase
from cnngraph.render.partition_table import shares
from cnngraph.render.tabular import shown as cell_text


@dataclass(frozen=True)
class Divided:
    """Makes the subject. `backward` are names of operators of the backward part."""

    problem: Problem
    answer: Answer
    strategy: str = "auto"
    backward: frozenset[str] = frozenset()

    def subject(self) -> Subject:
        problem, answer = self.problem, self.answer
        table = shares(problem, answer, self.strategy)
        goal = objective_value(problem, answer.device_of, answer.teams)
        bound = max(objective_bound(problem), answer.bound_seconds)
        facts = {name: cell_text(value) for name, value in table.totals.items()}
        tracks, model, load = self._tracks(), self._model(), loads(problem, answer.device_of, answer.teams)
        used = sorted(set(answer.device_of))
        names = [problem.devices[d] for d in used]
        lanes = tuple(
            Lane(name, name, f"load {load[d]:.6g}", (name,), bool(load[d] == load.max()))
            for d, name in zip(used, names, strict=True)
        )
        number = {d: i for i, d in enumerate(used)}
        division = tuple(number[d] for d in self._on)
        colours = {problem.devices[d]: i for d, i in number.items()}
        return Subject(
            title=table.title,
            lead=f"{GOALS[problem.objective]} {goal:.6g}, lower bound {facts['lower bound']}, gap {facts['gap']}; "
            "times are in the unit of the file",
            scale=GOALS[problem.objective],
            goal=goal,
            bound=bound,
            goal_text=f"{goal:.6g}",
            bound_text=f"{bound:.6g}",
            facts=facts,
            reasons=tuple(self._reasons()),
            trials=None,
            lanes=lanes,
            tables=(table,),
            model=model,
            division=division,
            executed=None,
            notes=(),
            timeline=timeline_json(tracks, colours, self._picks, self._nodes(), unit=""),
            timelines=tuple(track.timeline for track in tracks),
            part="run",
        )

    @cached_property
    def _on(self) -> list[int]:
        return [self.answer.device_of[group] for group in self.problem.group_of]

    @cached_property
    def _place(self) -> Mapping[str, int]:
        return {id_: i for i, id_ in enumerate(unique(self.problem.tasks))}

    def _phase(self, name: str) -> Phase:
        return Phase.BACKWARD if name in self.backward else Phase.FORWARD

    def _picks(self, word: str) -> list[int]:
        return [self._place[word]] if word in self._place else []

    def _nodes(self) -> dict[str, dict[Phase, list[int]]]:
        found: dict[str, dict[Phase, list[int]]] = {}
        for task, d in enumerate(self._on):
            phase = self._phase(self.problem.tasks[task])
            found.setdefault(self.problem.devices[d], {}).setdefault(phase, []).append(task)
        return found

    def _tracks(self) -> tuple[Track, ...]:
        problem, answer = self.problem, self.answer
        held = held_by_workload(problem, answer.device_of)
        several, told = several_runs(shares_of_answer(problem, answer, self._phase))
        one, carried = one_run(problem, answer.device_of, self._phase)
        busiest = loads(problem, answer.device_of, answer.teams).max()
        return (
            Track(several, f"a run each {busiest:.6g}: {told}", held),
            Track(one, f"{one.step_seconds:.6g} from start to end", {}, carried),
        )

    def _model(self) -> Json:
        taken = {
            id_: {"device": self.problem.devices[d], "time": f"{self.problem.task_seconds[d][task]:.6g}"}
            for (id_, task), d in zip(self._place.items(), self._on, strict=True)
        }
        return workload_model(self.problem, self.answer.device_of, taken, self.backward)

    def _reasons(self) -> list[str]:
        problem, answer = self.problem, self.answer
        load = loads(problem, answer.device_of, answer.teams)
        d = int(np.argmax(load))
        compute = float(problem.seconds[d, np.asarray(answer.device_of) == d].sum())
        moved = float(load[d]) - compute
        told = f"{problem.devices[d]} is the busiest: {load[d]:.6g}, of which {compute:.6g} compute "
        whole = float(load[d]) or 1.0
        return [told + f"({compute / whole:.0%}) and {moved:.6g} communication ({moved / whole:.0%})"]
