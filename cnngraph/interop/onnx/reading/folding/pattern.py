"""Patterns of foreign nodes, written as they would be called, and their replacement by one node.

    "Mul(x, Sigmoid(x))"                                 names in small letters are values; one name, one value
    "Add(MatMul(x, W), B)"                               in capitals: known numbers
    "Mul(x, 0.5) | Div(x, 2)"                            one or the other
    "Div(e := Exp(x), ReduceSum(e, AXES, keepdims=1))"   a part with a name; an attribute that has to be so

Operands of sums and products stand in any order. Nothing has to be read by the pattern alone: its last node is
replaced, and nodes that nobody reads any longer go.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np

from cnngraph.interop.onnx.reading.convert import defaults
from cnngraph.interop.onnx.reading.foreign import Foreign, ForeignNode
from cnngraph.ir.op import Array

COMMUTE = frozenset({"Add", "Mul", "Max", "Min"})
TOLERANCE = 1e-4  # relative, of numbers such as sqrt(2) in float16 and as people round them

Built = tuple[ForeignNode, Mapping[str, Array]]


@dataclass(frozen=True)
class Found:
    """A pattern that was found: the names of its values, its known numbers, the nodes that it is made of."""

    root: ForeignNode
    values: Mapping[str, str] = field(default_factory=dict)
    known: Mapping[str, Array] = field(default_factory=dict)
    nodes: tuple[ForeignNode, ...] = ()
    readers: Mapping[str, int] = field(default_factory=dict)
    constants: Mapping[str, Array] = field(default_factory=dict)

    def is_known(self, value: str) -> bool:
        return self.values[value] in self.constants

    def alone(self, operator: str) -> bool:
        """Whether what the node of this operator gives is read once."""
        return self.readers.get(self.node(operator).outputs[0]) == 1

    def node(self, operator: str) -> ForeignNode:
        """The node of this operator, of which the pattern has one."""
        return next(node for node in self.nodes if node.operator == operator)

    def attribute(self, operator: str, name: str) -> object:
        return {**defaults(operator), **self.node(operator).attributes}.get(name)

    def made(self, operator: str, *inputs: str | Array, **attributes: object) -> Built:
        """A node in the place of the last one; arrays among its inputs become known numbers."""
        output = self.root.outputs[0]
        arrays = {f"{output}/{i}": array for i, array in enumerate(inputs) if not isinstance(array, str)}
        names = tuple(name if isinstance(name, str) else f"{output}/{i}" for i, name in enumerate(inputs))
        return replace(self.root, operator=operator, inputs=names, attributes=attributes), arrays


@dataclass(frozen=True)
class Rule:
    """What stands for each of the patterns; `build` may decline."""

    patterns: Sequence[str]
    build: Callable[[Found], Built | None]

    @property
    def roots(self) -> frozenset[str]:
        """The operators that its patterns end in."""
        return frozenset(root for text in self.patterns for root in _roots(_parsed(text)))


def united(net: Foreign, rules: Sequence[Rule]) -> Foreign:
    """The graph with the first rule that fits at each node; nodes that nobody reads go."""
    matcher = Matcher(net)
    constants, nodes, changed = dict(net.constants), [], False
    for node in net.nodes:
        built = next((b for rule in rules if node.operator in rule.roots if (b := _applied(matcher, node, rule))), None)
        if built is not None:
            node, known = built
            constants.update(known)
            matcher.replaced(node, known)
            changed = True
        nodes.append(node)
    return without_unread(replace(net, nodes=nodes, constants=constants)) if changed else net


def _applied(matcher: Matcher, node: ForeignNode, rule: Rule) -> Built | None:
    for text in rule.patterns:
        for found in matcher.matches(node, text):
            if built := rule.build(found):
                return built
    return None


def without_unread(net: Foreign) -> Foreign:
    """The graph without nodes that lead to no output."""
    read = {output.name for output in net.outputs}
    kept: list[ForeignNode] = []
    for node in reversed(net.nodes):
        if any(name in read for name in node.outputs):
            kept.append(node)
            read.update(node.inputs)
            read.update(
                name for value in node.attributes.values() if isinstance(value, Foreign) for name in _free(value)
            )
    return net if len(kept) == len(net.nodes) else replace(net, nodes=kept[::-1])


def _free(body: Foreign) -> Iterator[str]:
    """All names that the nodes of a graph inside read; those from around it are among them."""
    for node in body.nodes:
        yield from node.inputs
        for value in node.attributes.values():
            if isinstance(value, Foreign):
                yield from _free(value)
    yield from (output.name for output in body.outputs)


class Matcher:
    """Finds patterns in a graph, from their last node to their inputs."""

    def __init__(self, net: Foreign) -> None:
        self.constants = dict(net.constants)
        self.maker = {name: node for node in net.nodes for name in node.outputs[:1]}
        self.readers: dict[str, int] = {}
        for name in (*(n for node in net.nodes for n in node.inputs), *(o.name for o in net.outputs)):
            self.readers[name] = self.readers.get(name, 0) + 1

    def replaced(self, node: ForeignNode, known: Mapping[str, Array]) -> None:
        self.maker[node.outputs[0]] = node
        self.constants.update(known)

    def matches(self, node: ForeignNode, text: str) -> Iterator[Found]:
        return self._node(_parsed(text), node, Found(node, readers=self.readers, constants=self.constants))

    def _value(self, pattern: ast.expr, name: str, found: Found) -> Iterator[Found]:
        match pattern:
            case ast.BinOp(left=left, right=right):
                yield from self._value(left, name, found)
                yield from self._value(right, name, found)
            case ast.NamedExpr(target=ast.Name(id=own), value=inner):
                for bound in self._bound(own, name, found):
                    yield from self._value(inner, name, bound)
            case ast.Name(id=own) if own.isupper():
                yield from self._known(own, name, found)
            case ast.Name(id=own):
                yield from self._bound(own, name, found)
            case ast.Constant() | ast.UnaryOp():
                if self._is_number(ast.literal_eval(pattern), name):
                    yield found
            case ast.Call() if name in self.maker:
                yield from self._node(pattern, self.maker[name], found)

    def _bound(self, own: str, name: str, found: Found) -> Iterator[Found]:
        if found.values.get(own, name) == name and name:
            yield replace(found, values={**found.values, own: name})

    def _known(self, own: str, name: str, found: Found) -> Iterator[Found]:
        array = self.constants.get(name)
        if array is None:
            return
        before = found.known.get(own)
        if before is None or (before.shape == array.shape and np.array_equal(before, array)):
            yield replace(found, known={**found.known, own: array}, values={**found.values, own: name})

    def _is_number(self, wanted: float, name: str) -> bool:
        array = self.constants.get(name)
        if array is None or array.size == 0 or array.dtype.kind not in "fiub" or array.size > 2**20:
            return False
        return bool(np.allclose(array, wanted, rtol=TOLERANCE, atol=0))

    def _node(self, pattern: ast.expr, node: ForeignNode, found: Found) -> Iterator[Found]:
        if isinstance(pattern, ast.BinOp):
            yield from self._node(pattern.left, node, found)
            yield from self._node(pattern.right, node, found)
            return
        if isinstance(pattern, ast.NamedExpr):
            for bound in self._bound(_name(pattern.target), node.outputs[0], found):
                yield from self._node(pattern.value, node, bound)
            return
        assert isinstance(pattern, ast.Call), "a pattern is a node"
        if _name(pattern.func) != node.operator or not _has_attributes(pattern, node):
            return
        inputs = [*node.inputs]
        while inputs and not inputs[-1]:
            inputs.pop()
        if len(inputs) != len(pattern.args):
            return
        found = replace(found, nodes=(*found.nodes, node))
        yield from self._inputs(pattern.args, inputs, found)
        if node.operator in COMMUTE and len(inputs) == 2:
            yield from self._inputs(pattern.args, inputs[::-1], found)

    def _inputs(self, patterns: Sequence[ast.expr], names: Sequence[str], found: Found) -> Iterator[Found]:
        if not patterns:
            yield found
            return
        for bound in self._value(patterns[0], names[0], found):
            yield from self._inputs(patterns[1:], names[1:], bound)


def _has_attributes(pattern: ast.Call, node: ForeignNode) -> bool:
    if not pattern.keywords:
        return True
    given = {**defaults(node.operator), **node.attributes}
    for keyword in pattern.keywords:
        wanted, value = ast.literal_eval(keyword.value), given.get(str(keyword.arg))
        is_close = (
            isinstance(wanted, float) and isinstance(value, float) and abs(value - wanted) <= TOLERANCE * abs(wanted)
        )
        if value != wanted and not is_close:
            return False
    return True


@lru_cache(maxsize=1024)
def _parsed(text: str) -> ast.expr:
    return ast.parse(text.strip(), mode="eval").body


def _roots(pattern: ast.expr) -> Iterator[str]:
    match pattern:
        case ast.BinOp(left=left, right=right):
            yield from _roots(left)
            yield from _roots(right)
        case ast.NamedExpr(value=value):
            yield from _roots(value)
        case ast.Call(func=operator):
            yield _name(operator)


def _name(expression: ast.expr) -> str:
    """A name; that of an operator of another domain has points in it."""
    return ast.unparse(expression)
