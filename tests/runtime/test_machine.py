"""Measuring this machine, by a clock that says for itself how long everything takes."""

from __future__ import annotations

import threading

import pytest

from cnngraph.ops.tanh import Tanh
from cnngraph.partition.kind import KINDS, kind_of
from cnngraph.runtime import machine
from cnngraph.runtime.machine import (
    Speed,
    available_bytes,
    lower_quartile,
    measured_machine,
    message_seconds,
    seconds_at_once,
)
from cnngraph.runtime.probes import probes, small_tasks


class Ticks:
    """A clock of each thread's own: everything between two looks at it takes a millisecond."""

    def __init__(self) -> None:
        self.of_thread = threading.local()

    def __call__(self) -> float:
        self.of_thread.seconds = getattr(self.of_thread, "seconds", 0.0) + 1e-3
        return float(self.of_thread.seconds)


def test_probes_are_of_their_kinds() -> None:
    found = probes()
    assert set(found) == set(KINDS) - {"move", "view"}
    for kind, tasks in found.items():
        assert {kind_of(task.op, task.inputs, task.outputs) for task in tasks} == {kind}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Little of everything."""
    values: dict[str, object] = {"PRODUCTS": (8,), "COPIES": (2**10, 2**11), "COLD_BYTES": 1}
    for name, value in {**values, "TRIAL_SECONDS": 0.0, "BURST": 2}.items():
        monkeypatch.setattr(machine, name, value)
    tanh = next(task for task in small_tasks() if isinstance(task.op, Tanh))
    monkeypatch.setattr(machine, "probes", lambda: {"pointwise": (tanh,) * 3})
    monkeypatch.setattr(machine, "small_tasks", lambda: (tanh,))


def test_a_cluster_of_this_machine(small: None) -> None:
    found = measured_machine(2, Ticks())
    speeds = {speed.name: speed for speed in found.speeds}
    assert speeds["product 8 x 8"].alone == speeds["product 8 x 8"].together == pytest.approx(2 * 8**3 / 1e-3)
    assert speeds["copy 1.02 kB"].together == pytest.approx(2 * 2**10 / 1e-3)
    assert speeds["operator on a small tile"].together == pytest.approx(5e-4), "a burst of two"
    assert [device.name for device in found.cluster.devices] == ["cpu0", "cpu1"]
    device = found.cluster.devices[0]
    assert device.flops_per_second == pytest.approx(1.02e6)
    assert device.bytes_per_second == pytest.approx(3.07e6), "all copies together: 6 KiB in 2 ms"
    assert device.launch_seconds == pytest.approx(5e-4)
    flops = 2 * 28 * 28 * 6  # of a tanh: one for each element
    assert device.flops_by_kind["pointwise"] == pytest.approx(flops / 5e-4, rel=0.01), "without its launch"
    assert found.cluster.default_link.latency_seconds == pytest.approx(5e-4), "half of a round"


def test_the_best_of_several_passes() -> None:
    rates = [Speed("a", "bytes_per_second", 2.0, 5.0), Speed("a", "bytes_per_second", 3.0, 4.0)]
    assert machine._best(rates) == Speed("a", "bytes_per_second", 3.0, 5.0)
    times = [Speed("a", "seconds", 2.0, 5.0), Speed("a", "seconds", 3.0, 4.0)]
    assert machine._best(times) == Speed("a", "seconds", 2.0, 4.0)


def test_all_workers_at_the_same_time() -> None:
    together: list[int] = []
    meeting = threading.Barrier(3, timeout=20)
    times = seconds_at_once([[lambda: together.append(meeting.wait())]] * 3, Ticks())
    assert times == [pytest.approx(1e-3)]
    assert len(together) % 3 == 0, "nobody called it without the others"


def test_a_failure_of_one_worker_ends_all() -> None:
    def fail() -> None:
        raise ValueError("broken")

    with pytest.raises((ValueError, threading.BrokenBarrierError)):
        seconds_at_once([[fail], [lambda: None]], Ticks())


def test_messages_there_and_back() -> None:
    assert message_seconds(1000, Ticks(), rounds=3) == pytest.approx(5e-4), "half of a round"
    assert message_seconds(2, Ticks(), rounds=1) == pytest.approx(5e-4)
    link = machine.thread_link(Ticks())
    assert link.latency_seconds == pytest.approx(5e-4)


def test_memory_and_quartiles() -> None:
    assert 10**7 < available_bytes() < 10**15
    assert lower_quartile([5.0]) == 5
    assert lower_quartile([4.0, 3.0, 2.0, 1.0]) == 2
