"""Steps of optimizers, also straight over the states that they replace."""

from __future__ import annotations

import numpy as np
import pytest
from kernels.contract import check_kernel, error_of, forward_task, values_of

from cnngraph.ir.op import Op
from cnngraph.ir.types import TensorType
from cnngraph.kernels.kernel import Kernel
from cnngraph.kernels.optimizer import AdamStep, ClipNormInPlace, SgdStep
from cnngraph.ops.adam import Adam
from cnngraph.ops.adamw import AdamW
from cnngraph.ops.clip_norm import ClipNorm
from cnngraph.ops.sgd import RATE, Sgd


class OverTheWeight(SgdStep):
    """The contract test takes each index of `in_place`; not every form has all the states."""

    in_place = (0,)


class AdamOverTheWeight(AdamStep):
    in_place = (0, 3, 4)


LARGE = (TensorType((70, 1001)), TensorType((70, 1001)), RATE)
SGDS = (Sgd(), Sgd(0.1, 0.9), Sgd(0.1, weight_decay=0.1), Sgd(0.1, 0.5, nesterov=True, weight_decay=0.01))
ADAMS = (Adam(), Adam(0.1, 0.5, 0.75, 1e-3, 0.01), Adam(amsgrad=True), AdamW(0.1), AdamW(amsgrad=True))


STEPS = [*((OverTheWeight(), op) for op in SGDS), *((AdamOverTheWeight(), op) for op in ADAMS)]


@pytest.mark.parametrize(("kernel", "op"), STEPS, ids=[str(op) for _, op in STEPS])
def test_steps(kernel: Kernel, op: Op) -> None:
    for types in (op.samples()[0].inputs, LARGE):
        check_kernel(kernel, forward_task(op, *types), domain=(0.1, 1.0))


@pytest.mark.parametrize(("kernel", "op"), STEPS, ids=[str(op) for _, op in STEPS])
def test_all_states_at_once(kernel: Kernel, op: Op) -> None:
    task = forward_task(op, *LARGE)
    values = values_of(task, (0.1, 1.0))
    wanted = op.apply(values)
    states = [values[0], *values[3:]]  # the next weight, then the next state of each
    work = [np.empty(t.concrete, t.dtype) for t in kernel.workspace(task)]
    kernel.bind(task, values, states, work, [])()
    assert all(error_of(y, y_wanted) < 1e-5 for y, y_wanted in zip(states, wanted, strict=True))


def test_a_gradient_that_is_too_long() -> None:
    for sample in ClipNorm.samples():
        check_kernel(ClipNormInPlace(), forward_task(sample.op, *sample.inputs), domain=(0.1, 3.0))
    large = forward_task(ClipNorm(0.5), TensorType((70, 1001)), TensorType((), "float64"))
    check_kernel(ClipNormInPlace(), large, domain=(0.1, 3.0))
