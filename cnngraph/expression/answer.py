"""What an expression gives: for each unit of its pipes the shape, and how it comes about, with numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from math import prod

from cnngraph.diagnostics import CnnGraphError
from cnngraph.elaborate.frame import Frame
from cnngraph.elaborate.observe import Given, Observation, observe
from cnngraph.elaborate.reading import new_session
from cnngraph.elaborate.scope import Scope
from cnngraph.elaborate.values import LAYERS, Problem, Unknown, problem, show
from cnngraph.expression.layer import lines_of
from cnngraph.expression.wrap import Wrapped, wrap
from cnngraph.ir import counts
from cnngraph.ir.graph import Graph, Node
from cnngraph.ir.leaves import Input, State
from cnngraph.ir.size import Dim, number_text
from cnngraph.render.table import summary
from cnngraph.render.tabular import Table
from cnngraph.syntax import ast


@dataclass(frozen=True)
class Step:
    """One unit: its text, the shapes that it gives, how they come about, and a table where it has several operators."""

    text: str
    shapes: tuple[str, ...]
    lines: tuple[tuple[str, str], ...] = ()
    inside: Table | None = None


@dataclass(frozen=True)
class Answer:
    """The value of an expression that is no pipe, or its steps; with more than one step, the figures of all."""

    value: str = ""
    steps: tuple[Step, ...] = ()
    totals: tuple[tuple[str, str], ...] = ()


def answer(text: str) -> Answer:
    """Work an expression out; raises CnnGraphError with findings that point into it.

    >>> answer("floor((227 - 11)/4) + 1").value
    '55'
    >>> for line in answer("3@227x227 -> conv(96, 11x11/4)").steps[1].lines:
    ...     print(*line, sep=": ")
    positions: (N + 2P - F)/S + 1 = (227 + 2*0 - 11)/4 + 1 = 55
    parameters: 11*11*3*96 + 96 = 34,944
    multiply-adds: 55*55 * 11*11*3*96 = 105,415,200
    receptive field: 11x11, step 4
    """
    wrapped = wrap(text)
    if wrapped.program.found:
        raise CnnGraphError(wrapped.program.found)
    if wrapped.only is not None:
        return _alone(wrapped, wrapped.only)
    if not wrapped.inputs:
        raise CnnGraphError(_without_input(wrapped).diagnostic)
    observation = observe(wrapped.program)
    # A line whose value goes nowhere is no error here: it is looked at.
    if found := [finding for finding in observation.found if finding.code != "E0113"]:
        raise CnnGraphError(found)
    return _of_pipes(wrapped, observation)


def _of_pipes(wrapped: Wrapped, observation: Observation) -> Answer:
    graph = observation.graph
    assert graph is not None, "an expression has exactly one net"
    fields = counts.receptive_fields(graph)
    given = [g for unit in _units(wrapped.statements) for g in observation.at(unit.span)[:1] if not g.uses]
    steps = [_step(graph, g, fields) for g in given]
    fed = [(parameter.name.text, graph[parameter.name.text]) for parameter in _named(wrapped)]
    stated = [Step(name, (str(node.type),), _elements(node)) for name, node in fed]
    figures = {"parameters": counts.parameters, "multiply-adds": counts.multiply_adds, "depth": counts.depth}
    totals = {name: figure(graph) for name, figure in figures.items()}
    made = sum(bool(g.nodes) for g in given)
    shown = tuple((name, number_text(count)) for name, count in totals.items() if count) if made > 1 else ()
    return Answer(steps=(*stated, *steps), totals=shown)


def _named(wrapped: Wrapped) -> list[ast.Parameter]:
    """The inputs that stand on lines of their own: `a: 3@8x8`."""
    begun = {unit.span for unit in _units(wrapped.statements)}
    return [parameter for parameter in wrapped.inputs if parameter.span not in begun]


def _units(statements: Sequence[ast.Statement]) -> Iterator[ast.Unit]:
    for statement in statements:
        if isinstance(statement, ast.Flow | ast.Let):
            yield from statement.pipe.units
        elif isinstance(statement, ast.Return):
            yield from (unit for result in statement.results for unit in result.pipe.units)


def _step(graph: Graph, given: Given, fields: dict[str, counts.Field | None]) -> Step:
    nodes = [graph[name] for name in given.nodes if not isinstance(graph[name].op, State)]
    shapes = tuple(map(str, given.types)) or tuple(str(node.type) for node in nodes[-1:])
    text = _line(given.span.text)
    if not nodes:
        return Step(text, shapes, tuple(line for ref in given.results for line in _elements(graph[ref.node])))
    if len(nodes) == 1:
        return Step(text, shapes, tuple(worked_out(graph, nodes[0], fields)))
    states = [graph[name] for name in given.nodes if isinstance(graph[name].op, State)]
    sums = {
        "parameters": sum((s.type.elements for s in states if isinstance(s.op, State) and s.op.trainable), 0),
        "multiply-adds": sum((counts.cost_of(graph, node).multiply_adds for node in nodes), 0),
    }
    lines = [(name, number_text(count)) for name, count in sums.items() if count]
    return Step(text, shapes, (*lines, *_field(nodes[-1], fields)), _inside(graph, nodes))


def _inside(graph: Graph, nodes: Sequence[Node]) -> Table:
    """The operators of a unit: the rows of the table of layers, without the column for memory and the common path."""
    own = {node.name for node in nodes}
    blocks = zip(*(node.name.split(".")[:-1] for node in nodes), strict=False)
    start = ".".join(words[0] for words in takewhile(lambda words: len(set(words)) == 1, blocks))
    table = summary(graph)
    kept = [i for i, column in enumerate(table.columns) if column.key != "activation_bytes"]
    rows = [tuple(row[i] for i in kept) for row in table.rows if row[0] in own]
    rows = [(str(row[0]).removeprefix(f"{start}."), *row[1:]) for row in rows]
    return Table(tuple(table.columns[i] for i in kept), tuple(rows))


def worked_out(graph: Graph, node: Node, fields: dict[str, counts.Field | None]) -> Iterator[tuple[str, str]]:
    """The figures of a node by name, with the numbers that they come from; `fields` as `receptive_fields` has them.

    >>> from cnngraph.net import loads
    >>> graph = loads("net n(image: 1@8x8) = conv(4, 3x3)").graph
    >>> dict(worked_out(graph, graph["conv"], {}))["multiply-adds"]
    '6*6 * 3*3*1*4 = 1,296'
    """
    types = graph.input_types(node)
    for text in node.op.formula(types):
        yield ("positions" if node.type.positions != () and not node.op.merges else "features", text)
    trained = [graph[ref.node] for ref in node.inputs if isinstance(graph[ref.node].op, State)]
    shapes = [n.type.shape for n in trained if isinstance(n.op, State) and n.op.trainable]
    if shapes:
        products = ["*".join(map(str, shape)) for shape in shapes]
        yield "parameters", _equation(" + ".join(products), sum(prod(shape) for shape in shapes))
    multiply_adds = counts.cost_of(graph, node).multiply_adds
    if multiply_adds:
        yield "multiply-adds", _product(node, shapes, multiply_adds)
    if any(fields.get(ref.node) != fields.get(node.name) for ref in node.inputs if ref.node in fields):
        yield from _field(node, fields)


def _product(node: Node, shapes: Sequence[Sequence[Dim]], multiply_adds: Dim) -> str:
    """Multiply-adds as positions times weights, where they are that number."""
    positions = node.type.positions
    if not shapes or not isinstance(multiply_adds, int) or prod(positions) * prod(shapes[0]) != multiply_adds:
        return number_text(multiply_adds)
    at_each = f"{'*'.join(map(str, positions))} * " if positions else ""
    return _equation(at_each + "*".join(map(str, shapes[0])), multiply_adds)


def _equation(text: str, value: Dim) -> str:
    shown = number_text(value)
    return shown if text == str(value) else f"{text} = {shown}"


def _field(node: Node, fields: dict[str, counts.Field | None]) -> Iterator[tuple[str, str]]:
    field = fields.get(node.name)
    if node.name in fields and field is None:
        yield "receptive field", "the whole input"
    elif field is not None and max(field.extent, default=1) > 1:
        steps = [str(step) for step in field.step]
        yield "receptive field", f"{field}, step {steps[0] if len(set(steps)) == 1 else 'x'.join(steps)}"


def _elements(node: Node) -> tuple[tuple[str, str], ...]:
    """How many values one sample has."""
    sizes = node.type.shape[1:]
    if not isinstance(node.op, Input) or len(sizes) < 2:
        return ()
    return (("values", _equation("*".join(map(str, sizes)), prod(sizes))),)


def _alone(wrapped: Wrapped, expr: ast.Expr) -> Answer:
    """A number, a shape or a text is its value; a layer says what it takes."""
    session = new_session()
    try:
        value = session.value_of(Frame(session, Scope(wrapped.program.scope)), expr)
    except Problem as found:
        raise CnnGraphError([*session.found, found.diagnostic]) from None
    if session.found:
        raise CnnGraphError(session.found)
    assert not isinstance(value, Unknown), "what is unknown has been reported"
    if isinstance(value, LAYERS):
        return Answer(steps=(Step(_line(expr.span.text), (), lines_of(value)),))
    if isinstance(value, tuple | list | range):
        return Answer(f"[{', '.join(map(show, value))}]")
    return Answer(number_text(value) if isinstance(value, int) and not isinstance(value, bool) else show(value))


def _without_input(wrapped: Wrapped) -> Problem:
    spans = [statement.span for statement in wrapped.statements] or [wrapped.program.module.span]
    help_ = "begin with a shape: `3@224x224 -> ...`"
    return problem("E0110", "the expression has no input", spans[0], "begins here", help_)


def _line(text: str) -> str:
    return " ".join(text.split())
