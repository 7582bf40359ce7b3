"""Reverse-mode differentiation: gradients are nodes of the same graph.

Griewank, Walther: Evaluating derivatives, 2008, section 3.2. Only the nodes on a path from `wrt` to the loss get
gradients, and only by the inputs that lie on such a path. The first result of a node carries its gradient; the others
(indices, statistics of a batch) are constants.
"""

from __future__ import annotations

from collections.abc import Container, Sequence

from cnngraph.diagnostics import CnnGraphError, Diagnostic, error
from cnngraph.ir.builder import Builder
from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ops.add import Add
from cnngraph.ops.constant import Constant
from cnngraph.ops.gradient import Gradient


def grad(graph: Graph, loss: Ref, wrt: Sequence[str]) -> Graph:
    """The graph with an output `gradient.<name>` for each name in `wrt` (states or any nodes): d loss / d name.

    Gradients follow the nodes of the graph, in reverse order: `gradient.seed` = 1; `gradient.<node>.<input>`, or one
    node `gradient.<node>.all` for all inputs of an operator whose gradients share their work (`Op.joint`); and
    `gradient.<node>.sum` where a value is used more than once, its terms in the reverse order of its uses. Each stands
    on the device of its forward node. Outputs and updates stay.

    Raises CnnGraphError: E0204 where the loss is not one number or an operator on the way has no gradient; E0101 for
    unknown names; E0705 for names that the loss does not depend on; E0102 where a gradient is an output already.
    """
    _check(graph, loss, wrt)
    if not wrt:
        return graph
    active = _between(graph, wrt, loss)
    if missing := [name for name in wrt if name not in active]:
        raise CnnGraphError([_unreached(graph, name, loss) for name in missing])
    backward = _Backward(graph, active)
    backward.seed(loss)
    for node in reversed(graph.nodes):
        if node.name in active:
            backward.through(node)
    outputs = {f"gradient.{name}": backward.total[name] for name in wrt}
    return backward.builder.finish(graph.name, {**graph.outputs, **outputs}, graph.updates, graph.facts)


class _Backward:
    """The graph while its gradients are added. `total` holds d loss / d node for the nodes that are done."""

    def __init__(self, graph: Graph, active: frozenset[str]) -> None:
        self.graph = graph
        self.active = active
        self.builder = Builder(graph)
        self.terms: dict[str, list[Ref]] = {name: [] for name in active}
        self.total: dict[str, Ref] = {}

    def seed(self, loss: Ref) -> None:
        node = self.graph[loss.node]
        self.terms[loss.node].append(self._add("gradient.seed", Constant(1.0, node.type.dtype), [], node))

    def through(self, node: Node) -> None:
        """Sum the gradient by the result of `node`, and hand it on to those inputs that want it."""
        terms = self.terms[node.name]
        dy = terms[0] if len(terms) == 1 else self._add(f"gradient.{node.name}.sum", Add(), terms, node)
        self.total[node.name] = dy
        carrying = _carrying(node, self.active)
        together = [tuple(carrying)] if node.op.joint and carrying else [(name,) for name in carrying]
        for wanted in together:
            gradient = self._gradient(node, wanted, dy)
            for i, name in enumerate(wanted):
                self.terms[carrying[name].node].append(Ref(gradient.node, i))

    def _gradient(self, node: Node, wanted: tuple[str, ...], dy: Ref) -> Ref:
        values = {**{name: Ref(node.name, i) for i, name in enumerate(node.op.outputs)}, **_inputs_by_name(node)}
        op = Gradient(node.op, wanted, self.graph.input_types(node), node.types)
        saved = [values[name] for name in op.saved]
        last = "all" if node.op.joint else wanted[0]
        return self._add(f"gradient.{node.name}.{last}", op, [dy, *saved], node)

    def _add(self, name: str, op: Add | Constant | Gradient, inputs: Sequence[Ref], beside: Node) -> Ref:
        fresh = self.builder.fresh(name)
        node = self.builder.add(
            fresh, op, inputs, origin=beside.origin, device=beside.device, colocated=beside.colocated or beside.name
        )
        return node.ref


