"""Devices that are actors of a Ray cluster, on this machine or where RAY_ADDRESS says.

    gpu0   put -> [ a b ] full: put waits          an actor keeps what it sends; the receiver calls for it, and the
                    |                              answer is the message: a dead sender is an error of that call
    gpu1   take ----+ fetch(gpu1, 7) -> a

The process that starts the actors asks each for a pulse: one that dies, or is silent, ends the run. It prints what the
first device says.
"""

from __future__ import annotations

import io
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import numpy as np

from cnngraph.diagnostics import CnnGraphError, Diagnostic, error
from cnngraph.ir.op import Array
from cnngraph.runtime.engines.transport import WAIT_SECONDS, Channels, PeerLost, Stopped, Transport

PULSE_SECONDS = 0.5
SILENCE_SECONDS = 10.0
SETTLE_SECONDS = 1.0  # so long another device may have a better reason to end than the loss of a peer
STORE_BYTES = 256 << 20  # of Ray's object store on this machine

J = TypeVar("J")


def ray_module() -> ModuleType:
    """Ray itself. Raises E0603 where it is missing."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError as reason:
        raise error("E0603", f"the engine ray needs Ray: {reason}", "pip install 'cnngraph[ray]'") from reason
    module: ModuleType = ray
    return module


@dataclass(frozen=True)
class Outcome:
    """How the work of a device ended: well, with diagnostics or a traceback, or because of another device."""

    diagnostics: tuple[Diagnostic, ...] = ()
    trace: str = ""
    lost: bool = False
    stopped: bool = False

    @property
    def failed(self) -> bool:
        return bool(self.diagnostics or self.trace)


class Messages(Transport):
    """The end of an actor: puts stay here until they are fetched, takes fetch from the actor that sends."""

    def __init__(self, device: str, actors: Mapping[str, Any], own: Channels) -> None:
        super().__init__(device, own.wait_seconds)
        self._ray, self._actors, self._own = ray_module(), actors, own
        self._end = own.end(device)

    def put(self, tag: int, target: str, value: Array) -> None:
        self._end.names = self.names
        self._end.put(tag, target, value)

    def take(self, tag: int, source: str, out: Array) -> None:
        coming = self._actors[source].fetch.remote(self.device, tag)
        try:
            value = self._ray.get(coming, timeout=self.wait_seconds)
        except self._ray.exceptions.GetTimeoutError:
            raise self.lost(tag, source, "send") from None
        except self._ray.exceptions.RayTaskError as reason:
            if isinstance(reason.cause, Stopped):
                raise Stopped from None
            raise
        except self._ray.exceptions.RayActorError:
            raise PeerLost(f"{source} is gone", f"see what ended the process of {source}") from None
        if value is None:
            raise self.lost(tag, source, "send")
        np.copyto(out, value)

    def make_room(self, capacity: int) -> None:
        self._end.make_room(capacity)

    def fail(self, reason: BaseException) -> None:
        self._own.fail(reason)

    def close(self) -> None:
        """What was put is fetched from the actor, which lives on."""


class Device:
    """What an actor runs; each call has a thread of its own."""

    def __init__(self, device: str, wait_seconds: float) -> None:
        self.device = device
        self.channels = Channels(wait_seconds=wait_seconds)
        self.transport: Messages | None = None
        self.said, self.told = io.StringIO(), 0

    def meet(self, actors: Mapping[str, Any]) -> None:
        """The actors of all devices."""
        self.transport = Messages(self.device, actors, self.channels)

    def work(self, work: Callable[[J, Transport], None], job: J) -> Outcome:
        assert self.transport is not None
        try:
            with redirect_stdout(self.said), self.transport as transport:
                work(job, transport)
        except Stopped:
            return Outcome(stopped=True)
        except CnnGraphError as reason:
            return Outcome(reason.diagnostics, lost=isinstance(reason, PeerLost))
        except Exception:
            return Outcome(trace=traceback.format_exc())
        return Outcome()

    def fetch(self, target: str, tag: int) -> Array | None:
        """The next message, or None after too long a wait."""
        message = self.channels.next(self.device, target, tag)
        if message is None:
            return None
        value = message.copy()
        self.channels.release(self.device, target, tag, message)
        return value

    def pulse(self) -> str:
        """What was said since the last time."""
        text = self.said.getvalue()[self.told :]
        self.told += len(text)
        return text

    def ask_to_end(self) -> None:
        assert self.transport is not None
        self.transport.asked_to_end = True


def run_actors(
    devices: Sequence[str],
    work: Callable[[J, Transport], None],
    job: J,
    restarts: int = 0,
    again: Callable[[], Mapping[str, Path]] = dict,
    on_loss: Callable[[int, int], None] = lambda attempt, restarts: None,
    wait_seconds: float = WAIT_SECONDS,
    silence_seconds: float = SILENCE_SECONDS,
) -> None:
    """Do `work(job, transport)` on every device; when one is lost, anew, with the fields of `again` in the job.

    errors: E0603 without Ray, or where a device is lost and no restart is left; and those of the work.
    """
    with _cluster() as ray:
        for attempt in range(restarts + 1):
            now: Any = replace(job, **again()) if attempt else job  # type: ignore[type-var]
            try:
                _Crew(ray, devices, wait_seconds, silence_seconds).run(work, now)
            except PeerLost:
                if attempt == restarts:
                    raise
                on_loss(attempt + 1, restarts)
            else:
                return


@contextmanager
def _cluster() -> Iterator[ModuleType]:
    """Ray: the cluster that this process is joined to already, or one for the time of the run."""
    ray = ray_module()
    if ray.is_initialized():
        yield ray
        return
    local = {} if "RAY_ADDRESS" in os.environ else {"include_dashboard": False, "object_store_memory": STORE_BYTES}
    try:
        ray.init(log_to_driver=False, configure_logging=False, **local)
        yield ray
    finally:
        ray.shutdown()


class _Crew:
    """The actors of one attempt."""

    def __init__(self, ray: ModuleType, devices: Sequence[str], wait_seconds: float, silence_seconds: float) -> None:
        self.ray, self.silence_seconds = ray, silence_seconds
        threads = len(devices) + 3  # a fetch of each other device, the work, the pulse, and a word to end
        kind = ray.remote(num_cpus=0, max_concurrency=threads, scheduling_strategy="SPREAD")(Device)
        self.actors = {device: kind.remote(device, wait_seconds) for device in devices}

    def run(self, work: Callable[[J, Transport], None], job: J) -> None:
        asked = False
        try:
            self.ray.get([actor.meet.remote(self.actors) for actor in self.actors.values()])
            running = {actor.work.remote(work, job): device for device, actor in self.actors.items()}
            while True:
                try:
                    return self._watch(running)
                except KeyboardInterrupt:
                    if asked:
                        raise
                    asked = True
                    for actor in self.actors.values():
                        actor.ask_to_end.remote()
        except self.ray.exceptions.RayActorError as reason:
            raise PeerLost(f"a device is gone: {reason}", "see what ended its process") from None
        finally:
            for actor in self.actors.values():
                self.ray.kill(actor)

    def _watch(self, running: dict[Any, str]) -> None:
        """Until all work is done; raises the best reason of those that fail."""
        pulses = {device: actor.pulse.remote() for device, actor in self.actors.items()}
        heard = dict.fromkeys(self.actors, time.monotonic())
        while running:
            done, _ = self.ray.wait(list(running), num_returns=len(running), timeout=PULSE_SECONDS)
            self._judge({running.pop(ref): ref for ref in done}, running)
            for device, pulse in pulses.items():
                if self.ray.wait([pulse], timeout=0)[0]:
                    self._show(device, self._answer(device, pulse))
                    heard[device] = time.monotonic()
                    pulses[device] = self.actors[device].pulse.remote()
                elif time.monotonic() - heard[device] > self.silence_seconds:
                    text = f"{device} was not heard of for {self.silence_seconds:g} s"
                    raise PeerLost(text, f"see whether {device} is stopped, or its machine is cut off or overloaded")
        for device, actor in self.actors.items():
            self._show(device, self._answer(device, pulses[device]) + self._answer(device, actor.pulse.remote()))

    def _judge(self, done: Mapping[str, Any], running: Mapping[Any, str]) -> None:
        outcomes = {device: self._answer(device, ref) for device, ref in done.items()}
        if not any(outcome.failed or outcome.stopped for outcome in outcomes.values()):
            return
        others = list(running)
        late = self.ray.wait(others, num_returns=len(others), timeout=SETTLE_SECONDS)[0] if others else []
        outcomes |= {running[ref]: self._answer(running[ref], ref) for ref in late}
        failed = sorted((outcome for outcome in outcomes.values() if outcome.failed), key=lambda outcome: outcome.lost)
        first = failed[0] if failed else Outcome(trace="a device stopped without a reason")
        if first.lost:
            raise PeerLost.of(first.diagnostics)
        if first.diagnostics:
            raise CnnGraphError(first.diagnostics)
        raise RuntimeError(first.trace)

    def _answer(self, device: str, ref: Any) -> Any:
        try:
            return self.ray.get(ref)
        except self.ray.exceptions.RayActorError:
            raise PeerLost(f"{device} is gone", f"see what ended the process of {device}") from None

    def _show(self, device: str, text: str) -> None:
        if device == next(iter(self.actors)):
            sys.stdout.write(text)
            sys.stdout.flush()
