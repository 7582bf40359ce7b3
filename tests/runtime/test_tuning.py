"""Kernels by measurement: the fastest is taken, and remembered by the next process."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cnngraph.ir.types import TensorType
from cnngraph.ir.window import Window
from cnngraph.kernels.kernel import PLAIN, Kernel, Task
from cnngraph.net import loads
from cnngraph.ops.conv import Conv
from cnngraph.plan.choice import Choice
from cnngraph.plan.steps import Run
from cnngraph.runtime import tuning
from cnngraph.runtime.measured import cache_file, machine_text, remember, task_text
from cnngraph.runtime.settings import Settings
from cnngraph.runtime.tuning import hopeful, measure, tuned

TYPES = tuple(TensorType(shape) for shape in ((2, 28, 28, 32), (3, 3, 32, 32), (32,), (2, 28, 28, 32)))
TASK = Task(Conv(32, Window((3, 3)), pad="same"), TYPES[:3], TYPES[3:])


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CNNGRAPH_CACHE", str(tmp_path))


def slowest_first(kernel: Kernel, task: Task) -> float:
    """A measurement that is the contrary of what the model expects."""
    return 1 / Choice().machine.call_seconds - kernel.seconds(task, Choice().machine)


def test_the_fastest_by_measurement_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "measure", slowest_first)
    choice = Choice()
    kernels = hopeful(choice, TASK)
    assert len(kernels) > 1
    assert PLAIN not in kernels
    expected = max(kernels, key=lambda kernel: kernel.seconds(TASK, choice.machine))
    found = tuned(choice, [TASK, TASK])
    assert found == {TASK: expected.name}
    assert Choice(measured=found).kernel(TASK).name == expected.name != choice.kernel(TASK).name


def test_the_next_process_measures_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    def counted(kernel: Kernel, task: Task) -> float:
        calls.append(kernel.name)
        return float(len(calls))

    monkeypatch.setattr(tuning, "measure", counted)
    first = tuned(Choice(), [TASK])
    count = len(calls)
    assert count > 1
    assert tuned(Choice(), [TASK]) == first
    assert len(calls) == count
    cache_file().write_text("damaged")
    with pytest.warns(UserWarning, match="measured anew"):
        tuned(Choice(), [TASK])
    assert len(calls) == 2 * count


def test_another_kernel_is_measured_beside_those_that_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [kernel.name for kernel in hopeful(Choice(), TASK)]
    remember(cache_file(), machine_text(), {task_text(TASK): dict.fromkeys(names[1:], 1.0)})
    monkeypatch.setattr(tuning, "measure", lambda kernel, task: 0.5)
    assert tuned(Choice(), [TASK]) == {TASK: names[0]}


def test_exact_kernels_only() -> None:
    assert any(kernel.approximate for kernel in hopeful(Choice(), TASK))
    assert not any(kernel.approximate for kernel in hopeful(Choice(exact=True), TASK))


def test_a_measurement_takes_time() -> None:
    assert 0 < measure(Choice().kernel(TASK), TASK) < 1


def test_a_tuned_net_gives_the_same_but_for_rounding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "measure", slowest_first)
    text = "net n(image: 3@32x32) = conv(32, 3x3, same) -> relu -> conv(32, 3x3, same) -> relu -> globalavgpool"
    plain, other = loads(text), loads(text)
    other.settings = Settings(tune=True)
    x = np.random.default_rng(0).standard_normal((4, 32, 32, 3)).astype(np.float32)
    np.testing.assert_allclose(other(x), plain(x), rtol=1e-4, atol=1e-5)
    kernels = []
    for net in (plain, other):
        steps = net.runner().executor({"image": x}).plan.steps["host"]
        kernels.append({step.kernel.name for step in steps if isinstance(step, Run)})
    assert kernels[0] != kernels[1]


