"""What reading a net gives beside its graph: for editors, for the right column, and for pictures of broken files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from cnngraph.diagnostics import CnnGraphError, Diagnostic, Span, Use, in_order
from cnngraph.elaborate.elaborate import Elaborated, Settings, all_findings, choose, graph_of, read_net
from cnngraph.elaborate.frame import Choice, Failure
from cnngraph.elaborate.modules import Program
from cnngraph.elaborate.values import Bundle, Scanned, Tensor, Value
from cnngraph.ir.graph import Graph, Ref
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class Given:
    """What one unit of a pipe (or the equation of a `let`) gave: its results, and the nodes that it made.

    A unit in a block is given once for each use of the block; `uses` tells them apart, outermost first.
    """

    span: Span
    results: tuple[Ref, ...]
    types: tuple[TensorType, ...]
    nodes: tuple[str, ...]
    uses: tuple[Use, ...] = ()


@dataclass(frozen=True)
class Observation:
    """A net as far as it can be read. `graph` is None where the file has no such net; with findings it is partial."""

    graph: Graph | None
    found: tuple[Diagnostic, ...]
    values: tuple[Given, ...] = ()
    choices: tuple[Choice, ...] = ()
    failures: tuple[Failure, ...] = ()

    def at(self, span: Span) -> tuple[Given, ...]:
        """What the unit at `span` gave, once for each use of its body."""
        return tuple(given for given in self.values if given.span == span)


def observe(program: Program, net: str | None = None, settings: Settings | None = None) -> Observation:
    """Read a net of a file, wrong or right; the findings are those of `elaborate`.

    >>> from cnngraph.elaborate.modules import load_text
    >>> observation = observe(load_text("net n(image: 1@28x28) { conv(4, 3x3); dense(10); relu }"))
    >>> [(given.span.text, str(given.types[0])) for given in observation.values if given.types]
    [('conv(4, 3x3)', '4@26x26')]
    >>> [(refused.name, [d.code for d in observation.found]) for refused in observation.failures]
    [('dense', ['E0201'])]
    """
    try:
        read = read_net(choose(program, net), settings or {})
    except CnnGraphError as error:
        return Observation(None, error.diagnostics)
    return _observation(read, tuple(in_order(all_findings(program, read))))


def _observation(read: Elaborated, found: tuple[Diagnostic, ...]) -> Observation:
    session = read.frame.session
    failed = [failure.name for failure in session.failures]
    graph, final = graph_of(read, read.results, failed)
    made = [node.name for node in graph.nodes]
    values = tuple(
        Given(seen.span, *_results(seen.value, final), tuple(made[seen.first : seen.last]), seen.uses)
        for seen in session.seen
    )
    failures = tuple(
        replace(failure, name=final[failure.name], inputs=_final(failure.inputs, final))
        for failure in session.failures
    )
    return Observation(graph, found, values, tuple(session.choices), failures)


def _results(value: Value, final: Mapping[str, str]) -> tuple[tuple[Ref, ...], tuple[TensorType, ...]]:
    """What stands for a value in the graph; of all the states of a scan, the sequence that goes on by itself."""
    if isinstance(value, Scanned):
        return _final((value.tensor.ref,), final), (value.type,)
    items = [item for _, item in value.items] if isinstance(value, Bundle) else [value]
    tensors = [item for item in items if isinstance(item, Tensor)]
    return _final(tuple(t.ref for t in tensors), final), tuple(t.type for t in tensors)


def _final(refs: tuple[Ref, ...], final: Mapping[str, str]) -> tuple[Ref, ...]:
    return tuple(Ref(final[ref.node], ref.index) for ref in refs)
