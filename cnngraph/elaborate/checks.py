"""`check` lines: comparisons on the figures of the finished graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cnngraph.diagnostics import Diagnostic, Label
from cnngraph.elaborate.expressions import evaluate
from cnngraph.elaborate.frame import Frame
from cnngraph.elaborate.numbers import COMPARE, is_whole, plain
from cnngraph.elaborate.scope import Scope
from cnngraph.elaborate.values import Figure, Problem, SharedLayer, Tensor, Unknown, Value, problem, show
from cnngraph.ir import counts
from cnngraph.ir.graph import Graph
from cnngraph.ir.size import Dim
from cnngraph.syntax import ast


def run_checks(checks: Sequence[tuple[Frame, ast.Check]], graph: Graph, final: Mapping[str, str]) -> None:
    """Report each check that does not hold. `final` maps working names of nodes to final ones."""
    for frame, statement in checks:
        scope = Scope(frame.scope)
        scope.names |= {name: (figure, None) for name, figure in figures(graph, final, frame.path).items()}
        try:
            # A figure looks at every node, so a check inside a loop costs as many steps as that.
            frame.step(statement.span, 1 + len(graph.nodes) // 20)
            finding = _finding(frame.changed(scope=scope), statement.condition)
        except Problem as found:
            finding = found.diagnostic
        if finding is not None:
            frame.session.report(finding)


def _finding(frame: Frame, condition: ast.Expr) -> Diagnostic | None:
    value = evaluate(frame, condition)
    if value is True or isinstance(value, Unknown):
        return None
    if value is not False:
        raise problem("E0400", "a check is a comparison such as `params == 760`", condition.span)
    return _failed(frame, condition)


def figures(graph: Graph, final: Mapping[str, str], path: str) -> dict[str, Figure]:
    """What a check can ask: of the whole graph, or of one name in the body whose nodes begin with `path`."""
    before = f"{final[path[:-1]]}." if path[:-1] in final and path else ""

    def node_of(value: Value, name: ast.Name) -> str:
        if not isinstance(value, Tensor):
            raise problem("E0400", f"`{name.text}` is not a value of this net", name.span)
        return final.get(value.ref.node, value.ref.node)

    def part(value: Value, name: ast.Name) -> Graph:
        return graph.fetch([node_of(value, name)])

    def params(value: Value, name: ast.Name) -> Dim:
        if not isinstance(value, (Tensor, SharedLayer)):
            raise problem("E0400", f"`{name.text}` is not a value of this net", name.span)
        if isinstance(value, SharedLayer):  # its weights are named after its first use, wherever that stands
            return counts.trainable(value.instance.nodes)
        return counts.parameters(graph, f"{before}{name.text}")

    def receptive_field(value: Value, name: ast.Name) -> Value:
        field = counts.receptive_fields(graph).get(node_of(value, name))
        if field is None or not field.extent:
            raise problem("E0400", f"`{name.text}` sees the whole input", name.span)
        return field.extent[0] if len(set(field.extent)) == 1 else tuple(field.extent)

    return {
        "params": Figure(lambda: counts.parameters(graph), params),
        "depth": Figure(lambda: counts.depth(graph), lambda v, n: counts.depth(part(v, n))),
        "macs": Figure(lambda: counts.multiply_adds(graph), lambda v, n: counts.multiply_adds(part(v, n))),
        "shape": Figure(None, lambda v, n: graph[node_of(v, n)].type),
        "receptive_field": Figure(None, receptive_field),
    }


def _failed(frame: Frame, condition: ast.Expr) -> Diagnostic:
    """Both sides with their values; of several conditions the first that is false."""
    if isinstance(condition, ast.Binary) and condition.operator == "and":
        return _failed(frame, condition.left if evaluate(frame, condition.left) is False else condition.right)
    if not isinstance(condition, ast.Binary) or condition.operator not in COMPARE:
        return problem("E0400", "the check does not hold", condition.span, "this is false").diagnostic
    left, right = (plain(evaluate(frame, side), side.span) for side in (condition.left, condition.right))
    wanted = "" if condition.operator == "==" else f"{condition.operator} "
    helps = (f"the difference is {left - right:,}",) if is_whole(left) and is_whole(right) else ()
    return Diagnostic(
        "E0400",
        f"check failed: {condition.left.span.text} is {_show(left)}, but {wanted}{_show(right)} is stated",
        Label(condition.span, "does not hold"),
        helps=helps,
    )


def _show(value: Value) -> str:
    if is_whole(value):
        return f"{value:,}"
    if isinstance(value, tuple):
        return f"({', '.join(map(_show, value))})"
    return show(value)
