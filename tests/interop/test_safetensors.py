"""Weights in files: round trips, damaged files, and names and shapes that do not fit."""

from __future__ import annotations

import stat

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cnngraph.diagnostics import CnnGraphError
from cnngraph.interop.safetensors import load_weights, save_weights
from cnngraph.ir.types import TensorType

ARRAYS = {
    "c1.conv.weight": np.arange(12, dtype=np.float32).reshape(3, 4).T,  # not contiguous
    "step": np.array(3.5, np.float64),
    "drop.random": np.array([-(2**63), 5], np.int64),
}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "folder" / "weights.safetensors"
    save_weights(path, ARRAYS, {"net": "tiny", "ü": "[1]"})
    return path


def test_arrays_and_texts_come_back(path):
    arrays, metadata = load_weights(path)
    assert metadata == {"net": "tiny", "ü": "[1]"}
    assert arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype
        assert np.array_equal(arrays[name], array)


def test_only_what_is_expected_is_read(path):
    arrays, _ = load_weights(path, {"c1.conv.weight": TensorType((4, 3))})
    assert list(arrays) == ["c1.conv.weight"]


def test_all_that_does_not_fit_is_said_at_once(path):
    expected = {
        "c1.conv.weights": TensorType((4, 3)),
        "c1.conv.weight": TensorType((3, 4)),
        "step": TensorType((), "float32"),
        "drop.random": TensorType((2,), "int64"),
    }
    with pytest.raises(CnnGraphError) as caught:
        load_weights(path, expected)
    text = str(caught.value)
    assert [d.code for d in caught.value.diagnostics] == ["E0703"] * 3
    assert "lack c1.conv.weights (4, 3)" in text
    assert "the file has c1.conv.weight" in text
    assert "c1.conv.weight is (4, 3), the network needs (3, 4)" in text
    assert "step holds F64 numbers, the network needs F32" in text


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(cut=st.floats(0, 0.99))
def test_a_file_that_was_cut_is_refused(path, cut):
    content = path.read_bytes()
    part = path.with_name("part")
    part.write_bytes(content[: int(cut * len(content))])
    with pytest.raises(CnnGraphError, match="E0703"):
        load_weights(part)


@pytest.mark.parametrize(
    "content", [b"\xff" * 100, b"\x02" + bytes(7) + b"[]", bytes(8), b"\x05" + bytes(7) + b"{\xff\xfe}}"]
)
def test_a_damaged_head_is_refused(tmp_path, content):
    path = tmp_path / "weights"
    path.write_bytes(content)
    with pytest.raises(CnnGraphError, match="E0703"):
        load_weights(path)


def test_a_missing_file_or_folder_is_refused(tmp_path):
    for path in (tmp_path / "missing", tmp_path):
        with pytest.raises(CnnGraphError, match="E0703"):
            load_weights(path)
    (tmp_path / "file").touch()
    with pytest.raises(CnnGraphError, match="E0703"):
        save_weights(tmp_path / "file" / "weights", ARRAYS)


def test_saving_replaces_the_whole_file_and_leaves_nothing_beside(path):
    save_weights(path, {"only": np.zeros(3, np.float32)})
    assert list(load_weights(path)[0]) == ["only"]
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    assert path.stat().st_mode & stat.S_IRUSR


def test_a_failed_write_keeps_the_old_file(path, monkeypatch):
    before = path.read_bytes()
    monkeypatch.setattr("os.fsync", lambda number: (_ for _ in ()).throw(OSError(28, "no space left")))
    with pytest.raises(CnnGraphError, match="no space left"):
        save_weights(path, {"only": np.zeros(3, np.float32)})
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]
