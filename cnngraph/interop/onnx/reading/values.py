"""What a name of a foreign graph stands for while it is read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from cnngraph.interop.onnx.reading.layout import Layout
from cnngraph.ir.graph import Ref
from cnngraph.ir.op import Array
from cnngraph.ir.size import Dim

LARGEST_SIZES = 64  # numbers in a value of sizes: shapes have a few


@dataclass(frozen=True)
class Constant:
    """Known numbers. `name` is what the file calls them, unless they were computed while it was read."""

    array: Array
    name: str = ""

    @property
    def shape(self) -> tuple[Dim, ...]:
        return self.array.shape


@dataclass(frozen=True)
class Later:
    """Numbers of a weight that are computed once it is certain that they are needed."""

    shape: tuple[int, ...]
    make: Callable[[], Array]


@dataclass(frozen=True)
class Sizes:
    """Known whole numbers of which some are symbols: an array of `Dim`, for NumPy an array of objects.

    >>> from cnngraph.ir.size import symbol
    >>> sizes = Sizes.of([symbol("H") * 2, 3])
    >>> print(sizes.array[0] // 2, sizes.shape)
    H (2,)
    """

    array: Any

    @staticmethod
    def of(dims: Sequence[Dim]) -> Sizes:
        array = np.empty(len(dims), object)
        array[:] = list(dims)
        return Sizes(array)

    @property
    def shape(self) -> tuple[Dim, ...]:
        return tuple(self.array.shape)


@dataclass(frozen=True)
class Tensor:
    """A result of one of our nodes, and how the foreign array is made of its axes.

    `path` is that of the foreign node that gave it these axes without a node of ours: the node that may have to be made
    for them takes its name.
    """

    ref: Ref
    layout: Layout
    path: str = field(default="", compare=False)

    @property
    def shape(self) -> tuple[Dim, ...]:
        """The shape of the foreign array."""
        return self.layout.shape

    @property
    def rank(self) -> int:
        return self.layout.rank


Value: TypeAlias = "Constant | Sizes | Tensor"


def settled(array: Any) -> Constant | Sizes:
    """An array of `Dim` as `Constant` where no symbol is left."""
    array = np.asarray(array, object)
    if all(isinstance(size, int | np.integer) for size in array.flat):
        return Constant(array.astype(np.int64))
    return Sizes(array)
