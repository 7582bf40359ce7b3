"""The two operators of diffusion: a time as waves, and a value on its way to noise."""

from __future__ import annotations

import numpy as np
import pytest

from cnngraph.ir.op import OpError, rng
from cnngraph.ir.types import TensorType
from cnngraph.ops.diffuse import Diffuse
from cnngraph.ops.sinusoid import Sinusoid

GRID, TIME = TensorType.of(4, (3, 5)), TensorType.ids(1000)


def test_the_waves_are_those_of_the_paper_with_the_sines_first() -> None:
    times, features = np.array([0, 1, 37, 999]), 8
    y = Sinusoid(features).forward(times)
    for place, time in enumerate(times):
        for i in range(features // 2):
            angle = time / 10_000 ** (2 * i / features)
            assert y[place, i] == pytest.approx(np.sin(angle), abs=1e-6)
            assert y[place, features // 2 + i] == pytest.approx(np.cos(angle), abs=1e-6)


def test_no_two_times_look_the_same() -> None:
    y = Sinusoid(32).forward(np.arange(250))
    distances = np.linalg.norm(y[:, None] - y[None], axis=-1) + 9 * np.eye(250)
    assert distances.min() > 0.1


def test_all_steps_at_once_are_the_steps_one_by_one() -> None:
    """The variance that is left, and the sum of all noise, after t + 1 steps x <- sqrt(1 - b) x + sqrt(b) noise."""
    op, kept, mixed = Diffuse(0.01, 0.3, 12), 1.0, 0.0
    for time, beta in enumerate(np.linspace(0.01, 0.3, 12)):
        kept, mixed = (1 - beta) * kept, (1 - beta) * mixed + beta
        one = np.ones((1, 1))
        assert op.forward(one, 0 * one, np.array([time])) ** 2 == pytest.approx(kept)
        assert op.forward(0 * one, one, np.array([time])) ** 2 == pytest.approx(mixed)


def test_the_first_step_leaves_almost_all_and_the_last_almost_nothing() -> None:
    signal = Diffuse().signal()
    assert signal[0] == pytest.approx(1 - 1e-4)
    assert signal[-1] < 1e-4
    assert (np.diff(signal) < 0).all()


def test_the_variance_stays_one() -> None:
    numbers = rng(5)
    x, noise = numbers.normal(size=(2000, 4)), numbers.normal(size=(2000, 4))
    for time in (0, 300, 999):
        assert Diffuse().forward(x, noise, np.full(2000, time)).std() == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize(
    ("op", "inputs", "code", "said"),
    [
        (Sinusoid(7), (TIME,), "E0108", "the features of sinusoid must be even and 2 or more, not 7"),
        (Sinusoid(8, -1.0), (TIME,), "E0108", "the period of sinusoid must be above 0, not -1.0"),
        (Sinusoid(8), (GRID,), "E0204", "sinusoid needs whole numbers, but receives 4@3x5"),
        (
            Diffuse(0.5, 0.1), (GRID, GRID, TIME), "E0108",
            "diffuse replaces parts between 0 and 1, growing: not 0.5 to 0.1",
        ),
        (
            Diffuse(), (GRID, TensorType.of(4, (5, 3)), TIME), "E0301",
            "diffuse mixes 4@3x5 with noise 4@5x3: their positions differ",
        ),
        (
            Diffuse(), (GRID, TensorType.of(3, (3, 5)), TIME), "E0302",
            "diffuse mixes 4@3x5 with noise 3@3x5: their channels differ",
        ),
        (Diffuse(steps=50), (GRID, GRID, TIME), "E0204", "diffuse knows 50 times, but receives ids(1000)"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(
    op: Sinusoid | Diffuse, inputs: tuple[TensorType, ...], code: str, said: str
) -> None:
    with pytest.raises(OpError) as caught:
        op.output_types(inputs)
    assert (caught.value.code, caught.value.message) == (code, said)
