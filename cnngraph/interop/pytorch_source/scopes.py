"""The blocks of a program: which steps belong together, by their paths.

    conv1.conv_relu[2].conv        the step `conv` in the second use of the block conv_relu, on the line conv1

A path segment is a use of a block, or the label of a line. What a class can be made of is kept: a block, and a labelled
chain. All else is dissolved into what is around it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby, pairwise

from cnngraph.diagnostics import Source, Span, Use
from cnngraph.interop.pytorch_source.step import Step, states_of
from cnngraph.ir.graph import Ref


@dataclass(frozen=True)
class Scope:
    """Steps and smaller scopes that stand together. `use` is the use of a block that it is; a label has none.

    The paths of its items have `depth` segments before their own: as many as `path` has, or more where a scope around
    it was nothing else.
    """

    path: tuple[str, ...]
    use: Use | None
    items: tuple[Step | Scope, ...]
    depth: int

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        return tuple(step for item in self.items for step in steps_of(item))

    @cached_property
    def states(self) -> tuple[str, ...]:
        return states_of(self.steps)

    @property
    def word(self) -> str:
        return self.use.block if self.use else ""

    @property
    def kept(self) -> bool:
        return any(step.kept for step in self.steps)


@dataclass(frozen=True)
class Flow:
    """Who reads each value: how often it is read, and which values leave the program."""

    reads: Mapping[str, int]
    ends: frozenset[str]

    @staticmethod
    def of(steps: Sequence[Step], outputs: Sequence[str]) -> Flow:
        reads: dict[str, int] = {}
        for step in steps:
            for name in step.inputs:
                reads[name] = reads.get(name, 0) + 1
        return Flow(reads, frozenset(outputs))

    def inputs(self, item: Step | Scope) -> tuple[str, ...]:
        """What an item reads from outside, in order."""
        steps = steps_of(item)
        own = {name for step in steps for name in step.results}
        found = list(dict.fromkeys(name for step in steps for name in step.inputs if name not in own))
        if isinstance(item, Scope):
            found.sort(key=lambda name: _place_of(item, name))
        return tuple(found)

    def results(self, item: Step | Scope) -> tuple[str, ...]:
        """What it gives: values that are read outside of it, or that leave."""
        if isinstance(item, Step):
            return item.results
        inside: dict[str, int] = {}
        for step in item.steps:
            for name in step.inputs:
                inside[name] = inside.get(name, 0) + 1
        made = [name for step in item.steps for name in step.results if name != "_"]
        return tuple(n for n in made if n in self.ends or self.reads.get(n, 0) > inside.get(n, 0))


def steps_of(item: Step | Scope) -> tuple[Step, ...]:
    return (item,) if isinstance(item, Step) else item.steps


def _place_of(scope: Scope, value: str) -> int:
    """Where the block has the parameter that a value is given for; what comes from the line above stands first."""
    parameter = parameter_of(scope.use, value)
    return list(scope.use.arguments).index(parameter) if parameter and scope.use else -1


def parameter_of(use: Use | None, value: str) -> str | None:
    """The parameter of a block that a value is given for, if it has a name: in the file's own counting."""
    plain = value.replace("[1]", "")
    for name, given in (use.arguments if use else {}).items():
        ref = getattr(given, "ref", None)
        if isinstance(ref, Ref) and ref.node.replace("[1]", "") == plain:
            return name
    return None


def scoped(steps: Sequence[Step]) -> Scope:
    """The scopes of a program, as the paths say."""
    return Scope((), None, tuple(_items(steps, 0, 0)), 0)


def settled(root: Scope, flow: Flow) -> Scope:
    """Only the scopes that a class or a sequence can be made of; the others are dissolved."""
    return _shared(replace(root, items=tuple(part for item in root.items for part in _settled(item, flow))), flow)


NOWHERE = Span(Source("", ""), 0, 0)
"""Where a block stands that no file defines: that of a graph from another tool, whose paths alone are known."""


def _items(steps: Sequence[Step], depth: int, uses: int) -> Iterator[Step | Scope]:
    """Steps with equal segments at this depth are a scope, if nothing else stands between them."""
    runs = [(head, list(run)) for head, run in groupby(steps, lambda step: _head(step, depth))]
    heads = [head for head, _ in runs]
    for head, run in runs:
        if head is None:
            yield from run
        elif heads.count(head) > 1:
            yield from _items(run, depth + 1, uses)
        else:
            use = _common_use(run, uses) if any(step.origin for step in run) else Use(head.partition("[")[0], NOWHERE)
            inner = tuple(_items(run, depth + 1, uses + (use is not None)))
            yield Scope(run[0].path[: depth + 1], use, inner, depth + 1)


