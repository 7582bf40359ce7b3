"""Limits for gradients, between the gradients and the optimizers of a training step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from cnngraph.ir.builder import Builder
from cnngraph.ir.graph import Node, Ref
from cnngraph.ir.op import Op
from cnngraph.ops.clip import Clip
from cnngraph.ops.clip_norm import ClipNorm
from cnngraph.ops.joint_norm import JointNorm
from cnngraph.ops.square_sum import SquareSum

GRADIENT_NORM = "gradient_norm"
"""The node of a step that holds the length of all its gradients, where this limits them."""


class Clipping(Protocol):
    """A rule that makes other gradients of gradients."""

    def clipped(self, builder: Builder, gradients: Mapping[str, Ref]) -> dict[str, Ref]:
        """Add the nodes; the clipped gradient by each state."""
        ...


@dataclass(frozen=True)
class ByNorm:
    """All gradients together are one vector; where it is longer than `limit`, it gets that length.

    The squares of each gradient are summed up on its own device, and the sums are added in the order of the states.

    source: Pascanu et al.: On the difficulty of training recurrent neural networks, ICML 2013, algorithm 1.
    """

    limit: float

    def __post_init__(self) -> None:
        _require_positive(self.limit)

    def clipped(self, builder: Builder, gradients: Mapping[str, Ref]) -> dict[str, Ref]:
        sums = [_beside(builder, name, "squares", SquareSum(), g) for name, g in gradients.items()]
        norm = builder.add(builder.fresh(GRADIENT_NORM), JointNorm(), sums).ref
        return {n: _beside(builder, n, "clipped", ClipNorm(self.limit), g, norm) for n, g in gradients.items()}


@dataclass(frozen=True)
class ByValue:
    """Each number of each gradient stays between -limit and limit."""

    limit: float

    def __post_init__(self) -> None:
        _require_positive(self.limit)

    def clipped(self, builder: Builder, gradients: Mapping[str, Ref]) -> dict[str, Ref]:
        clip = Clip(-self.limit, self.limit)
        return {name: _beside(builder, name, "clipped", clip, gradient) for name, gradient in gradients.items()}


def _beside(builder: Builder, name: str, what: str, op: Op, *inputs: Ref) -> Ref:
    """A node `update.<name>.<what>` where the state `name` stands."""
    state: Node = builder.nodes[name]
    place = state.colocated or state.name
    added = builder.add(
        f"update.{name}.{what}", op, inputs, origin=state.origin, device=state.device, colocated=place
    )
    return added.ref


def _require_positive(limit: float) -> None:
    if not limit > 0:
        raise ValueError(f"limit is above 0, not {limit}")
