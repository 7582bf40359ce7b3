"""Workers and their messages: nothing hangs, whatever fails."""

from __future__ import annotations

from functools import partial
from time import perf_counter

import numpy as np
import pytest
from runtime.test_blas import blas_threads

from cnngraph.runtime.threads import Crew, Mailbox


def mailbox(tags: int = 2, wait_seconds: float = 20.0) -> Mailbox:
    return Mailbox({tag: np.zeros(3) for tag in range(tags)}, wait_seconds)


def fail() -> None:
    raise ZeroDivisionError("broken")


def test_a_message_arrives_and_is_a_copy() -> None:
    box, out, value = mailbox(), np.zeros(3), np.ones(3)
    sender = [partial(box.put, 1, value), partial(value.fill, 7)]
    for _ in range(2):
        value.fill(1)
        out.fill(0)
        Crew({"a": sender, "b": [partial(box.take, 1, out)]}, box).run()
        assert out.tolist() == [1, 1, 1]


def test_both_directions_at_once() -> None:
    box, left, right = mailbox(), np.zeros(3), np.zeros(3)
    one = [partial(box.put, 0, np.full(3, 5.0)), partial(box.take, 1, left)]
    two = [partial(box.put, 1, np.full(3, 6.0)), partial(box.take, 0, right)]
    Crew({"one": one, "two": two}, box).run()
    assert (left[0], right[0]) == (6, 5)


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_a_failure_stops_all_and_is_raised(workers: int) -> None:
    box = mailbox()
    waiting = {f"w{i}": [partial(box.take, 0, np.zeros(3))] for i in range(1, workers)}
    start = perf_counter()
    with pytest.raises(ZeroDivisionError, match="broken") as caught:
        Crew({"bad": [lambda: None, fail], **waiting}, box).run()
    assert perf_counter() - start < 5
    assert caught.value.__notes__ == ["in step 1 of bad"]


def test_after_a_failure_the_next_run_is_clean() -> None:
    box, out = mailbox(), np.zeros(3)
    with pytest.raises(ZeroDivisionError):
        Crew({"a": [partial(box.put, 0, np.ones(3)), fail], "b": [partial(box.take, 1, out)]}, box).run()
    box.wait_seconds = 0.05
    with pytest.raises(TimeoutError, match=r"message 0 did not come within 0\.05 s"):
        Crew({"a": [], "b": [partial(box.take, 0, out)]}, box).run()


def test_one_blas_thread_while_running_and_the_old_number_afterwards() -> None:
    seen: list[list[int]] = []
    before = blas_threads()
    Crew({"a": [lambda: seen.append(blas_threads())]}, mailbox()).run()
    assert set(seen[0]) == {1}
    assert blas_threads() == before
