"""What a rank does in the tests: `ring.py MODE SECONDS`. Values go round; in the middle something happens to gpu2."""

from __future__ import annotations

import os
import signal
import sys
import time

import numpy as np

from cnngraph.runtime.engines.mpi import Messages

DEVICES = ("gpu0", "gpu1", "gpu2", "gpu3")


def happen(mode: str) -> None:
    if mode == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if mode == "stop":
        os.kill(os.getpid(), signal.SIGSTOP)
    if mode == "error":
        raise ValueError("gpu2 cannot go on")
    if mode == "slow":
        time.sleep(60)


def ring(end: Messages, mode: str) -> None:
    after, before = DEVICES[(end.rank + 1) % 4], DEVICES[(end.rank - 1) % 4]
    for i in range(40):
        value = np.full((300, 200), 10 * end.rank + i, np.float32)
        end.put(1, after, value)
        out = np.zeros((200, 300), np.float32).T  # not in one piece
        end.take(1, before, out)
        assert (out == value - 10 * end.rank + 10 * ((end.rank - 1) % 4)).all()
        if end.rank == 2 and i == 20:
            happen(mode)


def full(end: Messages) -> None:
    """gpu1 takes late: gpu0 can put no more than its room."""
    start = np.zeros(1)
    if end.device == "gpu0":
        end.put(4, "gpu1", start)
        begun = time.perf_counter()
        for i in range(6):
            end.put(3, "gpu1", np.full(1 << 16, i, np.float32))
            print(f"put {i} after {time.perf_counter() - begun:.2f}")
    if end.device == "gpu1":
        end.take(4, "gpu0", start)
        time.sleep(0.5)
        out = np.empty(1 << 16, np.float32)
        for i in range(6):
            end.take(3, "gpu0", out)
            assert (out == i).all()


def main(mode: str, seconds: float) -> None:
    end = Messages(DEVICES, wait_seconds=seconds, silence_seconds=1.5 if mode == "stop" else 20)
    end.names[1] = "conv1"
    try:
        ring(end, mode)
        full(end)
        team = ("gpu2", "gpu0", "gpu1", "gpu3")
        found = [float(value[0]) for value in end.gather(team, 2, np.full(3, end.rank, np.float32))]
        assert found == [2, 0, 1, 3]
        end.close()
    except BaseException as reason:
        end.fail(reason)
    print(f"{end.device} is done")


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
