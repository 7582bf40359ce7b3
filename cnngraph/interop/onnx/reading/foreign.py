"""A graph of ONNX as plain data: nodes in dependency order, known arrays, and the types of what is fed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from cnngraph.ir.op import Array


@dataclass(frozen=True)
class Fed:
    """An input or an output: its name, the kind of its numbers, and its sizes (a number, a name, or None)."""

    name: str
    kind: str = "float32"
    shape: tuple[int | str | None, ...] | None = None


@dataclass(frozen=True)
class ForeignNode:
    """One node: `operator` is its kind, with its domain before it where that is not ONNX's own.

    `attributes` are those that the file gives, as Python values (arrays for tensors, `Foreign` for graphs), in the form
    of the newest opset; an input that is left out is "". `scope` is the path that an exporter gave beside the name.
    """

    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    scope: tuple[str, ...] = ()


@dataclass(frozen=True)
class Foreign:
    """`constants` has an array for each name that is known; `initializers` are those that the file itself gives.

    `ours`: this package wrote the file; then `needs` is what it says of open sizes.
    """

    name: str
    nodes: Sequence[ForeignNode]
    constants: Mapping[str, Array]
    inputs: Sequence[Fed]
    outputs: Sequence[Fed]
    initializers: frozenset[str] = frozenset()
    ours: bool = False
    needs: Sequence[str] = ()

    def wanted(self) -> frozenset[str]:
        """The names that something reads: nodes, those of inner graphs, and whoever asks for the outputs."""
        outputs = (output.name for output in self.outputs)
        return frozenset(chain(outputs, *(node.inputs for node in self.nodes), *map(_read_inside, self.nodes))) - {""}

    def users(self) -> Mapping[str, Sequence[ForeignNode]]:
        """The nodes that read each name."""
        found: dict[str, list[ForeignNode]] = {}
        for node in self.nodes:
            for name in dict.fromkeys([*node.inputs, *_read_inside(node)]):
                found.setdefault(name, []).append(node)
        return found


def _read_inside(node: ForeignNode) -> frozenset[str]:
    """What the inner graphs of a node read, their own names as well."""
    inner = [value for value in node.attributes.values() if isinstance(value, Foreign)]
    return frozenset().union(*(graph.wanted() for graph in inner))
