"""Which kernel is chosen: by the model, by measurement, by the memory it takes."""

from __future__ import annotations

from cnngraph.ir.types import TensorType
from cnngraph.ir.window import Window
from cnngraph.kernels import kernels_for
from cnngraph.kernels.kernel import PLAIN, Task
from cnngraph.ops.conv import Conv
from cnngraph.ops.reverse_gradient import ReverseGradient
from cnngraph.plan.choice import Choice, extra_bytes

TYPES = tuple(TensorType(shape) for shape in ((2, 28, 28, 64), (3, 3, 64, 64), (64,), (2, 28, 28, 64)))
TASK = Task(Conv(64, Window((3, 3)), pad="same"), TYPES[:3], TYPES[3:])
ALONE = Task(ReverseGradient(), TYPES[:1], TYPES[:1])


def test_the_model_chooses() -> None:
    choice = Choice()
    expected = min(kernels_for(TASK), key=lambda kernel: kernel.seconds(TASK, choice.machine))
    assert choice.kernel(TASK) is expected
    assert choice.seconds(TASK) == expected.seconds(TASK, choice.machine)
    assert set(choice.asked) == {TASK}


def test_a_measurement_chooses_among_what_is_allowed() -> None:
    exact, other = (next(k for k in kernels_for(TASK) if k.approximate is kind) for kind in (False, True))
    assert Choice(measured={TASK: exact.name}).kernel(TASK) is exact
    assert Choice(measured={TASK: other.name}).kernel(TASK) is other
    assert not Choice(exact=True, measured={TASK: other.name}).kernel(TASK).approximate


def test_kernels_within_a_limit_of_memory() -> None:
    sizes = sorted(extra_bytes(kernel, TASK) for kernel in kernels_for(TASK) if kernel is not PLAIN)
    assert sizes[0] < sizes[-1]
    for limit in (0, sizes[0], sizes[1], sizes[-1]):
        chosen = Choice(most_bytes=limit).kernel(TASK)
        assert chosen is not PLAIN
        assert extra_bytes(chosen, TASK) <= max(limit, sizes[0])


def test_an_operator_without_kernels_of_its_own() -> None:
    assert Choice(most_bytes=0).kernel(ALONE) is PLAIN
