"""What the lints look at: the tree of one file, and its nets as graphs, as far as they can be read."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

from cnngraph.diagnostics import CnnGraphError, Origin, Source, Span
from cnngraph.elaborate.modules import Program
from cnngraph.elaborate.observe import Observation, observe
from cnngraph.elaborate.training import training
from cnngraph.ir.graph import Graph, Node
from cnngraph.syntax import ast
from cnngraph.syntax.tree import walk

Settings = Mapping[str, object]


@dataclass(frozen=True)
class Place:
    """A stretch of the file that makes nodes: an operator, or the use of a block of another file."""

    span: Span
    nodes: tuple[tuple[Graph, Node], ...]

    def every(self, holds: Callable[[Graph, Node], bool]) -> bool:
        """Whether something is true of each node made here. What is wrong in one use only is not the text's fault."""
        return all(holds(graph, node) for graph, node in self.nodes)


@dataclass(frozen=True)
class Subject:
    """One file under judgement: its own items, not those of the files that it imports."""

    program: Program
    settings: Settings

    @property
    def module(self) -> ast.Module:
        return self.program.module

    @property
    def source(self) -> Source:
        return self.module.span.source

    @cached_property
    def complete(self) -> bool:
        """Whether the whole file did parse: otherwise the use of a name may stand where nobody can read it."""
        return not any(isinstance(node, ast.Broken) for node in walk(self.module))

    @cached_property
    def sound(self) -> bool:
        """Whether nothing is wrong in the file, so that everything that the lints look at could be read."""
        return not self.program.found and not any(observation.found for observation in self.observations)

    @cached_property
    def definitions(self) -> tuple[ast.Definition, ...]:
        return tuple(item for item in self.module.items if isinstance(item, ast.Definition))

    @cached_property
    def observations(self) -> tuple[Observation, ...]:
        """The nets of the file, each with its loss where it has one, or as far as it can be read."""
        own = [d.name.text for d in self.definitions if d.kind == "net" and d.name.text in self.program.nets]
        return tuple(self._observe(name) for name in dict.fromkeys(own))

    @property
    def graphs(self) -> tuple[Graph, ...]:
        return tuple(observation.graph for observation in self.observations if observation.graph is not None)

    def _observe(self, net: str) -> Observation:
        if self.training_of(self.program.nets[net].definition):
            with suppress(CnnGraphError):  # the net without its loss can still be judged
                return Observation(training(self.program, net, self._settings(net)).graph, ())
        return observe(self.program, net, self._settings(net))

    def training_of(self, definition: ast.Definition) -> list[ast.Section]:
        """The train sections that see the names of a net."""
        return self.program.training_of(definition.name.text) if definition.kind == "net" else []

    def _settings(self, net: str) -> Settings:
        """The settings that this net knows: those of another net of the file are none of its business."""
        definition = self.program.nets[net].definition
        known = {parameter.name.text for parameter in definition.parameters}
        return {name: value for name, value in self.settings.items() if name in known}

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """Every stretch of this file that makes nodes, with all of them."""
        found: defaultdict[Span, list[tuple[Graph, Node]]] = defaultdict(list)
        for graph in self.graphs:
            for node in graph:
                span = self.place_of(node.origin)
                if span is not None:
                    found[span].append((graph, node))
        return tuple(Place(span, tuple(nodes)) for span, nodes in found.items())

    def place_of(self, origin: Origin | None) -> Span | None:
        """Where this file makes a node: the innermost of its block uses, or the operator itself."""
        if origin is None:
            return None
        inwards = [*(use.span for use in origin.uses), origin.span]
        return next((span for span in reversed(inwards) if span.source == self.source), None)

    def judges(self, span: Span) -> bool:
        """Whether the lints have seen what stands at a place: not so in a block that no net of the file uses."""
        return all(span.end <= d.start or d.end <= span.start for d in self._unseen)

    @cached_property
    def _unseen(self) -> tuple[Span, ...]:
        """The definitions in which no node was made."""
        starts = sorted(place.span.start for place in self.places)
        spans = (definition.span for definition in self.definitions)
        return tuple(span for span in spans if bisect_left(starts, span.start) == bisect_left(starts, span.end))
