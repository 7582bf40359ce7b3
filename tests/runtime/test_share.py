"""Each device a process of its own, here a thread that shares nothing with the others but channels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
import pytest
from runtime.test_pipeline import BATCH, GRAPH, STATES, devices, different, feeds_of, pipeline, trained

from cnngraph.diagnostics import CnnGraphError
from cnngraph.ir.op import Array
from cnngraph.runtime.engines.transport import Channels, Transport
from cnngraph.runtime.pipelining import PipelineOptions
from cnngraph.runtime.settings import DEFAULT
from cnngraph.runtime.share import Share, agreed, told

T = TypeVar("T")


def everywhere(count: int, work: Callable[[Transport], T]) -> list[T]:
    """What each of so many devices comes to."""
    channels = Channels(wait_seconds=20)

    def guarded(device: str) -> T:
        end = channels.end(device)
        try:
            return work(end)
        except BaseException as reason:
            end.fail(reason)
            raise

    with ThreadPoolExecutor(count) as threads:
        found = [threads.submit(guarded, device) for device in devices(count).names]
    channels.raise_failure()
    return [each.result() for each in found]


def first(names: Sequence[str]) -> dict[str, Array]:
    return {name: STATES[name] for name in names}


def share(end: Transport, count: int, **options: Any) -> Share:
    return Share(GRAPH, first, feeds_of(GRAPH, 0), devices(count), PipelineOptions(**options), DEFAULT, end)


@pytest.mark.parametrize("kind", ["fill-drain", "1f1b", "zero-bubble"])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_shares_give_the_bits_of_one_process(count: int, kind: str) -> None:
    one = pipeline(count, kind=kind)
    expected = trained(one)

    def work(end: Transport) -> tuple[list[dict[str, Array]], dict[str, Array]]:
        own = share(end, count, kind=kind)
        return trained(own), own.states

    found = everywhere(count, work)
    for outputs, _ in found:
        assert [different(a, b) for a, b in zip(outputs, expected, strict=True)] == [[], [], []]
    names = [name for _, states in found for name in states]
    assert sorted(names) == sorted(STATES), "each state is in one process"
    assert different({name: value for _, states in found for name, value in states.items()}, one.states) == []


def test_a_smaller_batch_finds_the_states_where_they_are() -> None:
    one = pipeline(2)
    expected = [one.run(feeds_of(GRAPH, step, batch)) for step, batch in enumerate((BATCH, 6, BATCH))]

    def work(end: Transport) -> list[dict[str, Array]]:
        own = share(end, 2)
        return [own.run(feeds_of(GRAPH, step, batch)) for step, batch in enumerate((BATCH, 6, BATCH))]

    for outputs in everywhere(2, work):
        assert [different(a, b) for a, b in zip(outputs, expected, strict=True)] == [[], [], []]


def test_a_wrong_feed_is_refused_everywhere() -> None:
    with pytest.raises(CnnGraphError, match="E0705"):
        everywhere(2, lambda end: share(end, 2).run({**feeds_of(GRAPH, 0), "image": np.zeros((BATCH, 3, 3, 2))}))


def test_waits_for_a_value_know_its_name() -> None:
    def work(end: Transport) -> set[str]:
        own = share(end, 2)
        own.run(feeds_of(GRAPH, 0))
        return set(end.names.values())

    one, other = everywhere(2, work)
    assert one == other
    nodes = {node.name for node in GRAPH}
    assert any(name in nodes for name in one)


def test_all_see_what_each_did_when() -> None:
    lines = everywhere(2, lambda end: share(end, 2).timed(feeds_of(GRAPH, 0)))
    for found in lines:
        assert found.devices == ("gpu0", "gpu1")
        assert found.bubble < 1


def test_texts_and_flags_reach_all() -> None:
    names = devices(3).names
    assert everywhere(3, lambda end: told(end, names, "gpu1", f"from {end.device}")) == ["from gpu1"] * 3
    assert everywhere(3, lambda end: agreed(end, names, end.device == "gpu2")) == [True] * 3
    assert everywhere(3, lambda end: agreed(end, names, False)) == [False] * 3
