"""How values go from one device to another: bounded channels, the same for threads, processes and machines.

    gpu0   put(7, gpu1, a)  put(7, gpu1, b)  put(7, gpu1, c) waits ......... goes on
    gpu1                                     busy            take(7, gpu0) -> a

Between two devices, each tag is a channel of its own: first in, first out, with room for `capacity` messages. A full
channel makes its sender wait, so no queue grows. Every wait ends: after `wait_seconds` with an error that names the
other device, or at once when another device fails.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from cnngraph.diagnostics import CnnGraphError, Diagnostic
from cnngraph.ir.op import Array

WAIT_SECONDS = 600.0
CAPACITY = 2  # one message is read while the next one is written


class Stopped(Exception):
    """Another device failed; its reason is the one to tell."""


class PeerLost(CnnGraphError):
    """A device does not answer, or is gone. The work itself is not at fault: starting again may help."""

    def __init__(self, text: str, *helps: str) -> None:
        super().__init__(Diagnostic("E0603", text, helps=helps))

    @staticmethod
    def of(diagnostics: Sequence[Diagnostic]) -> PeerLost:
        """The same error, as another process told it."""
        return PeerLost(diagnostics[0].message, *diagnostics[0].helps)


class Transport(ABC):
    """One device's end of its channels. One thread of the device uses it.

    fields: device        whose end it is
            names         what a tag stands for, in words, for the texts of errors
            wait_seconds  the longest time that one put or take waits
            asked_to_end  whether someone wants the run to end soon, and well
    """

    def __init__(self, device: str, wait_seconds: float = WAIT_SECONDS) -> None:
        self.device = device
        self.wait_seconds = wait_seconds
        self.names: dict[int, str] = {}
        self.capacity = CAPACITY
        self.asked_to_end = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, reason: BaseException | None, trace: object) -> None:
        if reason is None:
            self.close()
        elif not isinstance(reason, Stopped):
            self.fail(reason)

    @abstractmethod
    def put(self, tag: int, target: str, value: Array) -> None:
        """Send a copy of the value; waits while the channel is full. Raises PeerLost or Stopped."""

    @abstractmethod
    def take(self, tag: int, source: str, out: Array) -> None:
        """Wait for the next message and copy it to `out`, which has its shape. Raises PeerLost or Stopped."""

    @abstractmethod
    def fail(self, reason: BaseException) -> None:
        """Tell all other devices to stop, because of this; the first reason stays."""

    @abstractmethod
    def close(self) -> None:
        """Nothing more is sent. Waits until what was put has left, and frees what the channels hold."""

    def make_room(self, capacity: int) -> None:
        """From now on each channel to others has room for so many messages, or more."""
        self.capacity = max(self.capacity, capacity)

    def gather(self, team: Sequence[str], tag: int, value: Array) -> list[Array]:
        """The values of all members, in the order of the team. All members call it, with values of one shape."""
        for peer in team:
            if peer != self.device:
                self.put(tag, peer, value)
        return [value if peer == self.device else self._taken(tag, peer, value) for peer in team]

    def _taken(self, tag: int, source: str, like: Array) -> Array:
        out = np.empty_like(like, order="C")
        self.take(tag, source, out)
        return out

    def lost(self, tag: int, peer: str, does: str) -> PeerLost:
        """The error of a wait that was too long: `peer` does not do what is waited for."""
        what = self.names.get(tag, f"message {tag}")
        text = f"{self.device} waited {self.wait_seconds:g} s, but {peer} does not {does} `{what}`"
        return PeerLost(text, f"see whether {peer} still runs, and whether it is stopped or overloaded")


@dataclass
class _Channel:
    """Messages on their way, oldest first, and memory that waits to be used again."""

    full: deque[Array] = field(default_factory=deque)
    free: list[Array] = field(default_factory=list)
    claimed: int = 0  # messages that are being written, lie in `full`, or are being read


class Channels:
    """The channels between devices that are threads of this process; each has its end.

    A channel's memory is made as it is first needed, for `capacity` messages at most, and used again.
    """

    def __init__(self, capacity: int = CAPACITY, wait_seconds: float = WAIT_SECONDS) -> None:
        assert capacity > 0, "a channel has room for a message"
        self.capacity = capacity
        self.wait_seconds = wait_seconds
        self._channels: dict[tuple[str, str, int], _Channel] = {}  # by source, target, tag
        self._failure: BaseException | None = None
        self._changed = threading.Condition()

    def end(self, device: str) -> Transport:
        return _End(self, device)

    @property
    def failed(self) -> bool:
        return self._failure is not None

    @property
    def bytes(self) -> int:
        """What all channels hold now, free memory included."""
        with self._changed:
            return sum(array.nbytes for each in self._channels.values() for array in (*each.full, *each.free))

    def fail(self, reason: BaseException) -> None:
        """Stop everyone; the first reason stays."""
        with self._changed:
            self._failure = self._failure or reason
            self._changed.notify_all()

    def raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    def clear(self) -> None:
        """Forget all messages and the failure: nobody may be sending or waiting."""
        self._channels.clear()
        self._failure = None

    def claim(self, source: str, target: str, tag: int, value: Array) -> Array | None:
        """Memory for one more message, or None after too long a wait."""
        with self._changed:
            channel = self._channels.setdefault((source, target, tag), _Channel())
            if not self._wait(lambda: channel.claimed < self.capacity):
                return None
            channel.claimed += 1
            memory = channel.free.pop() if channel.free else None
        fits = memory is not None and (memory.shape, memory.dtype) == (value.shape, value.dtype)
        return memory if fits else np.empty(value.shape, value.dtype)

    def send(self, source: str, target: str, tag: int, message: Array) -> None:
        with self._changed:
            self._channels[source, target, tag].full.append(message)
            self._changed.notify_all()

    def next(self, source: str, target: str, tag: int) -> Array | None:
        """The next message, or None after too long a wait."""
        with self._changed:
            channel = self._channels.setdefault((source, target, tag), _Channel())
            return channel.full.popleft() if self._wait(lambda: bool(channel.full)) else None

    def release(self, source: str, target: str, tag: int, memory: Array) -> None:
        """A message was read."""
        with self._changed:
            channel = self._channels[source, target, tag]
            channel.free.append(memory)
            channel.claimed -= 1
            self._changed.notify_all()

    def _wait(self, ready: Callable[[], bool]) -> bool:
        came = self._changed.wait_for(lambda: ready() or self._failure is not None, self.wait_seconds)
        if self._failure is not None:
            raise Stopped
        return came


class _End(Transport):
    """A thread's end: one copy in, one copy out."""

    def __init__(self, channels: Channels, device: str) -> None:
        super().__init__(device, channels.wait_seconds)
        self._channels = channels

    def put(self, tag: int, target: str, value: Array) -> None:
        memory = self._channels.claim(self.device, target, tag, value)
        if memory is None:
            raise self.lost(tag, target, "take")
        np.copyto(memory, value)
        self._channels.send(self.device, target, tag, memory)

    def take(self, tag: int, source: str, out: Array) -> None:
        message = self._channels.next(source, self.device, tag)
        if message is None:
            raise self.lost(tag, source, "send")
        assert message.shape == out.shape, f"{self.names.get(tag, tag)}: {message.shape} came, not {out.shape}"
        np.copyto(out, message)
        self._channels.release(source, self.device, tag, message)

    def make_room(self, capacity: int) -> None:
        super().make_room(capacity)
        self._channels.capacity = max(self._channels.capacity, capacity)

    def fail(self, reason: BaseException) -> None:
        self._channels.fail(reason)

    def close(self) -> None:
        """Messages lie in the channels, which the process keeps."""
