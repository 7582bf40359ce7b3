"""Weights are written whole or not at all; what has changed since is found; what killed processes left goes away."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from cnngraph.diagnostics import CnnGraphError
from cnngraph.interop.safetensors import find_weights, load_weights, save_weights
from cnngraph.interop.whole_file import BLANK, sweep_leftovers

ARRAYS = {"w": np.arange(30, dtype=np.float32).reshape(5, 6), "none": np.zeros((0, 3), np.float32),
          "key": np.array(7, np.int64)}  # fmt: skip
TEXTS = {"net": "tiny", "told": f'"checksum":"{BLANK}"'}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "w.safetensors"
    save_weights(path, ARRAYS, TEXTS)
    return path


def test_equal_arrays_and_texts_are_equal_bytes(path: Path) -> None:
    other = path.with_name("other.safetensors")
    save_weights(other, dict(reversed(ARRAYS.items())), TEXTS)
    assert other.read_bytes() == path.read_bytes()
    assert load_weights(path)[1] == TEXTS


def test_other_tools_read_it(path: Path) -> None:
    found = load_file(path)
    assert found.keys() == ARRAYS.keys()
    assert all(np.array_equal(found[name], ARRAYS[name]) for name in ARRAYS)


def test_any_bit_that_has_changed_is_found(path: Path) -> None:
    whole = path.read_bytes()
    key = whole.index(b'"checksum":"crc32 ')  # without these letters it is a file of another tool, which has none
    for place in {*range(len(whole))} - {*range(key, key + 18)}:
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        path.write_bytes(damaged)
        with pytest.raises(CnnGraphError, match=r"E0703.*w\.safetensors"):
            load_weights(path)


def test_any_file_that_was_cut_off_is_found(path: Path) -> None:
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(CnnGraphError, match=r"E0703.*w\.safetensors"):
            load_weights(path)


def test_a_file_of_another_tool_has_no_checksum(path: Path) -> None:
    from safetensors.numpy import save_file

    save_file(ARRAYS, path)
    assert load_weights(path)[0].keys() == ARRAYS.keys()


def test_to_look_at_names_reads_no_array(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert find_weights(path)[0].keys() == ARRAYS.keys()


def test_a_disk_that_is_full_leaves_the_old_file(path: Path) -> None:
    before = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(CnnGraphError, match=r"cannot be written: File too large(.|\n)*is as it was before"):
            save_weights(path, {"w": np.zeros(10_000, np.float32)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_the_folder_is_on_the_disk_after_the_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []
    sync, replace = os.fsync, os.replace

    def noted(number: int) -> None:
        events.append(os.readlink(f"/proc/self/fd/{number}"))
        sync(number)

    monkeypatch.setattr("os.fsync", noted)
    monkeypatch.setattr("os.replace", lambda old, new: events.append("renamed") or replace(old, new))
    save_weights(path, ARRAYS)
    assert events == [str(path.with_name(f".{path.name}.{os.getpid()}")), "renamed", str(path.parent)]


def test_a_device_is_no_file_and_stays() -> None:
    with pytest.raises(CnnGraphError, match="/dev/full: the weights cannot be written: this is no file"):
        save_weights(Path("/dev/full"), ARRAYS)
    assert Path("/dev/full").is_char_device()


def test_leftovers_of_processes_that_are_gone(path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    names = {f".{path.name}.{gone.pid}": False, f".{path.name}.{os.getpid()}": True, f".{path.name}.1": True,
             f".{path.name}.new": True, f".other.{gone.pid}": True, f".{path.name}.{10**30}": True}  # fmt: skip
    for name in names:
        path.with_name(name).touch()
    sweep_leftovers(path)
    assert {name: path.with_name(name).exists() for name in names} == names
