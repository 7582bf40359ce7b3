"""Numbers that a user chose for the open sizes of a network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from cnngraph.diagnostics import error
from cnngraph.ir.size import SizeError


@contextmanager
def chosen_sizes() -> Iterator[None]:
    """What binds sizes within: those that the network does not allow are an error of whoever chose them, E0109."""
    try:
        yield
    except SizeError as reason:
        raise error("E0109", str(reason), "choose other sizes, e.g. `--set H=224`") from reason
