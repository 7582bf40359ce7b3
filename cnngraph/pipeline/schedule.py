"""In which order each device of a pipeline runs its phases of each microbatch: pure data, for planner and engines.

    F  forward          B  backward: gradients of inputs          W  gradients of weights, added to accumulators
    R  reduce: the members of a team add up what they have        U  update: weights take their next values

A device runs its actions one after the other and waits only for messages. Microbatches increase within each phase of a
device: messages of one tag arrive as they are wanted, and accumulators are added in the same order on
every engine. A schedule says nothing of time: `simulate` draws it along a time axis.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from cnngraph.diagnostics import error
from cnngraph.spelling import did_you_mean

ALL = -1  # the microbatch of an action that is for all of them


class Phase(StrEnum):
    """A part of the work of a device; its value is how it is drawn."""

    FORWARD = "F"
    BACKWARD = "B"
    WEIGHTS = "W"
    REDUCE = "R"
    UPDATE = "U"


@dataclass(frozen=True)
class Action:
    """One phase of one microbatch; `ALL` for reduce and update."""

    phase: Phase
    microbatch: int = ALL

    def __str__(self) -> str:
        return f"{self.phase}{self.microbatch}" if self.microbatch != ALL else str(self.phase)


@dataclass(frozen=True)
class Schedule:
    """The actions of each device, in order.

    With `teams`, what the rest of a plan calls one device is several members that each take a part of the microbatches:
    `actions` are those of the members, and microbatch i of the stage `gpu0` is for `member("gpu0", i)`.

    >>> print(make_schedule("1f1b", 3, {"gpu0": 2, "gpu1": 1}, has_backward=True))
    gpu0  F0 F1 B0 W0 F2 B1 W1 B2 W2 U
    gpu1  F0 B0 W0 F1 B1 W1 F2 B2 W2 U
    """

    name: str
    actions: Mapping[str, tuple[Action, ...]]
    microbatches: int
    teams: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def devices(self) -> tuple[str, ...]:
        return tuple(self.actions)

    @cached_property
    def stage_of(self) -> Mapping[str, str]:
        """For each device the stage it works for: itself, or that of its team."""
        found = {name: name for name in self.actions}
        found.update((member, stage) for stage, team in self.teams.items() for member in team)
        return found

    def team(self, stage: str) -> tuple[str, ...]:
        """The devices that work for a stage."""
        return self.teams.get(stage, (stage,))

    def member(self, stage: str, microbatch: int) -> str:
        """The device that runs this microbatch of a stage."""
        team = self.team(stage)
        return team[microbatch % len(team)]

    def in_flight(self, device: str) -> int:
        """The most microbatches at a time whose forward has begun and whose last phase on the device has not ended."""
        actions = self.actions[device]
        last = {action.microbatch: i for i, action in enumerate(actions) if action.microbatch != ALL}
        most = count = 0
        for i, action in enumerate(actions):
            count += action.phase is Phase.FORWARD
            most = max(most, count)
            count -= last.get(action.microbatch) == i
        return most

    def __str__(self) -> str:
        width = max(map(len, self.actions), default=0)
        return "\n".join(f"{name:<{width}}  {' '.join(map(str, todo))}" for name, todo in self.actions.items())


def one_shot(microbatches: int, after: int, before: int) -> tuple[int, int]:
    """The whole batch at once.

        gpu0  F0 .  .  .  .  B0 W0 U
        gpu1  .  F0 .  .  B0 W0 U  .
        gpu2  .  .  F0 B0 W0 U  .  .
    """
    return 1, 0


def fill_drain(microbatches: int, after: int, before: int) -> tuple[int, int]:
    """All forward, then all backward. Huang et al., GPipe, NeurIPS 2019, section 2.3; here backward in order too.

        gpu0  F0 F1 F2 F3 .  .  .  .  B0 W0 B1 W1 B2 W2 B3 W3 U
        gpu1  .  F0 F1 F2 F3 .  .  B0 W0 B1 W1 B2 W2 B3 W3 U  .
        gpu2  .  .  F0 F1 F2 F3 B0 W0 B1 W1 B2 W2 B3 W3 U  .  .

    Everything is in flight at once: the memory of every device grows with the number of microbatches.
    """
    return microbatches, 0


def one_forward_one_backward(microbatches: int, after: int, before: int) -> tuple[int, int]:
    """Backward as soon as it can be. Narayanan et al., Memory-efficient pipeline-parallel DNN training, ICML 2021, 2.2.

        gpu0  F0 F1 F2 .  .  B0 W0 F3 B1 W1 .  B2 W2 .  B3 W3 U
        gpu1  .  F0 F1 .  B0 W0 F2 B1 W1 F3 B2 W2 .  B3 W3 U  .
        gpu2  .  .  F0 B0 W0 F1 B1 W1 F2 B2 W2 F3 B3 W3 U  .  .

    As long as fill-drain, but a device has no more microbatches in flight than stages from it to the end.
    """
    return after, 0


def zero_bubble(microbatches: int, after: int, before: int) -> tuple[int, int]:
    """Weight gradients wait and fill bubbles: ZB-H1 of Qi et al., Zero bubble pipeline parallelism, ICLR 2024, 2.

        gpu0  F0 F1 F2 .  .  B0 W0 F3 B1 W1 B2 W2 B3 W3 U
        gpu1  .  F0 F1 .  B0 F2 B1 W0 F3 B2 W1 B3 W2 W3 U
        gpu2  .  .  F0 B0 F1 B1 F2 B2 W0 F3 B3 W1 W2 W3 U

    A device has as many microbatches in flight as the first one of 1f1b: later stages keep some for later weights.
    """
    return after, before


KINDS: Mapping[str, Callable[[int, int, int], tuple[int, int]]] = {
    "one-shot": one_shot,
    "fill-drain": fill_drain,
    "1f1b": one_forward_one_backward,
    "zero-bubble": zero_bubble,
}
"""Each says of a device, from its number of microbatches and of stages after (itself included) and before it: how many
forwards it runs before its first backward, and how many backwards its weight gradients lag behind."""


def make_schedule(
    kind: str,
    microbatches: int,
    depth: Mapping[str, int],
    has_backward: bool,
    teams: Mapping[str, Sequence[str]] | None = None,
) -> Schedule:
    """The schedule of a kind for devices with these depths (see `depths`); without backward, forwards only.

    errors: E0107 unknown kind; E0108 fewer microbatches than one, or more than one in one shot.
    """
    if kind not in KINDS:
        help_ = did_you_mean(kind, KINDS, f"schedules: {', '.join(KINDS)}")
        raise error("E0107", f"no schedule is named `{kind}`", help_)
    if microbatches < 1:
        raise error("E0108", f"a batch cannot be cut into {microbatches} microbatches", "take at least one")
    if kind == "one-shot" and microbatches > 1:
        help_ = f"take one, or a schedule for more: {', '.join([*KINDS][1:])}"
        raise error("E0108", f"the schedule one-shot has one microbatch, not {microbatches}", help_)
    members = {stage: tuple(team) for stage, team in (teams or {}).items() if stage in depth}
    deepest = max(depth.values(), default=1)
    actions: dict[str, tuple[Action, ...]] = {}
    for stage, own in depth.items():
        team = members.get(stage, (stage,))
        for i, member in enumerate(team):
            assert member not in actions, f"{member} works for two stages"
            numbers = range(i, microbatches, len(team))
            warm, lag = KINDS[kind](len(numbers), -(-own // len(team)), (deepest - own) // len(team))
            actions[member] = _actions(numbers, warm, lag, len(team) > 1) if has_backward else _forwards(numbers)
    return Schedule(kind, actions, microbatches, members)


def _forwards(microbatches: Sequence[int]) -> tuple[Action, ...]:
    return tuple(Action(Phase.FORWARD, m) for m in microbatches)


def _actions(microbatches: Sequence[int], warm: int, lag: int, reduces: bool) -> tuple[Action, ...]:
    """`warm` forwards, then backwards and forwards in turn; weight gradients `lag` backwards later."""
    done = list(_forwards(microbatches[:warm]))
    for i, m in enumerate(microbatches):
        done.append(Action(Phase.BACKWARD, m))
        done += [Action(Phase.WEIGHTS, late) for late in microbatches[max(i - lag, 0) : max(i - lag + 1, 0)]]
        done += _forwards(microbatches[i + warm : i + warm + 1])
    done += [Action(Phase.WEIGHTS, late) for late in microbatches[max(len(microbatches) - lag, 0) :]]
    return (*done, *([Action(Phase.REDUCE)] if reduces else []), Action(Phase.UPDATE))


def depths(
    devices: Iterable[str], edges: Iterable[tuple[str, str]], teams: Mapping[str, Sequence[str]] | None = None
) -> dict[str, int]:
    """Stages on the longest way from each device to the end, itself included; a team counts as many as its members.

    `edges` are those of the forward part (source, target). Devices that reach each other are one stage.

    >>> depths(["a", "b", "c", "d"], [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")])
    {'a': 3, 'b': 2, 'c': 2, 'd': 1}
    >>> depths(["a", "b", "c"], [("a", "b"), ("b", "a"), ("b", "c")])
    {'a': 2, 'b': 2, 'c': 1}
    """
    after: dict[str, list[str]] = {device: [] for device in devices}
    for source, target in edges:
        after[source].append(target)
    reached = {device: _reached(device, after) for device in after}
    found: dict[str, int] = {}
    for device in sorted(after, key=lambda name: len(reached[name])):  # whoever reaches less comes later
        stage = [other for other in reached[device] if device in reached[other]]
        later = [found[other] for other in reached[device] if device not in reached[other]]
        size = max(len((teams or {}).get(other, (other,))) for other in stage)
        found[device] = size + max(later, default=0)
    return {device: found[device] for device in after}


def _reached(start: str, after: Mapping[str, Sequence[str]]) -> dict[str, None]:
    """The devices that values of `start` get to, itself first."""
    found, todo = {start: None}, [start]
    while todo:
        for other in after[todo.pop()]:
            if other not in found:
                found[other] = None
                todo.append(other)
    return found
