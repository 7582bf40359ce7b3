"""Saves are found by what a file is, not by a clock: each change once, none lost."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from cnngraph.watch.saves import saves


class Slept(Exception):
    """The watcher found nothing new."""


def asleep(_: float) -> None:
    raise Slept


def turns(files: set[Path]) -> Iterator[None]:
    return saves(lambda: files, 1.0, asleep)


def test_one_item_at_once_and_then_nothing(tmp_path: Path) -> None:
    file = tmp_path / "n.cnn"
    file.write_text("a")
    found = turns({file})
    next(found)
    with pytest.raises(Slept):
        next(found)


@pytest.mark.parametrize("change", ["write", "remove", "create"])
def test_a_change_is_found(tmp_path: Path, change: str) -> None:
    file = tmp_path / "n.cnn"
    if change != "create":
        file.write_text("a")
    found = turns({file})
    next(found)
    if change == "remove":
        file.unlink()
    else:
        file.write_text("longer")
    next(found)
    with pytest.raises(Slept):
        next(found)


def test_a_file_that_joins_is_no_change_but_its_own_changes_are(tmp_path: Path) -> None:
    first, second = tmp_path / "a.cnn", tmp_path / "b.cnn"
    first.write_text("a")
    second.write_text("b")
    files, turn = {first}, 0
    naps: list[int] = []

    def nap(_: float) -> None:
        naps.append(turn)
        second.write_text("b" * (10 + len(naps)))

    found = saves(lambda: files, 1.0, nap)
    next(found)
    files.add(second)
    turn = 1
    next(found)
    assert naps == [1]


def test_it_waits_between_looks(tmp_path: Path) -> None:
    file = tmp_path / "n.cnn"
    waited: list[float] = []

    def nap(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 3:
            file.write_text("now")

    assert len(list(islice(saves(lambda: {file}, 0.25, nap), 2))) == 2
    assert waited == [0.25, 0.25, 0.25]
