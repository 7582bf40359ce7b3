"""Where an operator stands: its node, its operands as PyTorch has them, and what it becomes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cnngraph.interop.pytorch_source.form import Argument, Form
from cnngraph.interop.pytorch_source.layout import Layout, Value, shape_text, turned
from cnngraph.interop.pytorch_source.orders import Orders
from cnngraph.interop.pytorch_source.step import Cell, Step, Turn, Weight
from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ir.types import TensorType


class Unwritable(Exception):
    """An operator, or a use of it, that has no words in PyTorch: why."""


@dataclass(frozen=True)
class Site:
    """An operator to be written. What it needs before it is added to `steps`, and it itself at last."""

    graph: Graph
    node: Node
    values: dict[Ref, Value]
    orders: Orders
    steps: list[Step]
    types_of: dict[str, tuple[TensorType, Layout]]  # of each value of the program
    cell: Callable[[Graph, Mapping[str, str]], Cell]  # the steps of the cell of a scan, with the names of its states
    inner: Mapping[str, str] = field(default_factory=dict)  # of a cell: the states of the scan, by the cell's names

    @property
    def op(self) -> Any:
        return self.node.op

    @property
    def types(self) -> tuple[TensorType, ...]:
        return self.graph.input_types(self.node)

    @property
    def rank(self) -> int:
        """Axes of positions of the first operand."""
        return len(self.types[0].positions)

    @property
    def path(self) -> tuple[str, ...]:
        return tuple(self.node.name.split("."))

    # ---- operands ----

    def layout(self, place: int = 0) -> Layout:
        return self.values[self.node.inputs[place]].layout

    def take(self, layout: Layout | None = None, place: int = 0) -> str:
        """The name of an operand in this layout, or as it is."""
        value = self.values[self.node.inputs[place]]
        type_ = self.types[place]
        flat = len(type_.shape) < 3 or type_.vocabulary is not None
        if layout is None or layout is value.layout or (flat and Layout.STATE not in (layout, value.layout)):
            return value.name
        return self.before(turned(type_, value.layout, layout), value.name, (type_, layout))

    def plain(self, place: int = 0) -> str:
        """An operand in the layout that it has, but no state of a recurrent module."""
        return self.take(Layout.FIRST if self.layout(place) is Layout.STATE else None, place)

    def axis(self, place: int = 0) -> int:
        """Where the features of an operand are."""
        return 1 if self.layout(place) is not Layout.LAST or len(self.types[place].shape) < 3 else -1

    def before(
        self, form: Form, source: str, found: tuple[TensorType, Layout] | None = None, module: Form | None = None
    ) -> str:
        """A step of its own before this one; the name of what it gives."""
        name = f"{self.node.name}.{len(self.steps)}"
        shape = shape_text(*found) if found else ""
        if found:
            self.types_of[name] = found
        made = (module,) if module else ()
        self.steps.append(
            Step(self.path, (source,), (name,), made, form, origin=self.node.origin, shape=shape, word=self.op.name)
        )
        return name

    # ---- weights ----

    def state(self, place: int) -> str:
        """The name of a state, which is an input at this place."""
        return self.node.inputs[place].node

    def weight(self, attribute: str, place: int, turn: Turn = np.ascontiguousarray) -> Weight:
        name = self.state(place)
        return Weight(attribute, self.inner.get(name, name), turn)

    # ---- what it becomes ----

    def add(
        self,
        inputs: Sequence[str],
        modules: Form | Sequence[Form] = (),
        function: Form | None = None,
        *,
        layout: Layout | None = None,
        weights: Sequence[Weight] = (),
        cell: Cell | None = None,
        call: Form | None = None,
    ) -> None:
        """The step of this node; its value has the layout of the first operand unless another is given."""
        chosen = layout or (Layout.LAST if self.layout() is Layout.LAST else Layout.FIRST)
        if len(self.node.type.shape) < 3:
            chosen = Layout.FIRST
        self.values[self.node.ref] = Value(self.node.name, chosen)
        self.types_of[self.node.name] = (self.node.type, chosen)
        listed = (modules,) if isinstance(modules, Form) else tuple(modules)
        self.steps.append(
            Step(
                self.path, tuple(inputs), (self.node.name,), listed, function, tuple(weights), cell, call,
                origin=self.node.origin, shape=shape_text(self.node.type, chosen), word=self.op.name,
            )
        )  # fmt: skip

    def same(self) -> None:
        """The value of this node is that of its operand."""
        self.values[self.node.ref] = self.values[self.node.inputs[0]]


def each(sizes: Sequence[int]) -> int | tuple[int, ...]:
    """A size for each axis as PyTorch people write it: one number where all are equal."""
    return sizes[0] if len(set(sizes)) == 1 else tuple(sizes)


def option(role: str, value: object, default: object) -> Argument:
    return Argument(role, value, default)
