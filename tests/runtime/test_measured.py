"""Measurements on disk: kept, added to, and worth a warning at most."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import pytest

from cnngraph.ir.types import TensorType
from cnngraph.kernels.kernel import Task
from cnngraph.ops.relu import Relu
from cnngraph.runtime.measured import cache_file, machine_text, remember, remembered, task_text


def test_what_is_remembered_is_found_again(tmp_path: Path) -> None:
    path = tmp_path / "new" / "kernels.json"
    assert remembered(path, "here") == {}
    remember(path, "here", {"conv": {"rows": 2.0}})
    remember(path, "here", {"conv": {"winograd": 1.0}, "pool": {"plain": 3.0}})
    remember(path, "there", {"conv": {"rows": 9.0}})
    assert remembered(path, "here") == {"conv": {"rows": 2.0, "winograd": 1.0}, "pool": {"plain": 3.0}}
    assert remembered(path, "there") == {"conv": {"rows": 9.0}}
    assert [each.name for each in path.parent.iterdir()] == ["kernels.json"]


WRONG = ["", "{", "[]", "null", '{"format": 2}', '{"format": 1}', '{"format": 1, "machines": {"here": 3}}',
         '{"format": 1, "machines": {"here": {"conv": {"rows": "fast"}}}}', "\x00\x01"]  # fmt: skip


@pytest.mark.parametrize("text", WRONG)
def test_a_damaged_file_is_told_of_once_and_measured_anew(text: str, tmp_path: Path) -> None:
    path = tmp_path / "kernels.json"
    path.write_text(text, encoding="utf-8")
    with pytest.warns(UserWarning, match="measured anew"):
        assert remembered(path, "here") == {}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        remember(path, "here", {"conv": {"rows": 1.0}})
        assert remembered(path, "here") == {"conv": {"rows": 1.0}}


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "kernels.json"
    path.write_bytes(b"\xff\xfe\xff")
    with pytest.warns(UserWarning, match="measured anew"):
        assert remembered(path, "here") == {}


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.warns(UserWarning, match="cannot be kept"):
        remember(tmp_path / "file" / "kernels.json", "here", {"conv": {"rows": 1.0}})


def test_where_the_cache_lies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CNNGRAPH_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_file() == Path.home() / ".cache" / "cnngraph" / "kernels.json"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_file() == tmp_path / "cnngraph" / "kernels.json"
    monkeypatch.setenv("CNNGRAPH_CACHE", str(tmp_path / "other"))
    assert cache_file() == tmp_path / "other" / "kernels.json"


def test_keys_tell_tasks_apart() -> None:
    types = [TensorType((n, 3), dtype) for n in (2, 3) for dtype in ("float32", "float64")]
    assert len({task_text(Task(Relu(), (t,), (t,))) for t in types}) == 4
    assert "cores" in machine_text()
    assert json.dumps(machine_text())
