"""What is looked at in a net: a class, a channel of a layer, or one of its units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from cnngraph.data.class_names import class_name
from cnngraph.diagnostics import error
from cnngraph.examine.layers import image_of, layer_of, score_of
from cnngraph.ir.op import Array, Shape
from cnngraph.net import Net
from cnngraph.passes.pipeline import INFERENCE, run
from cnngraph.spelling import did_you_mean

DIGITS = 9  # of a number of a class


@dataclass(frozen=True)
class Target:
    """Feature `channel` of node `layer`: at one position, or its mean over all of them where that is None."""

    layer: str
    channel: int
    position: tuple[int, ...] | None = None
    name: str = ""

    @property
    def short(self) -> str:
        """A word for it where the layer is known: the class, or the number of the channel."""
        return self.name if self.name.startswith("class ") else str(self.channel)

    def weights(self, shape: Shape) -> Array:
        """The weight of each value of the layer, (1, positions..., C), for values of `shape`. Raises E0705."""
        if not 0 <= self.channel < shape[-1]:
            raise error("E0705", f"{self.layer} has no channel {self.channel}", f"it has {shape[-1]}, counted from 0")
        weights = np.zeros((1, *shape[1:]), np.float32)
        places = tuple(range(n) for n in shape[1:-1])
        if self.position is None:
            weights[..., self.channel] = 1 / prod(shape[1:-1])
            return weights
        if len(self.position) != len(places) or any(p not in n for p, n in zip(self.position, places, strict=True)):
            raise error("E0705", f"{self.layer} has no position {self.position}", f"its positions are {shape[1:-1]}")
        weights[0, *self.position, self.channel] = 1
        return weights

    def of(self, values: Array) -> Array:
        """The target in values (N, positions..., C) of its layer: (N,)."""
        found: Array = (values * self.weights(values.shape)).reshape(len(values), -1).sum(axis=1)
        return found


def class_target(
    net: Net, which: int | str, class_names: Sequence[str] = (), output: str | None = None
) -> Target:
    """The score of a class, by its number or name, before softmax. Raises E0101 for an unknown name, E0705."""
    graph = run(net.graph, INFERENCE)
    _, node = score_of(graph, output)
    number = class_number(which, class_names)
    if isinstance(node.type.channels, int) and not 0 <= number < node.type.channels:
        raise error("E0705", f"there is no class {number}", f"{node.name} has {node.type.channels}, counted from 0")
    return Target(node.name, number, name=f"class {class_name(class_names, number)}")


def class_number(which: int | str, class_names: Sequence[str]) -> int:
    """The number of a class; a name that is none may be a number itself. Raises E0101.

    >>> class_number("dog", ("cat", "dog")), class_number("7", ())
    (1, 7)
    """
    if isinstance(which, int):
        return which
    if which in class_names:
        return list(class_names).index(which)
    if which.isdecimal() and len(which) <= DIGITS:
        return int(which)
    known = f"the classes are {', '.join(class_names[:20])}" if class_names else "give its number"
    raise error("E0101", f"there is no class `{which}`", did_you_mean(which, class_names, known))


def unit_target(net: Net, layer: str, channel: int, position: Sequence[int] | None = None) -> Target:
    """A channel of a layer, or its unit at `position`. Raises E0101."""
    name = layer_of(run(net.graph, INFERENCE), layer).name
    place = f" at {','.join(map(str, position))}" if position is not None else ""
    return Target(name, channel, None if position is None else tuple(position), f"{layer} {channel}{place}")


def most_likely(net: Net, image: Array, output: str | None = None) -> int:
    """The class that the net takes an image (H, W, C) for."""
    graph = run(net.graph, INFERENCE)
    name, node = score_of(graph, output)
    values: Array = net(fetch=[name], **{image_of(graph, node.name).name: image[None]})
    return int(values[0].argmax())
