"""A node of ours on its way into ONNX: what a way asks of it, and what it adds under its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from onnx import defs

from cnngraph.interop.onnx.writing.boundary import channels_first, channels_last
from cnngraph.interop.onnx.writing.sheet import Kept, Sheet, Value, namespace
from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ir.op import Array
from cnngraph.ir.size import Dim
from cnngraph.ir.types import TensorType

LARGEST_FACTOR = 64  # by which a size of the result can differ from one of the input


class Inexpressible(Exception):
    """Why a node has no words in ONNX."""


@dataclass(frozen=True)
class Page:
    """A graph of ours that is being written: its values so far, its states, and what has been settled before.

    `states` has the name in the model and the array of each state; `names` the names that values at the boundary must
    have, with the order of their axes there; `rows` the order of the rows of dense weights that meet a flattened grid
    channels first (`cnngraph.interop.onnx.writing.flattening`).
    """

    graph: Graph
    sheet: Sheet
    values: dict[Ref, Value]
    states: Mapping[str, tuple[str, Array]]
    names: Mapping[Ref, tuple[str, tuple[int, ...]]]
    rows: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class Site:
    """One node of a page. Inputs are asked for by number, in the order of axes that the way needs."""

    page: Page
    node: Node

    @property
    def op(self) -> Any:
        return self.node.op

    @property
    def sheet(self) -> Sheet:
        return self.page.sheet

    @property
    def count(self) -> int:
        return len(self.node.inputs)

    def type(self, number: int = 0) -> TensorType:
        return self.page.graph.type_of(self.node.inputs[number])

    def rank(self, number: int = 0) -> int:
        return len(self.type(number).shape)

    # ---- inputs ----

    def value(self, number: int = 0) -> Value:
        """The input as it lies."""
        ref = self.node.inputs[number]
        if ref not in self.page.values:  # a state is a value only for who asks for it as it is
            self.page.values[ref] = Value(self.kept(number), channels_last(self.rank(number)))
        return self.page.values[ref]

    def turned(self, axes: tuple[int, ...], number: int = 0) -> str:
        """The name of the input with its axes in this order."""
        return self.sheet.turned(self.value(number), axes)

    def first(self, number: int = 0) -> str:
        """The name of the input as (N, C, positions...)."""
        return self.turned(channels_first(self.rank(number)), number)

    def last(self, number: int = 0) -> str:
        """The name of the input as (N, positions..., C)."""
        return self.turned(channels_last(self.rank(number)), number)

    def kept(
        self,
        number: int,
        order: tuple[int, ...] | None = None,
        *,
        cut: tuple[int, ...] | None = None,
        shape: tuple[int, ...] | None = None,
    ) -> str:
        """The name of a state among the inputs, its array cut into more axes, in another order of axes, and so shaped.

        Nothing is copied. Asked for in two forms, it is kept in both.
        """
        if self.node.inputs[number].node not in self.page.states:
            raise Inexpressible("its weight is computed by the graph, not kept")
        name, array = self.page.states[self.node.inputs[number].node]
        view = array if cut is None else array.reshape(cut)
        view = view if order is None else view.transpose(order)
        return self.sheet.store.keep_state(name, (cut, order, shape), Kept(view, shape or view.shape))

    def numbers(self, name: str, values: object, dtype: str | None = None) -> str:
        """The name of an array of the way's own, in the kind of the first input if not told."""
        return self.sheet.constant(f"{self.path}.{name}", np.asarray(values, dtype or self.type().dtype))

    def whole(self, name: str, values: Sequence[int] | range | int) -> str:
        """The name of whole numbers: axes, sizes, limits."""
        return self.numbers(name, values if isinstance(values, int) else list(values), "int64")

    # ---- nodes ----

    @property
    def path(self) -> str:
        """The name of the node in the model: ours, in a body behind that of its Scan."""
        return f"{self.sheet.prefix}{self.node.name}"

    def add(self, operator: str, *inputs: str, name: str | None = None, outputs: int = 1, **attributes: object) -> str:
        """A node on the way to the result; the name of what it gives first."""
        made = self.sheet.store.fresh(f"{self.path}.{name or operator.lower()}")
        unread = [self.unread() for _ in range(1, outputs)]
        self.sheet.add(operator, inputs, [made, *unread], attributes, made, namespace(self.path))
        return made

    def result(self, operator: str, *inputs: str, axes: tuple[int, ...], **attributes: object) -> Value:
        """The node that bears our name, and its value, the axes of which are these of ours."""
        value = self.named(Ref(self.node.name), axes)
        self.sheet.add(operator, inputs, [value.name], attributes, self.path, self.remarks())
        return value

    def remarks(self) -> dict[str, str]:
        return {**namespace(self.path), "cnngraph.operator": str(self.op)}

    def counterpart(self, *inputs: str, axes: tuple[int, ...], **more: object) -> Value:
        """`result` by the operator that ours names as its counterpart; `more` stands above the attributes it names."""
        found = self.op.onnx()
        return self.result(found.operator, *inputs, axes=axes, **{**found.attributes, **more})

    @property
    def has_counterpart(self) -> bool:
        """Whether the opset of the model has the operator that ours names, in this version or an earlier one."""
        try:
            defs.get_schema(self.op.onnx().operator, self.sheet.opset)
        except defs.SchemaError:
            return False
        return True

    def named(self, ref: Ref, axes: tuple[int, ...]) -> Value:
        """A result of the node under the name that it has in the model."""
        wanted, boundary = self.page.names.get(ref, ("", None))
        if boundary == axes:
            return Value(wanted, axes)
        outputs = {name for name, _ in self.page.names.values()}
        if self.sheet.prefix or str(ref) in outputs:
            return Value(self.sheet.store.fresh(f"{self.sheet.prefix}{ref}"), axes)
        return Value(str(ref), axes)

    def unread(self) -> str:
        """A name for a result that nobody reads."""
        return self.sheet.store.fresh(f"{self.path}.unread")

    # ---- sizes ----

    def sizes(self, wanted: Sequence[Dim], *sources: tuple[str, Sequence[Dim]]) -> str:
        """The name of these sizes as numbers; a size that is open is taken from a source of which it is one."""
        if all(isinstance(size, int) for size in wanted):
            return self.whole("shape", [size for size in wanted if isinstance(size, int)])
        parts = [
            self.whole("size", [size]) if isinstance(size, int) else self._size(size, sources) for size in wanted
        ]
        return self.add("Concat", *parts, name="shape", axis=0)

    def _size(self, wanted: Dim, sources: Sequence[tuple[str, Sequence[Dim]]]) -> str:
        """An open size: one of a source, or some times as large, or as small."""
        for times in range(1, LARGEST_FACTOR):
            for name, at, size in ((name, at, size) for name, sizes in sources for at, size in enumerate(sizes)):
                if wanted in (size * times, size // times):
                    found = self.add("Shape", name, name="size", start=at, end=at + 1)
                    if times == 1:
                        return found
                    operator = "Mul" if wanted == size * times else "Div"
                    return self.add(operator, found, self.whole("times", [times]), name="size")
        raise Inexpressible(f"the size {wanted} does not follow from one size of its input")

    def reshaped(self, x: str, given: Sequence[Dim], wanted: Sequence[Dim]) -> str:
        """The name of what Reshape needs to make `wanted` sizes of those `given`, whatever the open ones are.

        A size that stays at its place is copied (0), one other open one follows (-1); only of more is the shape read.
        """
        entries = [
            size if isinstance(size, int) else 0 if i < len(given) and given[i] == size else -1
            for i, size in enumerate(wanted)
        ]
        if entries.count(-1) <= 1:
            return self.whole("shape", entries)
        return self.sizes(wanted, (x, given))


Way: TypeAlias = Callable[[Site], Value]
