"""The weights of several products as those of one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Op, Sample, total_bytes
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class JoinLayers(Op):
    """One weight, and one bias, that give the features of several products of one input side by side.

    The inputs are the weight of the first, its bias if it has one, the weight of the second, and so on.

    shapes: (..., k0), [(k0,)], (..., k1), ... -> (..., k0 + k1 + ...), and (k0 + k1 + ...,) if any has a bias; the
            others then have zeros.
    fields: biased (for each product, whether it has a bias).
    cost:   no flops, everything read and written once.
    source: Szegedy et al., CVPR 2015, section 5 (the reductions of a module are products of one input).

    >>> JoinLayers((True, False)).forward(np.array([[1.0]]), np.array([5.0]), np.array([[2.0, 3.0]]))
    (array([[1., 2., 3.]]), array([5., 0., 0.]))
    """

    biased: tuple[bool, ...]

    name: ClassVar[str] = "join_layers"
    variadic: ClassVar[bool] = True
    internal: ClassVar[bool] = True

    @property
    def outputs(self) -> tuple[str, ...]:
        return ("weight", "bias") if any(self.biased) else ("weight",)

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        places = list(self._places())
        assert len(inputs) == len(self.biased) + sum(self.biased), "a weight for each, and some biases"
        weights = [inputs[weight] for weight, _ in places]
        assert len({w.shape[:-1] for w in weights}) == 1, "weights of one geometry"
        features = sum(w.shape[-1] for w in weights)
        weight = TensorType((*weights[0].shape[:-1], features), weights[0].dtype)
        return (weight, TensorType((features,), weight.dtype))[: len(self.outputs)]

    def forward(self, *inputs: Array) -> tuple[Array, ...]:
        weights = [inputs[weight] for weight, _ in self._places()]
        joined = np.concatenate(weights, axis=-1)
        if not any(self.biased):
            return (joined,)
        zeros = (np.zeros(w.shape[-1], w.dtype) for w in weights)
        biases = [z if bias is None else inputs[bias] for z, (_, bias) in zip(zeros, self._places(), strict=True)]
        return joined, np.concatenate(biases)

    def _places(self) -> Iterator[tuple[int, int | None]]:
        """For each product: where its weight stands among the inputs, and its bias."""
        place = 0
        for biased in self.biased:
            yield place, place + 1 if biased else None
            place += 1 + biased

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(0, total_bytes(inputs) + total_bytes(outputs))

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        two, three = TensorType((3, 5, 2)), TensorType((3, 5, 3))
        return (
            Sample(cls((True, False)), (two, TensorType((2,)), three)),
            Sample(cls((False, False)), (three, two)),
        )
