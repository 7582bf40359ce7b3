"""Dropout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import (
    Array,
    Cost,
    Onnx,
    Op,
    OpError,
    Sample,
    Saved,
    Shape,
    Weight,
    channels_of,
    internal_field,
    refuse_ids,
    rng,
    total_bytes,
)
from cnngraph.ir.types import TensorType

RANDOM = TensorType((2,), "int64")  # (key, step)


@dataclass(frozen=True)
class Dropout(Op):
    """Dropout: while training each element, or each whole channel, is 0 with probability `rate`; otherwise y = x.

        y = x * mask / (1 - rate),    mask = 1 where a uniform number of [0, 1) is not below rate, else 0

    shapes: any -> the same; while training also the mask (as x) and the next state.
    fields: rate (probability, 0 <= rate < 1); channels (true: a channel of a sample is dropped at all its positions).
    errors: E0108 rate; E0204 ids, or no channels to drop.
    cost:   none; while training four flops for each element.
    source: Srivastava et al., JMLR 15, 2014, in its inverted form (section 10); Tompson et al.: Efficient object
            localization using convolutional networks, CVPR 2015, section 3.2 (channels); ONNX Dropout-22.

    The state `random` is (key, step), and a run makes it (key, step + 1). The numbers depend on these two alone, not on
    what else was drawn, nor on the dtype of x.

    >>> Dropout(0.5).for_training().forward(np.ones((1, 6)), np.array([7, 0]))[0]
    array([[0., 2., 2., 0., 0., 0.]])
    """

    rate: float = 0.5
    channels: bool = False
    training: bool = internal_field(False)

    name: ClassVar[str] = "dropout"
    weights: ClassVar[tuple[str, ...]] = ("random",)
    updates: ClassVar[Mapping[str, int]] = {"random": 2}

    @property
    def outputs(self) -> tuple[str, ...]:
        return ("y", "mask", "next_random") if self.training else ("y",)

    @property
    def saves(self) -> Mapping[str, tuple[str, ...]]:
        return {"x": ("mask",) if self.training else ()}

    @property
    def changes_state(self) -> bool:
        return self.training

    @property
    def samplewise(self) -> bool:
        return not self.training  # training draws by the place in the batch

    def for_training(self) -> Dropout:
        return replace(self, training=True)

    def infer(self, x: TensorType) -> TensorType | tuple[TensorType, ...]:
        refuse_ids(self.name, x)
        if self.channels:
            channels_of(self.name, x)
        if not 0 <= self.rate < 1:
            raise OpError("E0108", f"the rate of dropout must be at least 0 and below 1, not {self.rate}")
        return (x, x, RANDOM) if self.training else x

    def weight_types(self, x: TensorType) -> Mapping[str, Weight]:
        return {"random": Weight(RANDOM, "key", trainable=False)} if self.training else {}

    def forward(self, x: Array, random: Array | None = None) -> Array | tuple[Array, ...]:
        if random is None:
            return x
        key, step = map(int, random)
        drawn = (len(x), *(1,) * (x.ndim - 2), x.shape[-1]) if self.channels else x.shape
        kept = rng(key, step).random(drawn, np.float32) >= self.rate
        mask = np.broadcast_to(np.asarray(kept, x.dtype), x.shape)
        return x * mask / (1 - self.rate), mask, np.array([key, step + 1])

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        return dy * saved["mask"] / (1 - self.rate) if self.training else dy

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        flops = 4 * outputs[0].elements if self.training else 0
        return Cost(flops, total_bytes(inputs) + total_bytes(outputs))

    def onnx(self) -> Onnx | None:
        return None if self.training else Onnx("Dropout", 22)

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (
            Sample(cls(), (TensorType.of(3, (4, 5)),)),
            Sample(cls(0.25).for_training(), (TensorType.of(3, (4, 5)),)),
            Sample(cls(0.5).for_training(), (TensorType.of(7),), batch=3),
            Sample(cls(0.5, channels=True), (TensorType.of(3, (4, 5)),)),
        )
