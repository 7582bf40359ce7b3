"""Steps of training: R (rate), T (steps so far), then the weights, their gradients, and what the optimizer remembers.

`R` and `T` have to be known: in our optimizers they are an argument and a state of their own. What an optimizer
remembers is an operand here, and the next value of it a further result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from cnngraph.interop.onnx.reading.call import Call
from cnngraph.interop.onnx.reading.meaning.norms import short
from cnngraph.interop.onnx.reading.reading import Refused
from cnngraph.interop.onnx.reading.tables import Meaning
from cnngraph.interop.onnx.reading.values import Tensor
from cnngraph.ir.graph import Ref
from cnngraph.ir.leaves import State
from cnngraph.ir.op import Op, OpError
from cnngraph.ops.adagrad import Adagrad
from cnngraph.ops.adam import Adam
from cnngraph.ops.constant import Constant
from cnngraph.ops.scale import Scale
from cnngraph.ops.sgd import Sgd


@dataclass(frozen=True)
class Step:
    """One weight: all that its optimizer reads."""

    weight: Tensor
    gradient: Tensor
    remembered: Sequence[Tensor]


def adagrad(call: Call) -> tuple[Tensor, ...]:
    op = Adagrad(_rate(call) / (1 + _steps(call) * call["decay_factor"]), epsilon=short(call["epsilon"]),
                 weight_decay=short(call["norm_coefficient"]))  # fmt: skip
    return _all(call, 1, lambda step: _moved(call, op, step))


def adam(call: Call) -> tuple[Tensor, ...]:
    """Ours with its epsilon inside the corrections; before the first step ONNX makes none."""
    steps, beta1, beta2 = _steps(call), short(call["alpha"]), short(call["beta"])
    corrected = sqrt(1 - beta2 ** max(steps, 1))
    rate = _rate(call) * (1.0 if steps > 0 else (1 - beta1) / corrected)
    op = Adam(rate, beta1, beta2, short(call["epsilon"]) / corrected, short(call["norm_coefficient"]))
    kept = 1 - short(call["norm_coefficient_post"])

    def moved(step: Step) -> list[Tensor]:
        first, *others = _moved(call, op, step, max(steps, 1) - 1)
        after = first if kept == 1 else call.keep(first, call.apply(Scale(kept), [first.ref], beside=True))
        return [after, *others]

    return _all(call, 2, moved)


def momentum(call: Call) -> tuple[Tensor, ...]:
    """The first step takes all of the gradient, the others `beta` of it."""
    beta = short(call["beta"]) if _steps(call) > 0 else 1.0
    nesterov = call["mode"] == "nesterov"
    call.need(beta == 1 or not nesterov, "a part of the gradient in a step that looks ahead")
    op = Sgd(_rate(call), short(call["alpha"]), nesterov, beta * short(call["norm_coefficient"]))

    def moved(step: Step) -> list[Tensor]:
        gradient = step.gradient
        if beta != 1:
            gradient = call.keep(gradient, call.apply(Scale(beta), [gradient.ref], beside=True))
        return _moved(call, op, Step(step.weight, gradient, step.remembered))

    return _all(call, 1, moved)


def _rate(call: Call) -> float:
    return short(call.number(0, 1, "the rate"))


def _steps(call: Call) -> int:
    return int(call.number(1, 0, "the count of steps"))


def _all(call: Call, remembered: int, moved: Callable[[Step], list[Tensor]]) -> tuple[Tensor, ...]:
    """First all next weights, then all that is remembered of the first kind, and of the second."""
    count, rest = divmod(len(call.inputs) - 2, 2 + remembered)
    call.need(count and not rest, f"it has {len(call.inputs)} inputs")
    rows = [[call.tensor(2 + kind * count + i) for i in range(count)] for kind in range(2 + remembered)]
    results = [moved(Step(weight, gradient, kept)) for weight, gradient, *kept in zip(*rows, strict=True)]
    return tuple(result[kind] for kind in range(1 + remembered) for result in results)


def _moved(call: Call, op: Op, step: Step, count: int | None = None) -> list[Tensor]:
    """The next weight, and what is remembered next."""
    x = step.weight
    call.need(all(t.layout == x.layout for t in (step.gradient, *step.remembered)), "values laid out in another way")
    states = [t.ref for t in step.remembered]
    builder = call.reading.builder
    rate = builder.add(call.reading.beside(call.path, "rate"), Constant(1.0))
    try:
        if count is not None:
            types = op.weight_types(*(call.type_of(ref) for ref in (x.ref, step.gradient.ref, rate.ref)))
            kind = types["step"]
            state = State(kind.type, kind.initial, kind.trainable)
            name = builder.add(call.reading.beside(call.path, "step"), state).name
            call.reading.arrays[name] = np.asarray(count, kind.type.dtype)
            states.append(Ref(name))
        name = call.reading.fresh(call.path)
        builder.add(name, op, [x.ref, step.gradient.ref, rate.ref, *states])
    except OpError as refused:
        raise Refused(refused.message, *refused.helps) from refused
    return [Tensor(Ref(name, i), x.layout) for i in range(1 + len(step.remembered))]


DOMAIN = "ai.onnx.preview.training"
MEANINGS: Mapping[str, Meaning] = {
    f"{DOMAIN}.Adagrad": adagrad,
    f"{DOMAIN}.Adam": adam,
    f"{DOMAIN}.Momentum": momentum,
}
