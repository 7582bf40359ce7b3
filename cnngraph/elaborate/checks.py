"""`check` lines: comparisons on the figures of the finished graph."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cnngraph.diagnostics import Diagnostic, Label
from cnngraph.elaborate.expressions import evaluate
from cnngraph.elaborate.frame import Frame
from cnngraph.elaborate.numbers import COMPARE
from cnngraph.elaborate.scope import Scope
from cnngraph.elaborate.values import Figure, Problem, Tensor, Unknown, problem
from cnngraph.ir import counts
from cnngraph.ir.graph import Graph
from cnngraph.ir.size import Size
from cnngraph.ir.types import TensorType
from cnngraph.syntax import ast


def check(frame: Frame, statement: ast.Check, graph: Graph, final: dict[str, str]) -> Diagnostic | None:
    """The finding of a check that does not hold, or None. `final` maps working names of nodes to final ones."""
    scope = Scope(frame.scope)
    for name, figure in figures(graph, final).items():
        scope.names[name] = (figure, None)
    here = replace(frame, scope=scope)
    condition = statement.condition
    try:
        value = evaluate(here, condition)
        if value is True or isinstance(value, Unknown):
            return None
        if value is not False:
            raise problem("E0400", "a check is a comparison such as `params == 760`", condition.span)
        return _failed(here, condition)
    except Problem as found:
        return found.diagnostic


def figures(graph: Graph, final: dict[str, str]) -> dict[str, Figure]:
    """What a check can ask: of the whole graph, or of one name."""

    def node_of(value: Any, name: ast.Name) -> str:
        if not isinstance(value, Tensor):
            raise problem("E0400", f"`{name.text}` is not a value of this net", name.span)
        return final.get(value.ref.node, value.ref.node)

    def params(value: Any, name: ast.Name) -> Any:
        return counts.parameters(graph, name.text)

    def shape(value: Any, name: ast.Name) -> TensorType:
        return graph[node_of(value, name)].type

    def receptive_field(value: Any, name: ast.Name) -> Any:
        field = counts.receptive_fields(graph)[node_of(value, name)]
        if field is None or not field.extent:
            raise problem("E0400", f"`{name.text}` sees the whole input", name.span)
        return field.extent[0] if len(set(field.extent)) == 1 else tuple(field.extent)

    def whole(word: str) -> Any:
        def missing() -> Any:
            raise AssertionError(f"{word} is read as a function")

        return missing

    return {
        "params": Figure(lambda: counts.parameters(graph), params),
        "depth": Figure(lambda: counts.depth(graph), lambda v, n: counts.depth(graph.fetch([node_of(v, n)]))),
        "macs": Figure(
            lambda: counts.multiply_adds(graph), lambda v, n: counts.multiply_adds(graph.fetch([node_of(v, n)]))
        ),
        "shape": Figure(whole("shape"), shape),
        "receptive_field": Figure(whole("receptive_field"), receptive_field),
    }


def _failed(frame: Frame, condition: ast.Expr) -> Diagnostic:
    """Both sides with their values."""
    if not isinstance(condition, ast.Binary) or condition.operator not in COMPARE:
        return problem("E0400", "the check does not hold", condition.span, "this is false").diagnostic
    left, right = (_plain(evaluate(frame, side)) for side in (condition.left, condition.right))
    helps = (f"the difference is {left - right:,}",) if isinstance(left, int) and isinstance(right, int) else ()
    return Diagnostic(
        "E0400",
        f"check failed: {condition.left.span.text} is {_show(left)}, not {condition.operator} {_show(right)}",
        Label(condition.span, "does not hold"),
        helps=helps,
    )


def _plain(value: Any) -> Any:
    return value.value() if isinstance(value, Figure) else value


def _show(value: Any) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    return str(value) if isinstance(value, (Size, TensorType)) else repr(value)
