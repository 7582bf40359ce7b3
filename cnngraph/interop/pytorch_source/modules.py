"""Scopes as modules: a leaf of PyTorch, a sequence, or a block with attributes and the lines of its `forward`.

Within a body, items that follow each other are one `nn.Sequential`; what has no weights is a function between them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from cnngraph.interop.pytorch_source.form import Form
from cnngraph.interop.pytorch_source.naming import attribute as attribute_name
from cnngraph.interop.pytorch_source.naming import free, identifier, word
from cnngraph.interop.pytorch_source.parts import Block, Chain, Leaf, Line, Module
from cnngraph.interop.pytorch_source.residuals import with_residuals
from cnngraph.interop.pytorch_source.scopes import (
    Flow,
    Scope,
    follows,
    is_chain,
    is_link,
    label_of,
    row_of,
    scoped,
    settled,
    steps_of,
)
from cnngraph.interop.pytorch_source.step import Cell, Step


def modules_of(name: str, steps: Sequence[Step], inputs: Sequence[str], outputs: Sequence[str]) -> Block:
    """The module of a whole program."""
    flow = Flow.of(steps, outputs)
    root = settled(with_residuals(scoped(steps), flow), flow)
    return Body(root, flow, whole=True).block(name, tuple(inputs), tuple(outputs))


def _cell(cell: Cell) -> Block:
    flow = Flow.of(cell.steps, cell.outputs)
    root = settled(scoped(cell.steps), flow)
    only = root.items[0] if len(root.items) == 1 else None
    scope = only if isinstance(only, Scope) else root
    return Body(scope, flow).block(cell.name, cell.inputs, cell.outputs)


def _members(item: Step | Scope, flow: Flow) -> Iterator[Module]:
    """What an item is as a part of a sequence."""
    if isinstance(item, Scope):
        yield _of_scope(item, flow)
        return
    *before, last = item.modules
    yield from (Leaf(form) for form in before)
    yield Leaf(last, item.weights, _cell(item.cell) if item.cell else None)


def _of_scope(scope: Scope, flow: Flow) -> Module:
    inputs, results = flow.inputs(scope), flow.results(scope)
    if not is_chain(scope, flow):
        return Body(scope, flow).block(scope.word, inputs, results)
    members = [member for item in scope.items for member in _members(item, flow)]
    if scope.use is None:
        return Chain(tuple(members))
    attributes = {str(place): member for place, member in enumerate(members)}
    return Block(scope.word, scope.use, attributes, (), inputs, results, steps=scope.steps)


@dataclass
class Body:
    """What is written into a class with a `forward`. In the `whole` network, lines of the file stay apart."""

    scope: Scope
    flow: Flow
    whole: bool = False
    attributes: dict[str, Module] = field(default_factory=dict)
    known: dict[object, str] = field(default_factory=dict)  # attributes by what they are, for those that come again

    def block(self, name: str, inputs: tuple[str, ...], results: tuple[str, ...]) -> Block:
        runs = list(self._runs())
        names = self._names(runs)
        lines = [line for run, wanted in zip(runs, names, strict=True) for line in self._lines(run, wanted)]
        return Block(name, self.scope.use, self.attributes, tuple(lines), inputs, results, steps=self.scope.steps)

    # ---- which items are one attribute ----

    def _runs(self) -> Iterator[list[Step | Scope]]:
        """Items in a row that are one sequence; each other item by itself."""
        run: list[Step | Scope] = []
        for item in self.scope.items:
            if run and self._continues(run[-1], item):
                run.append(item)
                continue
            yield from _parted(run)
            run = [item]
        yield from _parted(run)

    def _continues(self, before: Step | Scope, item: Step | Scope) -> bool:
        if _repeats(before, item, self.flow):
            return True
        if self._is_shared(before) or self._is_shared(item):
            return False
        if not (is_link(before, self.flow) and is_link(item, self.flow) and follows(item, before, self.flow)):
            return False
        return not self.whole or (row_of(before) == row_of(item) and row_of(item) is not None)

    @cached_property
    def _readers(self) -> Counter[str]:
        """How many items read each state."""
        return Counter(state for item in self.scope.items for state in item.states)

    def _is_shared(self, item: Step | Scope) -> bool:
        """Whether its weights come again: it is then an attribute by itself."""
        return any(self._readers[state] > 1 for state in item.states)

    # ---- names ----

    def _names(self, runs: Sequence[Sequence[Step | Scope]]) -> list[str]:
        """What each run is called: by its label, as a lane of a merge, or after what it is."""
        lanes = self._lanes(runs)
        kept = [run for run in runs if _is_kept(run)]
        firsts = Counter(self._inner_path(run[0])[0] for run in kept)
        chosen = [self._label(run, firsts) or lanes.get(id(run)) or _word_of(run) for run in runs]
        several = Counter(name for run, name in zip(runs, chosen, strict=True) if _is_kept(run) and self._is_new(run))
        numbers: Counter[str] = Counter()
        names = []
        for run, name in zip(runs, chosen, strict=True):
            numbers[name] += _is_kept(run)
            names.append(identifier(f"{name}{numbers[name]}" if several[name] > 1 and _is_kept(run) else name))
        return names

    def _is_new(self, run: Sequence[Step | Scope]) -> bool:
        """Whether no run before it has the same weights."""
        states = [state for item in run for state in item.states]
        return not states or any(self._first_readers[states[0]] is item for item in run)

    @cached_property
    def _first_readers(self) -> Mapping[str, Step | Scope]:
        return {state: item for item in reversed(self.scope.items) for state in item.states}

    @cached_property
    def _line_ends(self) -> Mapping[str, Step | Scope]:
        """The last item of each labelled line."""
        return {self._inner_path(item)[0]: item for item in self.scope.items}

    def _label(self, run: Sequence[Step | Scope], firsts: Mapping[str, int]) -> str | None:
        """The label of the line that the run is, if the file gives one."""
        inner = self._inner_path(run[0])
        if len(inner) > 1 and all(self._inner_path(item)[0] == inner[0] for item in run):
            return inner[0] if firsts[inner[0]] <= 1 else None
        return label_of(inner, _item_word(run[0])) if len(run) == 1 else None

    def _value_name(self, run: Sequence[Step | Scope], name: str) -> str:
        """What the value of a run is called: by the label of the line that it ends."""
        inner = self._inner_path(run[-1])
        if len(inner) < 2:
            return word(name)
        return word(inner[0] if self._line_ends[inner[0]] is run[-1] else name)

    def _inner_path(self, item: Step | Scope) -> tuple[str, ...]:
        path = item.path[self.scope.depth :]
        return path or item.path[-1:]

    def _lanes(self, runs: Sequence[Sequence[Step | Scope]]) -> dict[int, str]:
        """Names of runs that end in a merge: branches of a concat, the branch and the shortcut of a sum, a gate."""
        by_result = {self.flow.results(run[-1])[0]: run for run in runs if len(self.flow.results(run[-1])) == 1}
        found: dict[int, str] = {}
        concats = 0
        for run in runs:
            merge = run[0]
            if not isinstance(merge, Step) or len(merge.inputs) < 2 or merge.word not in ("concat", "add", "mul"):
                continue
            lanes = [by_result.get(name) for name in merge.inputs]
            lanes = [
                lane if lane and self._is_lane(lane, name) else None
                for lane, name in zip(lanes, merge.inputs, strict=True)
            ]
            names = list(_lane_names(merge.word, lanes))
            if merge.word == "concat" and names:
                concats += 1
                names = [(lane, _of_merge(name, concats)) for lane, name in names if not self.whole or name != "branch"]
            found.update({id(lane): name for lane, name in names if lane})
        return found

    def _is_lane(self, run: Sequence[Step | Scope], value: str) -> bool:
        """Whether a merge can give a run its name: nothing else reads it, and it stands nowhere else."""
        return _is_kept(run) and self.flow.reads[value] == 1 and not self._is_shared(run[0])

    # ---- lines ----

    def _lines(self, run: Sequence[Step | Scope], name: str) -> Iterator[Line]:
        first, last = run[0], run[-1]
        row = row_of(first) if self.whole else None
        value_name = self._value_name(run, name)
        if not _is_kept(run):
            for item in run:
                step = steps_of(item)[0]
                assert step.function is not None
                yield Line(step.results, step.inputs, None, step.function, step.pattern, value_name, row, step.shape)
            return
        attribute = self._attribute(run, name)
        form, pattern = _called(run, len(self.flow.inputs(first)))
        results = self.flow.results(last)
        loop = word(_item_word(first)) if _is_loop(run, self.flow) else ""
        shape = _shape_of(last, results)
        yield Line(results, self.flow.inputs(first), attribute, form, pattern, value_name, row, shape, loop)

    def _attribute(self, run: Sequence[Step | Scope], name: str) -> str:
        """The attribute that the run is: a new one, or that of an earlier run with the same weights."""
        what = tuple((step.modules, step.function, step.states) for item in run for step in steps_of(item))
        if what in self.known and self._is_shared(run[0]):
            return self.known[what]
        attribute = free(attribute_name(name), self.attributes)
        members = tuple(member for item in run for member in _members(item, self.flow))
        listed = "nn.ModuleList" if _is_loop(run, self.flow) else "nn.Sequential"
        self.attributes[attribute] = members[0] if len(members) == 1 else Chain(members, listed)
        self.known[what] = attribute
        return attribute


def _repeats(before: Step | Scope, item: Step | Scope, flow: Flow) -> bool:
    """Whether the same block follows with the same further inputs: one round of a loop."""
    if not (isinstance(before, Scope) and isinstance(item, Scope)) or before.word != item.word or not item.word:
        return False
    old, new, given = flow.inputs(before), flow.inputs(item), flow.results(before)
    inside = sum(step.inputs.count(new[0]) for step in item.steps)
    alone = given == new[:1] and given[0] not in flow.ends and flow.reads[given[0]] == inside
    return alone and len(new) > 1 and old[1:] == new[1:] and len(flow.results(item)) == 1


def _is_loop(run: Sequence[Step | Scope], flow: Flow) -> bool:
    return len(run) > 1 and len(flow.inputs(run[0])) > 1


def _parted(run: list[Step | Scope]) -> Iterator[list[Step | Scope]]:
    """A run without anything to keep is a line for each of its functions."""
    if any(_is_kept([item]) for item in run):
        yield run
    else:
        yield from ([item] for item in run)


def _is_kept(run: Sequence[Step | Scope]) -> bool:
    return any(item.kept or isinstance(item, Scope) for item in run)


def _called(run: Sequence[Step | Scope], count: int) -> tuple[Form, str]:
    """How an attribute is applied to its operands, and how its results are taken."""
    first = run[0]
    if isinstance(first, Step) and first.call:
        return first.call, first.pattern
    listed = ", ".join(f"{{{place}}}" for place in range(count))
    return Form(f"{{self}}({listed})"), first.pattern if isinstance(first, Step) else ""


def _shape_of(item: Step | Scope, results: Sequence[str]) -> str:
    return next((step.shape for step in reversed(steps_of(item)) if step.results == tuple(results)), "")


MANY = 6  # members of a sequence that no one of them can give its name


def _item_word(item: Step | Scope) -> str:
    return item.word or item.path[-1].partition("[")[0]


def _word_of(run: Sequence[Step | Scope]) -> str:
    """What a run without a label is called: after the first of it that has weights; equal ones by their plural."""
    kept = next((item for item in run if item.states), run[0])
    words = {_item_word(item) for item in run}
    if len(run) >= MANY and len(words) > 2:
        return "layers"
    is_plural = len(run) > 1 and len(words) == 1 and re.search(r"[A-Za-z]{2}$", _item_word(kept))
    return f"{_item_word(kept)}s" if is_plural else _item_word(kept)


def _lane_names(merge: str, lanes: Sequence[Sequence[Step | Scope] | None]) -> Iterator[tuple[object, str]]:
    several = sum(lane is not None for lane in lanes) > 1
    if merge == "concat":
        yield from ((lane, f"branch{place}" if several else "branch") for place, lane in enumerate(lanes, start=1)
                    if lane and (several or len(lane) > 1))  # fmt: skip
    elif merge == "add" and sum(lane is not None for lane in lanes) <= 2:
        longest = max(range(len(lanes)), key=lambda place: len(lanes[place] or ()))
        yield from ((lane, _branch(lane) if i == longest else "shortcut") for i, lane in enumerate(lanes) if lane)
    elif merge == "mul":
        last = [steps_of(lane[-1])[-1].word if lane else "" for lane in lanes]
        yield from ((lane, "gate") for lane, word_ in zip(lanes, last, strict=True) if word_ == "sigmoid")


def _of_merge(name: str, number: int) -> str:
    """The name of a branch of one of several merges."""
    return name if number == 1 or name == "branch" else name.replace("branch", f"branch{number}_")


def _branch(lane: Sequence[Step | Scope]) -> str:
    """A branch of a sum is called after the only layer or block in it."""
    blocks = [item for item in lane if isinstance(item, Scope)]
    if len(lane) == 1:
        return _item_word(lane[0])
    return _item_word(blocks[0]) if len(blocks) == 1 else "branch"
