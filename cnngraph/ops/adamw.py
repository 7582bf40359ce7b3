"""Adam with decoupled weight decay, as an operator on one weight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array
from cnngraph.ops.adam import Adam


@dataclass(frozen=True)
class AdamW(Adam):
    """One step of Adam on one weight that first shrinks by itself, so that no moment sees the decay.

        weight' = adam(weight * (1 - lr * rate * weight_decay), gradient, rate), and adam without a decay of its own

    shapes: weight any, gradient the same, rate scalar -> weight', first', second', t, and largest' if amsgrad.
    fields: lr, beta1, beta2, epsilon and amsgrad as in adam; weight_decay (>= 0) is a fraction of the weight for each
            unit of the rate.
    errors: E0108 a field outside its range; E0204 a gradient or rate of another type.
    cost:   that of adam.
    source: Loshchilov, Hutter: Decoupled weight decay regularization, ICLR 2019, algorithm 2, with the learning rate
            as a factor of the decay, as in torch.optim.AdamW.

    >>> weight, zero = np.array([1.0]), np.array([0.0])
    >>> step = AdamW(lr=0.5, weight_decay=0.1).forward(weight, zero, np.array(1.0), zero, zero, np.array(0.0))
    >>> step[0], step[1]
    (array([0.95]), array([0.]))
    """

    weight_decay: float = 0.01

    name: ClassVar[str] = "adamw"

    def forward(self, weight: Array, gradient: Array, rate: Array, *states: Array) -> tuple[Array, ...]:
        kept = 1 - self.lr * float(rate) * self.weight_decay
        return self.moved(np.asarray(weight * kept), gradient, float(rate), *states)
