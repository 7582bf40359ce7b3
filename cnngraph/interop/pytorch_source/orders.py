"""Vectors that hold a flattened image. Ours lists the features of one position after another, PyTorch's flatten all
positions of one feature after another.

    conv -> flatten -> relu -> dense       the rows of the dense weight are put in PyTorch's order
    dense -> batchnorm -> reshape -> conv  the columns of it, and all that the batch norm has

So the source can say `x.flatten(1)` and `x.unflatten(1, (64, 7, 7))`. Where something else reads or gives such a
vector (an output, a concat) this is impossible, and the source itself moves the axis.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from math import prod

import numpy as np

from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ir.leaves import State
from cnngraph.ir.op import Array
from cnngraph.ir.types import TensorType

Grid = tuple[int, ...]  # (positions..., channels)
ORDER_FREE = ("dropout", "add", "mul", "batchnorm", "identity")


@dataclass(frozen=True)
class Orders:
    """The grids whose vectors are in PyTorch's order: of flatten and reshape nodes, and of the axes of weights."""

    moved: dict[str, Grid] = field(default_factory=dict)
    rows: dict[str, Grid] = field(default_factory=dict)
    columns: dict[str, Grid] = field(default_factory=dict)


def turned_axis(array: Array, axis: int, grid: Grid | None) -> Array:
    """One axis of an array, which lists a grid channels last, in the order channels first.

    >>> turned_axis(np.arange(6), 0, (3, 2))
    array([0, 2, 4, 1, 3, 5])
    """
    if grid is None:
        return array
    return np.take(array, np.moveaxis(np.arange(prod(grid)).reshape(grid), -1, 0).ravel(), axis)


def orders_of(graph: Graph) -> Orders:
    """Where the vectors of a graph can be in PyTorch's order, so that no axis is moved."""
    group_of = _groups(graph)
    while refused := list(_conflicting(graph, group_of)):
        for group in refused:
            group.fixed = True
    orders = Orders()
    for name, group in group_of.items():
        if group.grid is not None:
            orders.moved.update(dict.fromkeys(group.moved, group.grid))
            orders.columns.update(dict.fromkeys(_columns(graph, name), group.grid))
            orders.rows.update(dict.fromkeys(_rows(graph, name), group.grid))
    return orders


@dataclass(eq=False)
class _Group:
    """Vectors that have one order: those between which only operators stand that know no order."""

    members: set[str]
    grids: set[Grid] = field(default_factory=set)
    fixed: bool = False  # something reads or gives one of them in our order
    moved: set[str] = field(default_factory=set)

    @property
    def grid(self) -> Grid | None:
        return next(iter(self.grids)) if len(self.grids) == 1 and not self.fixed else None

    def lay(self, node: Node, type_: TensorType) -> None:
        """`node` flattens a grid of this type, or makes one."""
        grid = tuple(size for size in type_.shape[1:] if isinstance(size, int))
        self.fixed |= len(grid) < len(type_.shape) - 1
        self.grids.add(grid)
        self.moved.add(node.name)


def _groups(graph: Graph) -> Mapping[str, _Group]:
    """The group of each vector."""
    group_of: dict[str, _Group] = {}
    for node in graph:
        if node.inputs and _is_vector(node.type):
            joined = [group_of[ref.node] for ref in node.inputs if ref.node in group_of and _keeps_order(node)]
            members = {node.name, *(name for group in joined for name in group.members)}
            group_of.update(dict.fromkeys(members, _Group(members)))
    outputs = {ref.node for ref in graph.outputs.values()}
    for name, group in group_of.items():
        group.fixed |= name in outputs
        _given(graph, graph[name], group, group_of)
        for user in graph.users[name]:
            _read(user, Ref(name), group)
    return group_of


def _given(graph: Graph, node: Node, group: _Group, vectors: Collection[str]) -> None:
    """What the node that gives a vector says about its order."""
    if node.op.name == "flatten":
        group.lay(node, graph.type_of(node.inputs[0]))
    elif _keeps_order(node):
        operands = [ref.node for ref in node.inputs if not isinstance(graph[ref.node].op, State)]
        group.fixed |= any(name not in vectors for name in operands)
    elif node.op.name != "dense":
        group.fixed = True


def _read(user: Node, ref: Ref, group: _Group) -> None:
    """What a reader of a vector says about its order."""
    if user.op.name == "reshape" and user.type.positions:
        group.lay(user, user.type)
    elif user.op.name == "dense":
        group.fixed |= user.inputs[0] != ref
    elif not (_keeps_order(user) and _is_vector(user.type)):
        group.fixed = True


def _conflicting(graph: Graph, group_of: Mapping[str, _Group]) -> Iterator[_Group]:
    """Groups that want a weight in another order than another use of it."""
    places: tuple[Callable[[Graph, str], list[str]], ...] = (_rows, _columns)
    for place in places:
        wanted: dict[str, list[_Group]] = {}
        for name, group in group_of.items():
            for state in place(graph, name):
                wanted.setdefault(state, []).append(group)
        for state, groups in wanted.items():
            shares = {group.grid for group in groups}
            if len(shares) > 1 or len(groups) < len(graph.users[state]):
                yield from (group for group in groups if group.grid is not None)


def _rows(graph: Graph, name: str) -> list[str]:
    """The weights whose rows are multiplied by a vector: a state for each use of it."""
    return [user.inputs[1].node for user in graph.users[name] if user.op.name == "dense"]


def _columns(graph: Graph, name: str) -> list[str]:
    """The states with a number for each feature that a node gives."""
    return [ref.node for ref in graph[name].inputs if isinstance(graph[ref.node].op, State)]


def _is_vector(type_: TensorType) -> bool:
    return type_.batched and len(type_.shape) == 2 and type_.vocabulary is None


def _keeps_order(node: Node) -> bool:
    """Whether each value is made of the same place of every vector that is read."""
    return node.op.name in ORDER_FREE or (node.op.pointwise and len(node.inputs) == 1)
