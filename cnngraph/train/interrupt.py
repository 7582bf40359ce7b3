"""Ctrl-C and SIGTERM while training: the step in progress ends first, so that all states are of one step."""

from __future__ import annotations

import signal
import threading
from types import FrameType

ASKED_TO_END = (signal.SIGINT, signal.SIGTERM)


class Interrupt:
    """While entered, the first SIGINT (Ctrl-C) or SIGTERM sets `requested`; one more raises KeyboardInterrupt at once.

    Outside the main thread Python gives no signals: there `requested` stays false. `signal` is the number of the one
    that came, or 0.

    >>> with Interrupt() as interrupt:
    ...     signal.raise_signal(signal.SIGINT)
    ...     interrupt.requested
    True
    """

    def __init__(self) -> None:
        self.signal = 0

    @property
    def requested(self) -> bool:
        return self.signal != 0

    def __enter__(self) -> Interrupt:
        self._heard = threading.current_thread() is threading.main_thread()
        if self._heard:
            self._before = {number: signal.signal(number, self._note) for number in ASKED_TO_END}
        return self

    def __exit__(self, *reason: object) -> None:
        if self._heard:
            for number, handler in self._before.items():
                signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.signal = number
