"""From the sections of a cfg to a graph, one after the other; what a section means stands in `layers`.

A section reads the one before it, but for those that name others by number: below 0 counted backwards from themselves,
otherwise from the first section after [net], which is 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from cnngraph.interop.assembly import Assembly, Refusal
from cnngraph.interop.channels_first import image_axes
from cnngraph.interop.darknet.sections import Section, fault
from cnngraph.interop.imported import Axes
from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ir.op import Array, Op
from cnngraph.ir.size import number
from cnngraph.ir.types import TensorType
from cnngraph.ops.flatten import Flatten
from cnngraph.ops.reshape import Reshape

Meaning: TypeAlias = "Callable[[Importer, Section, Value | None], Value]"

SILENT = ("stopbackward", "onlyforward", "burnin_update", "train_only_bn")
"""Options of any section that say how it is trained."""


class After(Exception):
    """A section reads one that was refused: there is nothing more to say."""


@dataclass(frozen=True)
class Value:
    """A result: an image, or a vector, which darknet sees as an image of one position."""

    ref: Ref
    type: TensorType

    @property
    def channels(self) -> int:
        return number(self.type.channels)

    @property
    def positions(self) -> tuple[int, ...]:
        return tuple(map(number, self.type.positions))

    @property
    def axes(self) -> Axes:
        return image_axes(len(self.type.positions))


@dataclass(frozen=True)
class Piece:
    """An array of the file of weights, in its order: the state that it becomes, its shape there, and how it turns.

    A matrix of a dense layer stands transposed in some files; their header says so.
    """

    state: str
    shape: tuple[int, ...]
    turn: Callable[[Array], Array] = np.asarray
    is_dense: bool = False


class Importer:
    """The state of one import: the result of each section, the arrays that the file of weights must hold."""

    def __init__(self, table: Mapping[str, Meaning], ends: tuple[str, ...], name: str) -> None:
        self.table, self.ends = table, ends
        self.assembly = Assembly(name)
        self.values: list[Value | None] = []
        self.pieces: list[Piece] = []
        self.states: dict[int, dict[str, Ref]] = {}  # of each convolution, for those that share them
        self.outputs: dict[str, Value] = {}

    # ---- the whole ----

    def run(self, sections: list[Section]) -> tuple[Graph, dict[str, Axes], dict[str, Axes]]:
        """The graph, and the axes of its inputs and outputs.

        Raises CnnGraphError with all that cannot be expressed.
        """
        net, *layers = sections
        given = self._input(net)
        before: Value | None = given
        for section in layers:
            before = self._section(section, before)
            self.values.append(before)
        if before is not None and before.ref not in (given.ref, *(v.ref for v in self.outputs.values())):
            self.outputs[self.assembly.word("output", "result")] = before
        if not self.outputs and not self.assembly.found:
            raise fault(net.span, "no section gives a result")
        graph = self.assembly.finish({key: value.ref for key, value in self.outputs.items()})
        axes = {key: value.axes for key, value in self.outputs.items()}
        return graph, {given.ref.node: given.axes}, axes

    def _input(self, net: Section) -> Value:
        if net.name not in ("net", "network"):
            raise fault(net.span, f"the first section is [net], not [{net.name}]")
        sizes = [net.whole(name, 0) for name in ("height", "width", "channels")]
        if 0 in sizes:
            sizes = [net.whole("inputs", 0)]
        if 0 in sizes:
            raise fault(net.span, "[net] needs height, width and channels, or inputs")
        type_ = TensorType.of(sizes[-1], sizes[:-1])
        return Value(self.assembly.input("image" if sizes[1:] else "x", type_, net.span), type_)

    def _section(self, section: Section, before: Value | None) -> Value | None:
        """The result of a section; None where it cannot be expressed, or stands after such a one."""
        meaning = self.table.get(section.name)
        if meaning is None:
            self.refuse(section, Refusal("this kind of layer has no counterpart"))
            return None
        try:
            result = meaning(self, section, before)
        except After:
            return None
        except Refusal as refusal:
            self.refuse(section, refusal)
            return None
        for name, span in section.unread():
            if name not in SILENT and section.name not in self.ends:
                self.refuse(section, Refusal(f"the option `{name}` has no counterpart here", span=span))
        return result

    def refuse(self, section: Section, refusal: Refusal) -> None:
        self.assembly.refuse(f"layer {len(self.values)} ([{section.name}])", refusal, section.span)

    # ---- what the meanings of sections use ----

    def named(self, section: Section, index: int, option: str) -> Value:
        """The result of the section with that number."""
        place = index + len(self.values) if index < 0 else index
        if not 0 <= place < len(self.values):
            raise fault(section.place(option), f"there is no layer {index} before layer {len(self.values)}")
        found = self.values[place]
        if found is None:
            raise After
        return found

    def node(
        self, section: Section, op: Op, operands: Sequence[Value], shared: Mapping[str, Ref] | None = None
    ) -> Node:
        """A node, named by its operator and the number of the section: `conv12`."""
        refs = [operand.ref for operand in operands]
        return self.assembly.node(f"{op.name}{len(self.values)}", op, refs, section.span, shared)

    def apply(self, section: Section, op: Op, *operands: Value) -> Value:
        """The result of an operator without states."""
        return value(self.node(section, op, operands))

    def chain(self, section: Section, x: Value, ops: Sequence[Op]) -> Value:
        for op in ops:
            x = self.apply(section, op, x)
        return x

    def image(self, section: Section, x: Value) -> Value:
        """A vector as an image of one position."""
        return x if x.positions else self.apply(section, Reshape(TensorType.of(x.channels, (1, 1))), x)

    def vector(self, section: Section, x: Value) -> Value:
        """All values of a sample, in our order."""
        return self.apply(section, Flatten(), x) if x.positions else x


def value(node: Node) -> Value:
    return Value(node.ref, node.type)
