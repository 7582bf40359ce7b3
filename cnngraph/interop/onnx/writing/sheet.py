"""An ONNX graph in the making: its nodes in order, the values that it knows, and the arrays that go with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from onnx import GraphProto, NodeProto, StringStringEntryProto, ValueInfoProto, helper

from cnngraph.ir.op import Array
from cnngraph.ir.size import Dim
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class Value:
    """A value of ours in ONNX: its name there, and which of our axes each of its axes is."""

    name: str
    axes: tuple[int, ...]

    def axis(self, ours: int) -> int:
        """Where our axis lies; below 0 it counts from our last one."""
        return self.axes.index(ours % len(self.axes))

    def sizes(self, type_: TensorType) -> list[Dim]:
        """Its sizes in the order of its axes, of a value of this type."""
        return [type_.shape[axis] for axis in self.axes]


@dataclass(frozen=True)
class Kept:
    """An array that goes with the model: the numbers in the order of ONNX, as a view of ours, and their shape there."""

    numbers: Array
    shape: tuple[int, ...]


@dataclass
class Store:
    """What all graphs of a model share: the names that are taken, and the arrays by name.

    The names of our nodes, of their states and of the outputs are taken from the start, each by who has it.
    """

    taken: set[str] = field(default_factory=set)
    arrays: dict[str, Kept] = field(default_factory=dict)
    forms: dict[tuple[object, ...], str] = field(default_factory=dict)

    def fresh(self, name: str) -> str:
        """`name`, or `name_2`, `name_3`, ... where it is taken; it is taken from now on."""
        found = name
        number = 1
        while found in self.taken:
            number += 1
            found = f"{name}_{number}"
        self.taken.add(found)
        return found

    def keep(self, name: str, form: tuple[object, ...], kept: Kept) -> str:
        """The name under which an array of the writer's own is kept; one of the same `form` is kept once."""
        if form not in self.forms:
            self.forms[form] = self.fresh(name)
            self.arrays[self.forms[form]] = kept
        return self.forms[form]

    def keep_state(self, name: str, form: tuple[object, ...], kept: Kept) -> str:
        """The name of a state in this form: its own for the first form that is asked for."""
        if (name, form) not in self.forms:
            self.forms[name, form] = self.fresh(name) if name in self.arrays else name
            self.arrays[self.forms[name, form]] = kept
        return self.forms[name, form]


class Sheet:
    """One graph of ONNX: the model's own, or the body of a Scan."""

    def __init__(self, store: Store, opset: int, prefix: str = "") -> None:
        self.store, self.opset, self.prefix = store, opset, prefix
        self.nodes: list[NodeProto] = []
        self.shapes: list[ValueInfoProto] = []
        self._turned: dict[tuple[str, tuple[int, ...]], str] = {}

    def add(
        self,
        operator: str,
        inputs: Sequence[str],
        outputs: Sequence[str],
        attributes: Mapping[str, Any],
        name: str,
        remarks: Mapping[str, str],
    ) -> None:
        node = helper.make_node(operator, list(inputs), list(outputs), name=name, **attributes)
        node.metadata_props.extend(StringStringEntryProto(key=key, value=text) for key, text in remarks.items())
        self.nodes.append(node)

    def turned(self, value: Value, axes: tuple[int, ...], name: str | None = None) -> str:
        """The name of the value with its axes in this order: itself, or by one Transpose for all who ask.

        With `name` the Transpose gives its result that name.
        """
        if value.axes == axes and name is None:
            return value.name
        if name is not None or (value.name, axes) not in self._turned:
            own = self.store.fresh(f"{value.name}.{word_of(axes)}")
            order = [value.axes.index(axis) for axis in axes]
            self.add("Transpose", [value.name], [name or own], {"perm": order}, own, namespace(value.name))
            self._turned[value.name, axes] = name or own
        return self._turned[value.name, axes]

    def constant(self, name: str, numbers: Array) -> str:
        """The name of an array of the writer's own; equal ones of one name are kept once."""
        form = (name, str(numbers.dtype), numbers.shape, numbers.tobytes())
        return self.store.keep(name, form, Kept(numbers, numbers.shape))

    def graph(self, name: str, inputs: Sequence[ValueInfoProto], outputs: Sequence[ValueInfoProto]) -> GraphProto:
        at_the_boundary = {info.name for info in (*inputs, *outputs)}
        inner = [info for info in self.shapes if info.name not in at_the_boundary]
        return helper.make_graph(self.nodes, name, inputs, outputs, value_info=inner)


def info_of(name: str, type_: TensorType, axes: Sequence[int]) -> ValueInfoProto:
    """Name, kind and sizes of a value; sizes that are not known stay symbols, as we write them."""
    sizes = [size if isinstance(size, int) else str(size) for size in (type_.shape[axis] for axis in axes)]
    return helper.make_tensor_value_info(name, kind_of(type_.dtype), sizes)


def kind_of(dtype: str) -> int:
    """The number that ONNX has for a kind of numbers."""
    return int(helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))


def namespace(path: str) -> dict[str, str]:
    """Where a node stands among the blocks, outermost first: viewers fold a model along it."""
    return {"namespace": path.replace(".", "/")}


def word_of(axes: tuple[int, ...]) -> str:
    """What an order of axes is called in the name of a transposed value."""
    if axes == tuple(range(len(axes))):
        return "channels_last"
    return "channels_first" if axes[1] == len(axes) - 1 else "turned"
