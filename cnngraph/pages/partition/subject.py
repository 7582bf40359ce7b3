"""What a page of a division is about, whether that is of a network or of a workload of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cnngraph.pages.timeline import Json
from cnngraph.pipeline.timeline import Timeline
from cnngraph.render.tabular import Table


@dataclass(frozen=True)
class Lane:
    """A device or a team, as the page names and colours it. `members` are its lanes in the timeline."""

    name: str
    label: str
    told: str  # its load and its memory
    members: tuple[str, ...]
    busiest: bool


@dataclass(frozen=True)
class Subject:
    """All that the page says.

    fields: title, lead    what is divided over what, and how good that is
            goal, bound    the value and its lower bound, as numbers; `scale` names the value
            facts          name and text of each figure of the division
            reasons        why it is no better, in lines
            trials         what would help, where that was tried
            lanes          devices and teams, in the order of their colours
            model          the graph
            division       for each node of the model the number of its lane
            executed       the same as the pipeline divides it, where it does
            notes          sentences about what is shown
            timeline       data of the timeline, and
            timelines      the same as values, for the trace
            part           what the numbers of bars count
    """

    title: str
    lead: str
    scale: str
    goal: float
    bound: float
    goal_text: str
    bound_text: str
    facts: Mapping[str, str]
    reasons: Sequence[str]
    trials: Table | None
    lanes: tuple[Lane, ...]
    tables: tuple[Table, ...]
    model: dict[str, Any]
    division: tuple[int, ...]
    executed: tuple[int, ...] | None
    notes: tuple[str, ...]
    timeline: Json
    timelines: tuple[Timeline, ...]
    part: str = "microbatch"
