"""Layers that are used several times with one set of weights: as many steps together as can be one `shared` layer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from cnngraph.interop.readable.terms import Layer, Passage
from cnngraph.interop.readable.web import Step, Value, Web

LARGEST = 300
SHARED = "shared "
"""How the word of a shared layer begins, before it has a name."""

Copies = tuple[int, ...]  # the same step in each copy


@dataclass(frozen=True)
class Tower:
    """A shared layer: what it does, as steps of its own from one input to one result."""

    word: str
    web: Web


def with_towers(web: Web) -> tuple[Web, list[Tower]]:
    """The steps with one step for each use of a shared layer, and these layers."""
    towers: list[Tower] = []
    while copies := _first_shared(web):
        members, left, right = _Growth(web, copies).grown()
        word = f"{SHARED}{len(towers)}"
        towers.append(Tower(word, _alone(web, [row[0] for row in members], left[0], right[0])))
        web = _contracted(web, members, left, right, word)
    return web, towers


def _first_shared(web: Web) -> Copies | None:
    readers: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for i, step in enumerate(web.steps):
        if step.states:
            readers[step.states].append(i)
    return next((tuple(found) for found in readers.values() if len(found) > 1), None)


class _Growth:
    """Copies of the first shared step, grown by what follows all of them alike."""

    def __init__(self, web: Web, first: Copies) -> None:
        self.web, self.first = web, first
        self.users = web.users()
        self.results = set(web.results.values())

    def grown(self) -> tuple[list[Copies], list[Value], list[Value]]:
        """The steps of all copies, what each copy takes, and what it gives; as many steps as give one value."""
        left = [self.web.steps[i].operands[0] for i in self.first]
        members = [self.first]
        best: tuple[list[Copies], list[Value]] = (members, [Value(i) for i in self.first])
        for row in self._following(members, left):
            members = [*members, row]
            exits = [self._exits([row[i] for row in members]) for i in range(len(self.first))]
            if all(len(found) == 1 for found in exits):
                best = members, [found[0] for found in exits]
            if len(members) > LARGEST:
                break
        return best[0], left, best[1]

    def _following(self, start: Sequence[Copies], left: Sequence[Value]) -> Iterator[Copies]:
        inside = [set(column) for column in zip(*start, strict=True)]
        partner = {row[0]: row for row in start}
        for step in range(self.first[0] + 1, len(self.web.steps)):
            row = self._partners(step, inside, partner, left)
            if row is not None:
                partner[step] = row
                for members, found in zip(inside, row, strict=True):
                    members.add(found)
                yield row

    def _partners(
        self, step: int, inside: Sequence[set[int]], partner: dict[int, Copies], left: Sequence[Value]
    ) -> Copies | None:
        """The step as it stands in each copy, if all it reads does."""
        own = self.web.steps[step]
        known = [value for value in own.operands if value.step in partner]
        if not known or own.count != 1 or not all(v.step in partner or v == left[0] for v in own.operands):
            return None
        row = [step]
        for i in range(1, len(left)):
            wanted = tuple(
                Value(partner[v.step][i], v.place) if v.step in partner else left[i] for v in own.operands
            )
            anchor = partner[known[0].step][i]
            same = [
                user for user in self.users[anchor]
                if user not in inside[i] and user not in row and _alike(own, self.web.steps[user])
                and self.web.steps[user].operands == wanted
            ]  # fmt: skip
            if not same:
                return None
            row.append(same[0])
        return tuple(row) if len(set(row)) == len(row) and not any(r in inside[0] for r in row[1:]) else None

    def _exits(self, members: Sequence[int]) -> list[Value]:
        inside = set(members)
        read = [
            value
            for member in members
            for user in self.users[member] if user not in inside
            for value in self.web.steps[user].operands if value.step == member
        ]  # fmt: skip
        return list(dict.fromkeys([*read, *(value for value in self.results if value.step in inside)]))


def _alike(a: Step, b: Step) -> bool:
    return a.layer == b.layer and a.states == b.states and a.count == b.count and a.types == b.types


def _alone(web: Web, members: Sequence[int], left: Value, right: Value) -> Web:
    """The steps of one copy as a web from one input."""
    made = Web([Step(None, (), {0: web.type_of(left)}, ["x"])])
    place = {left: Value(0)}
    for member in sorted(members):
        step = web.steps[member]
        operands = tuple(place[value] for value in step.operands)
        made.steps.append(replace(step, operands=operands, states=()))
        for index in range(step.count):
            place[Value(member, index)] = Value(len(made.steps) - 1, index)
    made.results = {"output": place[right]}
    return made


def _contracted(
    web: Web, members: Sequence[Copies], left: Sequence[Value], right: Sequence[Value], word: str
) -> Web:
    """The steps with one for each copy, which stands where the last step of the copy stood."""
    gone = {step for row in members for step in row}
    copy_at = {value.step: i for i, value in enumerate(right)}
    made, place = Web(), dict[Value, Value]()
    for i, step in enumerate(web.steps):
        if i in copy_at:
            copy = copy_at[i]
            names = [name for row in members for name in web.steps[row[copy]].names]
            type_ = web.type_of(right[copy])
            layer = Layer(word, (), weighs=True, passage=Passage(web.type_of(left[copy]), type_, tuple(names)))
            made.steps.append(Step(layer, (place[left[copy]],), {0: type_}, names))
            place[right[copy]] = Value(len(made.steps) - 1)
        elif i not in gone:
            made.steps.append(replace(step, operands=tuple(place[value] for value in step.operands)))
            for index in step.types:
                place[Value(i, index)] = Value(len(made.steps) - 1, index)
            place.setdefault(Value(i), Value(len(made.steps) - 1))
    made.results = {name: place[value] for name, value in web.results.items()}
    return made
