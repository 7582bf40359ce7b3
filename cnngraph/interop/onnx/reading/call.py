"""One node of a foreign graph with the values of its inputs: what a meaning gets, and all that it may ask for.

    x.ref                    our node; x.layout how the foreign array is made of its axes; x.shape the foreign shape
    call.tensor(0)           an input that is computed               call.constant(1)   one whose numbers are known
    call.grid(x)             x as (N, C, positions...): our channels are the foreign axis 1, our positions the rest
    call.features(x, axis)   x with this foreign axis as our features, all others in the order in which they lie
    call.along(x, axes)      several foreign axes as our features, in any order
    call.rows(x, axis)       the same for a product with a matrix: the features in any order, and that order
    call.apply(op, refs, weights)    our node; the first one gets the name of the foreign node
    call.keep(x, ref)        a result with the axes of x             call.result(ref, groups, rank)   with others
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any, NoReturn

import numpy as np

from cnngraph.interop.onnx.reading.foreign import ForeignNode
from cnngraph.interop.onnx.reading.layout import Groups
from cnngraph.interop.onnx.reading.reading import ANY_IDS, Again, Reading, Refused
from cnngraph.interop.onnx.reading.values import Constant, Later, Sizes, Tensor, Value, settled
from cnngraph.ir.graph import Ref
from cnngraph.ir.leaves import Input
from cnngraph.ir.op import Array, Op
from cnngraph.ir.size import Dim
from cnngraph.ir.types import TensorType


@dataclass
class Call:
    """A node while it is read. `attributes` have the defaults of the newest opset."""

    reading: Reading
    node: ForeignNode
    inputs: Sequence[Value | None]
    attributes: Mapping[str, Any]
    path: str
    used: list[str] = field(default_factory=list)

    def need(self, condition: object, why: str, *helps: str) -> None:
        """Refuse the node unless `condition` holds."""
        if not condition:
            raise Refused(why, *helps)

    def __getitem__(self, attribute: str) -> Any:
        """An attribute, or its default; None where it has neither."""
        return self.attributes.get(attribute)

    # ---- inputs ----

    def has(self, place: int) -> bool:
        """Whether an input is given."""
        return place < len(self.inputs) and self.inputs[place] is not None

    def value(self, place: int) -> Value:
        self.need(self.has(place), f"it lacks its input {place}")
        value = self.inputs[place]
        assert value is not None
        return value

    def tensor(self, place: int) -> Tensor:
        """An input that is computed, or fed."""
        value = self.value(place)
        if not isinstance(value, Tensor):
            raise Refused(f"its input {place} is known before anything is fed")
        return value

    def constant(self, place: int, what: str = "") -> Array:
        """The numbers of an input that is known, read-only."""
        value = self.value(place)
        if not isinstance(value, Constant):
            raise Refused(f"{what or f'its input {place}'} is computed, and would have to be known")
        return value.array

    def optional(self, place: int, what: str = "") -> Array | None:
        """The same for an input that may be left out."""
        return self.constant(place, what) if self.has(place) else None

    def number(self, place: int, default: float, what: str = "") -> float:
        """A single known number, or the default where it is left out."""
        array = self.optional(place, what)
        if array is None or array.size == 0:
            return default
        self.need(array.size == 1, f"{what or f'its input {place}'} is not a single number")
        return float(array.reshape(()))

    def dims(self, place: int, what: str = "") -> list[Dim]:
        """An input of whole numbers, of which some may be symbols."""
        value = self.value(place)
        if isinstance(value, Tensor):
            raise Refused(f"{what or f'its input {place}'} is computed from what is fed")
        return [n if not isinstance(n, int | np.integer | float) else int(n) for n in np.asarray(value.array).flat]

    def axis(self, axis: int, rank: int) -> int:
        """An axis that may count from the end."""
        self.need(-rank <= axis < rank, f"there is no axis {axis} of {rank}")
        return axis % rank

    def ids(self, place: int, vocabulary: int) -> Ref:
        """An input as ids below `vocabulary`, axes as they are: the batch, then positions."""
        x = self.tensor(place)
        type_ = self.reading.type_of(x.ref)
        if type_.vocabulary == vocabulary:
            order = [f for axis in x.layout.theirs for f in axis]
            self.need(order == sorted(order), "ids would have to be moved")
            return x.ref
        node = self.reading.builder.nodes[x.ref.node]
        self.need(type_.vocabulary is not None and isinstance(node.op, Input), "ids that are computed, not fed")
        self.need(type_.vocabulary == ANY_IDS, f"ids below {vocabulary}, and elsewhere below {type_.vocabulary}")
        raise Again(node.name, vocabulary)

    def as_numbers(self, x: Tensor) -> NoReturn:
        """Whole numbers that are fed are no ids, but numbers as all others: the attempt begins anew with that."""
        node = self.reading.builder.nodes[x.ref.node]
        self.need(isinstance(node.op, Input), "ids become numbers")
        raise Again(node.name, None)

    # ---- axes ----

    def grid(self, x: Tensor) -> Ref:
        """Ours for (N, C, positions...)."""
        self.need(x.rank >= 2, f"it needs a batch and channels, but receives {shape_text(x.shape)}")
        return self.arranged(x, [[0], *([axis] for axis in range(2, x.rank)), [1]]).ref

    def of_grid(self, ref: Ref, rank: int | None = None) -> Tensor:
        """A result of ours as (N, C, positions...); of a vector, with so many positions of size 1."""
        axes = len(self.type_of(ref).shape)
        groups = [[0], *([axis] for axis in range(2, axes)), [1]]
        return self.result(ref, groups, rank or axes)

    def arranged(self, x: Tensor, groups: Groups) -> Tensor:
        """The value with these groups of foreign axes as our axes: the batch first, the features last."""
        return self.reading.arranged(x, x.layout.foreign_axes(groups), self.path)

    def features(self, x: Tensor, axis: int) -> Tensor:
        """The value with this foreign axis as our features, all else as it lies."""
        return self._with_features(x, x.layout.theirs[self.axis(axis, x.rank)])

    def along(self, x: Tensor, axes: Iterable[int]) -> Tensor:
        """The value with all of these foreign axes as our features, in whatever order they lie."""
        factors = {f for axis in axes for f in x.layout.theirs[axis]}
        return self._with_features(x, tuple(sorted(factors)))

    def rows(self, x: Tensor, axis: int) -> tuple[Tensor, Array | None]:
        """The value with this foreign axis as our features in the order in which they lie, and which that is.

        The order has, for each feature of ours, its place on the foreign axis; None where that is the same.
        """
        factors = x.layout.theirs[self.axis(axis, x.rank)]
        if list(factors) == sorted(factors):
            return self._with_features(x, factors), None
        sizes = [x.layout.sizes[f] for f in factors]
        self.need(all(isinstance(n, int) for n in sizes), f"axes of open size {shape_text(sizes)} become features")
        places = np.arange(prod(sizes)).reshape(sizes).transpose(np.argsort(factors)).reshape(-1)  # type: ignore[arg-type]
        return self._with_features(x, tuple(sorted(factors))), places

    def _with_features(self, x: Tensor, factors: Sequence[int]) -> Tensor:
        groups = x.layout.groups
        self.need(groups, "a single number has no features")
        batch, *others = groups
        self.need(not set(batch) & set(factors), "it works along the batch")
        if groups[-1] == tuple(factors):
            return x
        rest = [run for group in others for run in x.layout.runs([f for f in group if f not in factors])]
        return self.reading.arranged(x, (batch, *rest, tuple(factors)), self.path)

    # ---- results ----

    def type_of(self, ref: Ref) -> TensorType:
        return self.reading.type_of(ref)

    def apply(
        self,
        op: Op,
        operands: Sequence[Ref],
        weights: Mapping[str, Array | Later] | None = None,
        *,
        beside: bool = False,
    ) -> Ref:
        """A node of ours. The first gets the name of the foreign node, unless it only stands `beside` it."""
        name = self.reading.beside(self.path, op.name)
        if not beside and not self.used:
            name = self.path
            self.used.append(name)
        sources = [v.name for v in self.inputs if isinstance(v, Constant)] if weights else ()
        return self.reading.apply(name, op, operands, weights, sources)

    def each(self, op: Op, x: Tensor) -> Tensor:
        """The result of an operator that works on each number by itself."""
        return self.keep(x, self.apply(op, [x.ref]))

    def keep(self, x: Tensor, ref: Ref) -> Tensor:
        """A result that has the axes and the shape of x."""
        return Tensor(ref, x.layout)

    def with_features(self, x: Tensor, axis: int, ref: Ref) -> Tensor:
        """A result that has the axes of x, as `features` or `rows` gave it, but other features."""
        size = self.type_of(ref).shape[-1]
        return Tensor(ref, x.layout.with_features(self.axis(axis, x.rank), size))

    def result(self, ref: Ref, groups: Groups, rank: int) -> Tensor:
        """A result as a foreign array of this rank: for each of our axes the foreign axis that it is."""
        return self.reading.tensor(ref, groups, rank)

    def settled(self, array: Any) -> Constant | Sizes:
        """Whole numbers, of which some may be symbols, as a value."""
        return settled(array)

    def note(self, text: str) -> None:
        self.reading.note(text)


def shape_text(shape: Sequence[Dim]) -> str:
    return f"({', '.join(map(str, shape))})"
