"""What every importer gives (ONNX, Caffe, darknet): a graph of ours with its weights, and where the file's axes went.

    a file of another tool -> Imported -> `cnngraph.interop.readable` -> a `.cnn` file and its weights
                                       -> `cnngraph.runtime` runs it as it is
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from cnngraph.ir.graph import Graph
from cnngraph.ir.op import Array


@dataclass(frozen=True)
class Axes:
    """Which axis of ours each axis of a foreign array is; None where a foreign axis of size 1 has none of ours.

        (N, C, H, W) of another tool, (N, H, W, C) here    Axes((0, 3, 1, 2), 4)
        (N, C, 1, 1) of another tool, (N, C) here          Axes((0, 1, None, None), 2)
        (C, H, W) without a batch, (1, H, W, C) here       Axes((3, 1, 2), 4)
        (N,) of another tool, (N, 1) here                  Axes((0,), 2)

    `rank` is the number of our axes; those that are nobody's place have size 1.

    >>> Axes((0, 3, 1, 2), 4).ours(np.zeros((2, 3, 4, 5))).shape
    (2, 4, 5, 3)
    >>> image = Axes((3, 1, 2), 4)
    >>> image.ours(np.zeros((3, 4, 5))).shape, image.theirs(np.zeros((1, 4, 5, 3))).shape
    ((1, 4, 5, 3), (3, 4, 5))
    """

    places: tuple[int | None, ...]
    rank: int

    @property
    def kept(self) -> list[int]:
        """Axes of ours, in the order of the foreign array."""
        return [place for place in self.places if place is not None]

    def ours(self, array: Array) -> Array:
        """A foreign array in our order."""
        array = np.asarray(array)
        sizes = [n for n, place in zip(array.shape, self.places, strict=True) if place is not None]
        turned = array.reshape(sizes).transpose(np.argsort(self.kept))
        return np.array(np.expand_dims(turned, self._absent), order="C")

    def theirs(self, array: Array) -> Array:
        """An array of ours in the foreign order."""
        array = np.asarray(array)
        turned = array.reshape([n for i, n in enumerate(array.shape) if i not in self._absent])
        turned = turned.transpose(np.argsort(np.argsort(self.kept)))
        sizes = iter(turned.shape)
        return np.array(turned.reshape([1 if place is None else next(sizes) for place in self.places]), order="C")

    @property
    def _absent(self) -> tuple[int, ...]:
        """Axes of ours that the foreign array does not have."""
        return tuple(i for i in range(self.rank) if i not in self.kept)


@dataclass(frozen=True)
class Imported:
    """A network that was read from another tool's file.

    `states` has an array for each state of the graph that the file has values for (all of them, or none where only the
    structure is known). `inputs` and `outputs` say, by name, how arrays in the order of the file become ours.
    `notes` are sentences on what was settled on the way, for the user to read.
    """

    graph: Graph
    states: Mapping[str, Array] = field(default_factory=dict)
    inputs: Mapping[str, Axes] = field(default_factory=dict)
    outputs: Mapping[str, Axes] = field(default_factory=dict)
    notes: Sequence[str] = ()
