"""A graph out of a file that lists layers one after the other (Caffe, darknet): names of nodes, refusals, notes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import prod

from cnngraph.diagnostics import CnnGraphError, Diagnostic, Label, Origin, Span
from cnngraph.interop.flat.names import legal, words_of_a_file
from cnngraph.ir.builder import Builder
from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ir.leaves import Input, State
from cnngraph.ir.op import Op, OpError
from cnngraph.ir.types import TensorType

MAX_LAYERS = 10_000  # ResNet of 1,001 layers has a third of it
MAX_NAME = 100  # characters of a name that are kept
BATCH_NAME = "batch"
MAX_ELEMENTS = 2**40  # numbers of one sample in one value


class Refusal(Exception):
    """A layer cannot be expressed: why, and how to help it."""

    def __init__(self, message: str, *helps: str, span: Span | None = None) -> None:
        super().__init__(message)
        self.message, self.helps, self.span = message, helps, span


class Assembly:
    """Adds the nodes of one layer after the other, and remembers what cannot be expressed: all is told at once.

    `name` is that of the net there; here it, the inputs and the results have words that nothing else in a file has.
    """

    def __init__(self, name: str) -> None:
        self._words = {*words_of_a_file(), BATCH_NAME}
        self.name = self.word(name.lower().strip() or "network", "net")
        self.builder = Builder()
        self.notes: list[str] = []
        self.found: list[Diagnostic] = []
        self._counts: dict[str, int] = {}

    def word(self, name: str, kind: str) -> str:
        """The name as one word that is not taken, from now on it is: `softmax` becomes `softmax_result`."""
        plain = legal(name[:MAX_NAME])
        words = (plain, f"{plain}_{kind}", *(f"{plain}_{i}" for i in range(2, len(self._words) + 3)))
        found = next(word for word in words if word not in self._words)
        self._words.add(found)
        return found

    def input(self, name: str, type_: TensorType, span: Span) -> Ref:
        """A value that is fed. Raises CnnGraphError where it is too large."""
        try:
            _require_size(type_)
        except Refusal as refusal:
            raise CnnGraphError(Diagnostic("E0802", f"input {name}: {refusal.message}", Label(span, ""))) from refusal
        return self.builder.add(self.word(name, "input"), Input(type_), origin=Origin(span)).ref

    def node(
        self, name: str, op: Op, operands: Sequence[Ref], span: Span, shared: Mapping[str, Ref] | None = None
    ) -> Node:
        """A node with states of its own, but for those that other nodes have already: `shared`.

        Raises Refusal where the operator does not take these operands or states.
        """
        path, origin = self._free(path_of(name, op.name)), Origin(span)
        types = [self.builder.type_of(ref) for ref in operands]
        try:
            result = op.output_types(types)[0]
            weights = op.weight_types(*types)
        except OpError as problem:
            raise Refusal(problem.message, *problem.helps) from problem
        _require_size(result, *(weight.type for weight in weights.values()))
        states = []
        for key, weight in weights.items():
            ref = (shared or {}).get(key)
            if ref is None:
                ref = self.builder.state(self._free(f"{path}.{key}"), weight, origin=origin, colocated=path).ref
            elif self.builder.type_of(ref) != weight.type:
                raise Refusal(f"it shares {ref}, which has another shape: {self.builder.type_of(ref)}")
            states.append(ref)
        return self.builder.add(path, op, [*operands, *states], origin=origin)

    def refuse(self, what: str, refusal: Refusal, span: Span) -> None:
        """`what` is the layer as a person would name it: `layer conv1 (Convolution)`."""
        label = Label(refusal.span or span, "")
        self.found.append(Diagnostic("E0802", f"{what}: {refusal.message}", label, helps=refusal.helps))

    def finish(self, outputs: Mapping[str, Ref]) -> Graph:
        """The graph that leads to the outputs, or CnnGraphError with all that was refused."""
        if self.found:
            raise CnnGraphError(self.found)
        whole = self.builder.finish(self.name, outputs)
        kept = whole.restricted_to(outputs.values())
        dropped = [node.name for node in whole if node.name not in kept and not isinstance(node.op, State)]
        if dropped:
            self.notes.append(f"left out, as no output needs them: {', '.join(dropped)}")
        return replace(whole, nodes=tuple(node for node in whole if node.name in kept))

    def _free(self, path: str) -> str:
        """The path, or with a number where it is taken: `conv`, `conv_2`, ..."""
        count = self._counts.get(path, 0)
        name = path
        while name in self.builder.nodes:
            count += 1
            name = f"{path}_{count + 1}"
        self._counts[path] = count
        return name


def path_of(name: str, kind: str) -> str:
    """The name of a layer of another tool as a path of ours; the kind of the layer helps a number to become a word.

    >>> path_of("inception_3a/1x1", "conv"), path_of("res2a_branch1", "conv"), path_of("", "relu")
    ('inception_3a.conv_1x1', 'res2a_branch1', 'relu')
    """
    parts = [part for part in re.split(r"[/.]+", name[:MAX_NAME]) if part] or [kind]
    kinds = [*("part" for _ in parts[1:]), kind]
    return ".".join(legal(f"{k}_{part}" if part[0].isdigit() else part) for k, part in zip(kinds, parts, strict=True))


def _require_size(*types: TensorType) -> None:
    for type_ in types:
        if prod(size for size in type_.shape if isinstance(size, int)) > MAX_ELEMENTS:
            raise Refusal(f"a value would have more than {MAX_ELEMENTS:,} numbers")
