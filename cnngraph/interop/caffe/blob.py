"""A value of the network while a prototxt is read: one of our nodes, seen with the axes that Caffe gives it."""

from __future__ import annotations

from dataclasses import dataclass

from cnngraph.interop.assembly import Refusal
from cnngraph.interop.channels_first import image_axes
from cnngraph.interop.imported import Axes
from cnngraph.ir.graph import Ref
from cnngraph.ir.size import number
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class Blob:
    """A result of ours, its type, and which of its axes each axis of Caffe is; the first is the batch.

        (N, C, H, W) there, (N, H, W, C) here           an image
        (N, C, 1, 1) or (N, C) there, (N, C) here       a vector
        (N, C * H * W) there, (N, H * W * C) here       `flattened`, the image that it was: the same numbers, but in
                                                        another order, which only few layers ask for
    """

    ref: Ref
    type: TensorType
    axes: Axes
    flattened: Blob | None = None

    @property
    def sizes(self) -> tuple[int, ...]:
        """What Caffe takes for the sizes of a sample: (C, H, W)."""
        return tuple(1 if place is None else number(self.type.shape[place]) for place in self.axes.places[1:])

    @property
    def is_image(self) -> bool:
        """Whether this has positions, and the channels are where Caffe looks for them."""
        return bool(self.type.positions) and self.axes == image_axes(len(self.type.positions))

    def axis(self, index: int) -> int:
        """An axis of Caffe, which may be counted from the end, as a place among all. Raises Refusal."""
        rank = len(self.axes.places)
        if not -rank <= index < rank:
            raise Refusal(f"there is no axis {index} in a blob of {rank} axes")
        return index % rank

    def require_channels(self, index: int, what: str) -> None:
        """Raise Refusal unless that axis of Caffe holds our channels."""
        if self.axes.places[self.axis(index)] != self.axes.rank - 1:
            raise Refusal(f"{what} along axis {index}, which does not hold the channels")


def type_of(sizes: tuple[int, ...]) -> TensorType:
    """The type of (C, H, W) of Caffe."""
    return TensorType.of(sizes[0], sizes[1:])
