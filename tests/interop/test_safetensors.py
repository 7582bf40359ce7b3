"""Weights in files: round trips, damaged files, and names and shapes that do not fit."""

from __future__ import annotations

import json
import stat

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cnngraph.diagnostics import CnnGraphError
from cnngraph.interop.safetensors import MAX_HEADER_BYTES, load_weights, save_weights
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


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None)
@given(data=st.data())
def test_a_file_with_wrong_bits_is_read_or_refused(path, data):
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(content) * 8 - 1))
        content[place // 8] ^= 1 << place % 8
    part = path.with_name("part")
    part.write_bytes(content)
    for expected in (None, {"c1.conv.weight": TensorType((4, 3))}):
        try:
            arrays, _ = load_weights(part, expected)
        except CnnGraphError as refused:
            codes, size = {d.code for d in refused.diagnostics}, 0
        else:
            codes, size = {"E0703"}, sum(array.nbytes for array in arrays.values())
        assert codes == {"E0703"}
        assert size <= len(content)


def file_of(header: object, data: bytes = b"", length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + data


PAIR = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
WRONG = {
    "empty": b"",
    "a name twice": file_of(b'{"a":%b,"a":%b}' % ((json.dumps(PAIR).encode(),) * 2), bytes(8)),
    "overlapping": file_of({"a": PAIR, "b": PAIR}, bytes(8)),
    "a gap": file_of({"a": PAIR, "b": PAIR | {"data_offsets": [12, 20]}}, bytes(20)),
    "more than it says": file_of({"a": PAIR}, bytes(12)),
    "less than it says": file_of({"a": PAIR}, bytes(7)),
    "beyond the end": file_of({"a": PAIR | {"data_offsets": [2**60, 2**60 + 8]}}, bytes(8)),
    "backwards": file_of({"a": PAIR | {"data_offsets": [8, 0]}}, bytes(8)),
    "another size": file_of({"a": PAIR | {"shape": [3]}}, bytes(8)),
    "less than nothing": file_of({"a": PAIR | {"shape": [-2]}}, bytes(8)),
    "beyond all sizes": file_of({"a": PAIR | {"shape": [2**40, 2**40]}}, bytes(8)),
    "an absurd header": file_of({"a": PAIR}, bytes(8), 2**63),
    "a long header": file_of(b" " * (MAX_HEADER_BYTES - 1) + json.dumps({"a": PAIR}).encode(), bytes(8)),
    "a deep header": file_of(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "texts that are none": file_of({"__metadata__": {"net": 1}, "a": PAIR}, bytes(8)),
    "numbers that we have not": file_of({"a": PAIR | {"dtype": "BF16", "shape": [4]}}, bytes(8)),
}


@pytest.mark.parametrize("content", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("expected", [None, {"a": TensorType((2,))}])
def test_a_wrong_file_is_refused(tmp_path, content, expected):
    path = tmp_path / "weights"
    path.write_bytes(content)
    with pytest.raises(CnnGraphError, match=r"E0703.*weights"):
        load_weights(path, expected)


def test_names_become_others(path):
    arrays, _ = load_weights(path, {"conv.weight": TensorType((4, 3))}, {"c1.*": "*"})
    assert np.array_equal(arrays["conv.weight"], ARRAYS["c1.conv.weight"])
    with pytest.raises(CnnGraphError) as caught:
        load_weights(path, {"conv.weight": TensorType((4, 3))}, {"c2.*": "*"})
    assert [d.message.partition(": ")[2] for d in caught.value.diagnostics] == [
        "the file has no such name", "the weights lack conv.weight (4, 3)",
    ]  # fmt: skip


def test_strictly_nothing_else_is_there(path):
    with pytest.raises(CnnGraphError) as caught:
        load_weights(path, {"c1.conv.weight": TensorType((4, 3))}, strict=True)
    assert len(caught.value.diagnostics) == 2


def test_an_index_names_the_files(path):
    save_weights(path.with_name("more.safetensors"), {"more": np.ones(3, np.float32)})
    index = path.with_name("model.safetensors.index.json")
    index.write_text(json.dumps({"weight_map": dict.fromkeys(ARRAYS, path.name) | {"more": "more.safetensors"}}))
    assert load_weights(index)[0].keys() == {*ARRAYS, "more"}
    arrays, _ = load_weights(index, {"more": TensorType((3,)), "step": TensorType((), "float64")})
    assert list(arrays) == ["more", "step"]
    save_weights(path.with_name("more.safetensors"), {"step": np.ones(3, np.float32)})
    with pytest.raises(CnnGraphError, match=r"step lies in .* and in more"):
        load_weights(index)


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", '{"weight_map": 1}', '{"weight_map": {"a": 1}}', '{"weight_map": {"a": "../w.safetensors"}}',
     '{"weight_map": {"a": "/w.safetensors"}}', '{"weight_map": {"a": "b/w.safetensors"}}',
     '{"weight_map": {"a": ".."}}',
     '{"weight_map": {"a": "w.safetensors", "a": "v.safetensors"}}', '{"weight_map": {"a": "missing.safetensors"}}',
     '{"weight_map": ' + "[" * 100_000],
)  # fmt: skip
def test_an_index_that_points_elsewhere_is_refused(path, content):
    save_weights(path.parents[1] / "w.safetensors", ARRAYS)
    index = path.with_name("index.json")
    index.write_text(content)
    with pytest.raises(CnnGraphError, match="E0703"):
        load_weights(index)


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
