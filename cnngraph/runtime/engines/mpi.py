"""Devices that are processes of an MPI job, one rank each: `mpiexec -n 4 cnngraph train net.cnn --engine mpi`.

    rank 0 (gpu0)   Issend ----> Irecv   rank 1 (gpu1)        a synchronous send ends when its receiver took it:
             ^   ^ beats, each way   ^    ^                   `capacity` of them are on their way, then put waits
             +---+-------------------+----+

A thread of each process, the pulse, drives the messages on while the process computes, and beats: a rank that is not
heard of for `silence_seconds` is stopped or cut off, however long its work takes. The death of a rank ends the job.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from cnngraph.diagnostics import CnnGraphError, error
from cnngraph.ir.op import Array
from cnngraph.runtime.engines.transport import CAPACITY, WAIT_SECONDS, PeerLost, Transport

if TYPE_CHECKING:
    from mpi4py import MPI

SILENCE_SECONDS = 10.0
BEAT_SECONDS = 0.5
SETTLE_SECONDS = 0.3  # ranks that fail together agree on the one that tells why
LAST_SECONDS = 5.0  # the others wait so long for the end of the job
ALIVE = np.array(-1)
SHORTEST_PAUSE, LONGEST_PAUSE = 20e-6, 0.1e-3
IDLE_PAUSE = 20e-3  # of a pulse that has no message to drive
LOST_STATUS = 75  # "try again", in the words of sysexits.h
VERDICT_VARIABLE = "CNNGRAPH_VERDICT"  # names a file for the status of a job that says itself what is wrong
RANK_VARIABLES = ("PMI_RANK", "PMIX_RANK", "OMPI_COMM_WORLD_RANK")

TUNED = {
    "MPIR_CVAR_SUPPRESS_ABORT_MESSAGE": "1",  # the reason was told, in better words
    "UCX_TCP_TX_SEG_SIZE": "256k",  # 10 MB between hosts in 30 ms instead of 90: each look moves more
    "UCX_TCP_RX_SEG_SIZE": "256k",
}
"""Settings of MPICH and its network layer, where the user has made none."""


def is_rank() -> bool:
    """Whether this process was started by mpiexec or a launcher of its kind."""
    return any(name in os.environ for name in RANK_VARIABLES)


def launcher() -> str:
    """The path of mpiexec: beside this Python, or on the search path. Raises E0603 where it or mpi4py is missing."""
    try:
        import mpi4py  # noqa: F401 (MPI itself begins with mpi4py.MPI, in the processes that are started)
    except ImportError as reason:
        raise error("E0603", f"the engine mpi needs mpi4py: {reason}", "pip install 'cnngraph[mpi]'") from reason
    beside = Path(sys.executable).with_name("mpiexec")
    found = str(beside) if beside.exists() else shutil.which("mpiexec")
    if found is None:
        raise error("E0603", "the engine mpi needs mpiexec, which was not found", "pip install 'cnngraph[mpi]'")
    return found


def begin() -> None:
    """Begin with MPI. Raises E0603 where it is missing."""
    for name, value in TUNED.items():
        os.environ.setdefault(name, value)
    try:
        import mpi4py.MPI  # noqa: F401
    except (ImportError, RuntimeError) as reason:
        text = f"the engine mpi needs mpi4py and an MPI library: {reason}"
        raise error("E0603", text, "pip install 'cnngraph[mpi]'") from reason


@dataclass
class _Sent:
    """A message on its way."""

    request: MPI.Request
    memory: Array


class Messages(Transport):
    """The end of this rank, the device with the same place among `devices`. All ranks make it at one time.

    errors: E0601 where the job has not one rank for each device; E0603 without MPI.
    """

    def __init__(
        self,
        devices: Sequence[str],
        capacity: int = CAPACITY,
        wait_seconds: float = WAIT_SECONDS,
        silence_seconds: float = SILENCE_SECONDS,
    ) -> None:
        begin()
        from mpi4py import MPI

        world = MPI.COMM_WORLD
        self.rank, self.devices = world.Get_rank(), tuple(devices)
        world.Barrier()
        _forget_files()
        if world.Get_size() != len(devices):
            time.sleep(LAST_SECONDS if self.rank else 0)  # the first one tells
            text = f"{len(devices)} devices need as many processes, but MPI started {world.Get_size()}"
            self._end(world, error("E0601", text, f"mpiexec -n {len(devices)}"))
        super().__init__(devices[self.rank], wait_seconds)
        self.capacity, self.silence_seconds = capacity, silence_seconds
        self._rank_of = {device: rank for rank, device in enumerate(devices)}
        self._comm, self._beats = world.Dup(), world.Dup()
        self._sent: dict[tuple[str, int], deque[_Sent]] = {}
        self._lock = threading.Lock()  # of `_sent`, which the pulse tests too
        self._heard = [time.monotonic()] * len(devices)
        self._claimed = 2 * len(devices)  # the least claim to tell why the job fails that was heard
        self._broken: RuntimeError | None = None
        self._closing = threading.Event()
        self._pulse = threading.Thread(target=self._run_pulse, name="pulse", daemon=True)
        self._pulse.start()

    def put(self, tag: int, target: str, value: Array) -> None:
        with self._lock:
            queue = self._sent.setdefault((target, tag), deque())
        memory = None
        if len(queue) >= self.capacity:
            self._await_sent(queue[0], tag, target)
            memory = queue[0].memory
        if memory is None or (memory.shape, memory.dtype) != (value.shape, value.dtype):
            memory = np.empty(value.shape, value.dtype)
        np.copyto(memory, value)
        with self._lock:
            if len(queue) >= self.capacity:
                queue.popleft()
            queue.append(_Sent(self._comm.Issend(memory, self._rank_of[target], tag), memory))

    def take(self, tag: int, source: str, out: Array) -> None:
        memory = out if out.flags.c_contiguous else np.empty(out.shape, out.dtype)
        request = self._comm.Irecv(memory, self._rank_of[source], tag)
        try:
            self._wait(request, tag, source, "send")
        finally:
            if request:  # it is not done, and its memory may go
                request.Cancel()
                request.Wait()
        if memory is not out:
            np.copyto(out, memory)

    def fail(self, reason: BaseException) -> NoReturn:
        """End the job, and say why. Of ranks that fail together one speaks: one that did not just lose a peer."""
        lost = isinstance(reason, PeerLost)
        claim = np.array(self.rank + (len(self.devices) if lost else 0))
        self._beat(claim)
        time.sleep(SETTLE_SECONDS)
        if self._claimed < claim:
            time.sleep(LAST_SECONDS)
            self._comm.Abort(LOST_STATUS)
            os._exit(LOST_STATUS)
        self._end(self._comm, reason)

    def _end(self, comm: MPI.Comm, reason: BaseException) -> NoReturn:
        """Tell the reason, and end all processes."""
        lost = isinstance(reason, PeerLost)
        if isinstance(reason, CnnGraphError):
            print(reason, file=sys.stderr)
        elif not isinstance(reason, KeyboardInterrupt):
            traceback.print_exception(reason)
        sys.stdout.flush()
        sys.stderr.flush()
        status = 130 if isinstance(reason, KeyboardInterrupt) else LOST_STATUS if lost else 1
        if not lost and (verdict := os.environ.get(VERDICT_VARIABLE)):
            Path(verdict).write_text(str(status), encoding="utf-8")
        comm.Abort(status)
        os._exit(status)  # MPICH asks its launcher to end all, and may return meanwhile

    def close(self) -> None:
        for (target, tag), queue in self._sent.items():
            for sent in queue:
                self._await_sent(sent, tag, target)
        self._sent.clear()
        self._wait(self._comm.Ibarrier(), -1, "one of the others", "reach")
        self._closing.set()
        self._pulse.join()
        self._comm.Barrier()  # nobody beats any more
        self._hear()

    def _await_sent(self, sent: _Sent, tag: int, target: str) -> None:
        self._wait(sent.request, tag, target, "take")

    def _wait(self, request: MPI.Request, tag: int, peer: str, does: str) -> None:
        """Until the request is done; raises PeerLost after too long a wait, or when a rank is silent."""
        begun, pause = time.monotonic(), 0.0
        while not self._done(request):
            self._look_for_silence()
            if time.monotonic() - begun > self.wait_seconds:
                raise self.lost(tag, peer, does)
            time.sleep(pause)
            pause = min(max(2 * pause, SHORTEST_PAUSE), LONGEST_PAUSE)

    def _done(self, request: MPI.Request) -> bool:
        try:
            if self._broken is not None:
                raise self._broken
            with self._lock:
                return request.Test()
        except RuntimeError as reason:  # of MPI: the other end is gone, or the network between
            raise PeerLost(f"{self.device} lost a link to another device: {reason}", "see what ended there") from reason

    def _look_for_silence(self) -> None:
        latest = time.monotonic() - self.silence_seconds
        for rank, (device, heard) in enumerate(zip(self.devices, self._heard, strict=True)):
            if heard < latest and rank != self.rank:
                text = f"{device} (rank {rank}) was not heard of for {self.silence_seconds:g} s"
                raise PeerLost(text, f"see whether {device} is stopped, or its machine is cut off or overloaded")

    def _run_pulse(self) -> None:
        next_beat = 0.0
        try:
            while not self._closing.is_set():
                if time.monotonic() >= next_beat:
                    self._beat()
                    next_beat = time.monotonic() + BEAT_SECONDS
                self._hear()
                time.sleep(LONGEST_PAUSE if self._moving() else IDLE_PAUSE)
        except RuntimeError as reason:  # of MPI
            self._broken = reason

    def _beat(self, claim: Array = ALIVE) -> None:
        for rank in range(len(self.devices)):
            if rank != self.rank:
                self._beats.Isend(claim, rank).Free()  # so short that it leaves at once

    def _hear(self) -> None:
        from mpi4py import MPI

        status, claim = MPI.Status(), ALIVE.copy()
        while self._beats.Iprobe(status=status):
            self._beats.Recv(claim, status.Get_source())
            self._heard[status.Get_source()] = time.monotonic()
            if claim != ALIVE:
                self._claimed = min(self._claimed, int(claim))

    def _moving(self) -> bool:
        """Whether a message is on its way; to ask drives it on."""
        with self._lock:
            return any(not sent.request.Test() for queue in self._sent.values() for sent in queue)


def _forget_files() -> None:
    """Take the names of MPICH's shared memory away, once all ranks have it: however a rank ends, no file is left."""
    maps = Path("/proc/self/maps")
    if not maps.exists():
        return
    for name in set(re.findall(r"(/dev/shm/mpich_shm_\S+)$", maps.read_text(), re.MULTILINE)):
        Path(name).unlink(missing_ok=True)