def _head(step: Step, depth: int) -> str | None:
    return step.path[depth] if len(step.path) > depth + 1 else None


def _common_use(steps: Sequence[Step], level: int) -> Use | None:
    """The use of a block, at this level, that led to all of these steps."""
    stacks = [step.origin.uses if step.origin else () for step in steps]
    first = stacks[0]
    if len(first) <= level or any(len(stack) <= level or stack[level] is not first[level] for stack in stacks):
        return None
    return first[level]


# ---- what remains a scope ----


def _settled(item: Step | Scope, flow: Flow) -> tuple[Step | Scope, ...]:
    """The item with settled parts; a scope that makes no class is given back as its parts."""
    if isinstance(item, Step):
        return (item,)
    parts = tuple(part for inner in item.items for part in _settled(inner, flow))
    scope = replace(item, items=parts)
    if len(parts) == 1:
        return (_renamed(parts[0], scope),)
    is_group = scope.use is not None or is_chain(scope, flow)
    if is_group and scope.kept and flow.results(scope):
        return (scope,)
    return parts


def _renamed(part: Step | Scope, scope: Scope) -> Step | Scope:
    """The only part of a scope, in its place."""
    if isinstance(part, Step):
        return replace(part, path=scope.path, word=scope.word)
    return replace(part, path=scope.path, use=part.use or scope.use)


def is_chain(scope: Scope, flow: Flow) -> bool:
    """Whether each item takes the value of the one before it and nothing else, and all of them can be modules."""
    return bool(scope.items) and is_run(scope.items, flow) and len(flow.results(scope)) == 1


def is_run(items: Sequence[Step | Scope], flow: Flow) -> bool:
    """Whether each item follows the one before it; one layer that comes twice is no member of a sequence."""
    states = [state for item in items for state in dict.fromkeys(item.states)]
    return len(states) == len(set(states)) and all(is_link(item, flow) for item in items) and all(
        follows(after, before, flow) for before, after in pairwise(items)
    )


def is_link(item: Step | Scope, flow: Flow) -> bool:
    """Whether it can be a member of `nn.Sequential`."""
    if isinstance(item, Step) and (not item.modules or item.call or item.pattern):
        return False
    reads = item.inputs if isinstance(item, Step) else flow.inputs(item)
    return len(reads) == 1 and len(flow.results(item)) == 1


def follows(after: Step | Scope, before: Step | Scope, flow: Flow) -> bool:
    """Whether `after` reads the value of `before`, and nothing else does."""
    (given,) = flow.results(before)
    inside = sum(step.inputs.count(given) for step in steps_of(after))
    return flow.inputs(after) == (given,) and given not in flow.ends and flow.reads[given] == inside


# ---- shared weights ----


def _shared(scope: Scope, flow: Flow) -> Scope:
    """Items that share weights share all of them, so that they are one module; others are dissolved until they do."""
    items = scope.items
    while broken := _partly_shared(items):
        items = tuple(
            part
            for place, item in enumerate(items)
            for part in (item.items if place in broken and isinstance(item, Scope) else (item,))
        )
    return replace(scope, items=tuple(_shared(i, flow) if isinstance(i, Scope) else i for i in items))


def _partly_shared(items: Sequence[Step | Scope]) -> set[int]:
    """Places of the scopes that share some of their weights, but not all, with another item."""
    readers: dict[str, list[int]] = {}
    for place, item in enumerate(items):
        for state in item.states:
            readers.setdefault(state, []).append(place)
    broken: set[int] = set()
    for places in readers.values():
        if len(places) > 1 and len({items[place].states for place in places}) > 1:
            broken.update(place for place in places if isinstance(items[place], Scope))
    return broken


def row_of(item: Step | Scope) -> object:
    """The line of the file that it was written on, as seen from the net."""
    step = steps_of(item)[0]
    if step.origin is None:
        return None
    span = step.origin.at_depth(0)
    return span.source.name, span.line


def label_of(path: Sequence[str], word: str) -> str | None:
    """The label that the last segment of a path is; None where it is the word of an operator or a block."""
    last = path[-1].partition("[")[0]
    return None if last == word else last

