"""Bounded channels between threads: order, room, timeouts, failures, sums over a team."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import pytest

from cnngraph.runtime.engines.transport import Channels, PeerLost, Stopped, Transport


def numbers(start: float, count: int = 4) -> np.ndarray:
    return np.arange(start, start + count, dtype=np.float32)


def taken(end: Transport, tag: int, source: str, count: int = 4) -> list[float]:
    out = np.empty(count, np.float32)
    end.take(tag, source, out)
    return out.tolist()


def test_first_in_first_out_for_each_tag_and_sender() -> None:
    channels = Channels(capacity=3)
    a, b, c = (channels.end(name) for name in "abc")
    for i in range(3):
        a.put(7, "c", numbers(i))
        b.put(7, "c", numbers(10 + i))
        a.put(8, "c", numbers(20 + i))
    assert [taken(c, 8, "a")[0] for _ in range(3)] == [20, 21, 22]
    assert [taken(c, 7, "b")[0] for _ in range(3)] == [10, 11, 12]
    assert [taken(c, 7, "a")[0] for _ in range(3)] == [0, 1, 2]


def test_the_sender_may_overwrite_what_it_put() -> None:
    channels = Channels()
    value = numbers(1)
    channels.end("a").put(0, "b", value)
    value[:] = 0
    assert taken(channels.end("b"), 0, "a") == [1, 2, 3, 4]


def test_a_full_channel_makes_its_sender_wait_and_takes_no_more_memory() -> None:
    channels = Channels(capacity=2)
    sent: list[int] = []

    def send() -> None:
        for i in range(50):
            channels.end("a").put(0, "b", numbers(i, 256))
            sent.append(i)

    sender = threading.Thread(target=send)
    sender.start()
    while len(sent) < 2:
        time.sleep(0.001)
    time.sleep(0.05)
    assert sent == [0, 1]
    for i in range(50):
        assert taken(channels.end("b"), 0, "a", 256)[0] == i
        assert channels.bytes <= 2 * 1024
    sender.join()
    assert channels.bytes == 2 * 1024


def test_messages_of_a_channel_may_have_several_shapes() -> None:
    channels = Channels(capacity=1)
    for count in (4, 2, 6):
        channels.end("a").put(0, "b", numbers(0, count))
        assert taken(channels.end("b"), 0, "a", count) == list(range(count))


def test_a_wait_that_is_too_long_names_the_peer_the_value_and_the_seconds() -> None:
    channels = Channels(capacity=1, wait_seconds=0.02)
    gpu0, gpu1 = channels.end("gpu0"), channels.end("gpu1")
    gpu0.names[3] = gpu1.names[3] = "conv1"
    with pytest.raises(PeerLost, match=r"gpu1 waited 0.02 s, but gpu0 does not send `conv1`"):
        taken(gpu1, 3, "gpu0")
    gpu0.put(3, "gpu1", numbers(0))
    with pytest.raises(PeerLost, match=r"gpu0 waited 0.02 s, but gpu1 does not take `conv1`"):
        gpu0.put(3, "gpu1", numbers(0))


@pytest.mark.parametrize("waits", ["put", "take"])
def test_a_failure_wakes_all_others(waits: str) -> None:
    channels = Channels(capacity=1)
    channels.end("a").put(0, "b", numbers(0))
    waiting: dict[str, Callable[[], object]] = {
        "put": lambda: channels.end("a").put(0, "b", numbers(0)),
        "take": lambda: taken(channels.end("b"), 1, "a"),
    }
    with ThreadPoolExecutor(2) as threads:
        futures: list[Future[object]] = [threads.submit(waiting[waits]) for _ in range(2)]
        time.sleep(0.02)
        channels.end("c").fail(ValueError("first"))
        channels.end("c").fail(ValueError("second"))
        for future in futures:
            assert isinstance(future.exception(timeout=1), Stopped)
    with pytest.raises(ValueError, match="first"):
        channels.raise_failure()
    channels.clear()
    assert not channels.failed


def test_ctrl_c_ends_a_wait() -> None:
    channels, main = Channels(wait_seconds=20), threading.get_ident()
    threading.Timer(0.05, lambda: signal.pthread_kill(main, signal.SIGINT)).start()
    begun = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        taken(channels.end("b"), 0, "a")
    assert time.perf_counter() - begun < 5


def test_a_team_gathers_in_its_own_order_many_times() -> None:
    channels, team = Channels(capacity=1), ("c", "a", "b")

    def member(place: int) -> list[list[float]]:
        end = channels.end(team[place])
        return [[float(v[0]) for v in end.gather(team, 5, numbers(10 * place + i))] for i in range(20)]

    with ThreadPoolExecutor(3) as threads:
        found = list(threads.map(member, range(3)))
    assert found == [[[i, 10 + i, 20 + i] for i in range(20)]] * 3