def _inputs_by_name(node: Node) -> dict[str, Ref]:
    return dict(zip(node.op.input_names(len(node.inputs)), node.inputs, strict=True))


def _carrying(node: Node, active: Container[str]) -> dict[str, Ref]:
    """The inputs of `node` that hand its gradient on, by name."""
    return {name: ref for name, ref in _inputs_by_name(node).items() if ref.index == 0 and ref.node in active}


def leading_to(graph: Graph, loss: Ref) -> frozenset[str]:
    """The nodes from which a path of first results that carries a gradient leads to the loss, and the loss."""
    leading = {loss.node}
    for node in reversed(graph.nodes):
        if node.name in leading and not node.op.stops_gradient:
            leading.update(ref.node for ref in node.inputs if ref.index == 0)
    return frozenset(leading)


def _between(graph: Graph, wrt: Sequence[str], loss: Ref) -> frozenset[str]:
    """The nodes on a path of first results from `wrt` to the loss, both included."""
    reached = set(wrt)
    for node in graph:
        if not node.op.stops_gradient and any(ref.index == 0 and ref.node in reached for ref in node.inputs):
            reached.add(node.name)
    active = leading_to(graph, loss) & reached
    if found := [d for node in graph if node.name in active for d in _undifferentiable(graph, node, active)]:
        raise CnnGraphError(found)
    return active


def _undifferentiable(graph: Graph, node: Node, active: frozenset[str]) -> list[Diagnostic]:
    found = []
    for name, ref in _carrying(node, active).items():
        if not node.op.differentiable(name):
            why, what_to_do = _why(graph, node, name, ref)
            found.append(Diagnostic("E0204", f"no gradient goes through {node.name}: {why}", helps=(what_to_do,)))
    return found


def _why(graph: Graph, node: Node, name: str, ref: Ref) -> tuple[str, str]:
    """Why an operator has no gradient by its input `name`, which is `ref`; and what to do."""
    if isinstance(node.op, Gradient):
        why = "it is a gradient itself, and a gradient of a gradient is not available"
        return why, "let the loss depend on values alone, or take slopes of the first gradient by finite differences"
    if graph.type_of(ref).dtype == "int64":
        why = f"its input {ref} holds whole numbers, which have no slope"
        return why, f"take the gradient by what comes after them, such as {node.name}"
    why = f"{node.op.name} cannot be differentiated by its input {name}"
    return why, "take gradients only by what does not pass through it, or make it a constant with `stop_gradient`"


def _check(graph: Graph, loss: Ref, wrt: Sequence[str]) -> None:
    for name in (loss.node, *wrt):
        if name not in graph:
            raise error("E0101", f"the graph {graph.name} has no node {name}")
    if len(graph[loss.node].types) <= loss.index:
        raise error("E0101", f"{loss.node} has {len(graph[loss.node].types)} results, and no {loss}")
    if loss.index or graph.type_of(loss).shape != ():
        what = f"the result {loss.index} of {loss.node}" if loss.index else f"{loss} of type {graph.type_of(loss)}"
        raise error("E0204", f"only one number can be differentiated, not {what}", "take its mean or its sum")
    if twice := [name for name in wrt if f"gradient.{name}" in graph.outputs]:
        raise error("E0102", f"the graph has an output gradient.{twice[0]} already")


def _unreached(graph: Graph, name: str, loss: Ref) -> Diagnostic:
    what = f"{name} ({graph[name].op.name})"
    if name not in graph.restricted_to([loss]):
        return Diagnostic("E0705", f"{loss} does not depend on {what}, so it has no gradient by it")
    stops = ", ".join(_stops(graph, name, loss)[:3])
    return Diagnostic("E0705", f"{loss} has no gradient by {what}: all ways from it are constants behind {stops}")


def _stops(graph: Graph, name: str, loss: Ref) -> list[str]:
    """Where gradients that would go from the loss to a node end."""
    leading, reached = graph.restricted_to([loss]), {name}
    found: dict[str, None] = {}
    for node in graph:
        for ref in node.inputs:
            if ref.node in reached and node.name in leading:
                if ref.index or node.op.stops_gradient:
                    found[ref.node if ref.index else node.name] = None
                else:
                    reached.add(node.name)
    return list(found)
