"""Checkpoints in parts: the newest complete one counts, old parts go, and one file is made of them at the end."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cnngraph.data.dataset import Preprocessing
from cnngraph.diagnostics import CnnGraphError
from cnngraph.interop.safetensors import load_weights
from cnngraph.ir.types import TensorType
from cnngraph.train.checkpoint import Checkpoint, Position, load_checkpoint
from cnngraph.train.shards import clear, folder_of, join_parts, load_parts, newest, save_part

TYPES = {"a": TensorType((2,)), "b": TensorType((3, 1)), "count": TensorType((), "int64")}


def checkpoint(epoch: int, step: int) -> Checkpoint:
    position = Position(epoch, step, 8 * step, 1.5, 3)
    return Checkpoint("net", "", (), Preprocessing(8, 8, 1, 0, (0.0,), (1.0,)), 0, 8, position)


def states(place: int, value: float) -> dict[str, np.ndarray]:
    if place == 0:
        return {"a": np.full(2, value, np.float32)}
    return {"b": np.full((3, 1), value, np.float32), "count": np.array(int(value))}


def save(folder: Path, place: int, epoch: int, step: int) -> None:
    save_part(folder, place, 2, states(place, 10 * epoch + step), checkpoint(epoch, step))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_newest_complete_checkpoint_counts(tmp_path: Path) -> None:
    assert newest(tmp_path / "none") == []
    for place, epoch, step in [(0, 0, 4), (1, 0, 4), (0, 1, 0), (1, 1, 0), (0, 1, 4)]:
        save(tmp_path, place, epoch, step)
    found, saved = load_parts(tmp_path, TYPES)
    assert saved.position == Position(1, 0, 0, 1.5, 3)
    assert (found["a"] == 10).all()
    assert found["count"] == 10
    save(tmp_path, 1, 1, 4)
    assert load_parts(tmp_path, {"b": TYPES["b"]})[0]["b"].tolist() == [[14], [14], [14]]


def test_each_keeps_two_parts(tmp_path: Path) -> None:
    for step in range(5):
        save(tmp_path, 0, 0, step)
        save(tmp_path, 1, 0, step)
    assert names(tmp_path) == [
        f"00000.000000{step}.{place}-of-2.safetensors" for step in (3, 4) for place in (0, 1)
    ]  # fmt: skip


def test_parts_become_one_file(tmp_path: Path) -> None:
    output = tmp_path / "net.safetensors"
    folder = folder_of(output)
    for step in (3, 7):
        save(folder, 0, 2, step)
        save(folder, 1, 2, step)
    join_parts(folder, output, checkpoint(2, 7))
    found, saved = load_checkpoint(output, TYPES)
    assert {name: value.tolist() for name, value in found.items()} == {"a": [27, 27], "b": [[27]] * 3, "count": 27}
    assert saved == checkpoint(2, 7)
    assert names(tmp_path) == ["net.safetensors"]
    assert load_weights(output)[0].keys() == TYPES.keys()


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(CnnGraphError, match="there is no checkpoint of which all parts are there"):
        load_parts(tmp_path, TYPES)
    save(tmp_path, 0, 0, 1)
    save(tmp_path, 1, 0, 1)
    with pytest.raises(CnnGraphError, match="the weights lack other"):
        load_parts(tmp_path, {**TYPES, "other": TensorType((1,))})


def test_parts_of_earlier_runs_go(tmp_path: Path) -> None:
    save(tmp_path, 0, 0, 1)
    save(tmp_path, 1, 0, 1)
    save(tmp_path, 0, 0, 2)
    (tmp_path / "mine.txt").write_text("not a part", encoding="utf-8")
    clear(tmp_path, newest(tmp_path))
    assert names(tmp_path) == [*(f"00000.0000001.{place}-of-2.safetensors" for place in (0, 1)), "mine.txt"]
    clear(tmp_path)
    assert names(tmp_path) == ["mine.txt"]
