"""IDX files: good ones, and every way in which they can be damaged."""

from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest

from cnngraph.data.idx import FILES, find_folder, read_idx, read_parts
from cnngraph.data.source import VARIABLE
from cnngraph.data.sources import load_data
from cnngraph.diagnostics import CnnGraphError

IMAGES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
LABELS = np.array([1, 0], np.uint8)


def packed(array):
    return struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def write_data_set(folder, images=IMAGES, labels=LABELS, zipped=False):
    folder.mkdir(parents=True, exist_ok=True)
    for images_name, labels_name in FILES:
        for name, array in ((images_name, images), (labels_name, labels)):
            content = packed(array)
            target = folder / (f"{name}.gz" if zipped else name)
            target.write_bytes(gzip.compress(content) if zipped else content)


@pytest.mark.parametrize("zipped", [False, True])
def test_images_and_labels_are_read(tmp_path, zipped):
    write_data_set(tmp_path, zipped=zipped)
    train, test = read_parts(tmp_path)
    assert train.images.shape == (2, 3, 4, 1)
    assert np.array_equal(train.images[..., 0], IMAGES)
    assert test.labels.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "not nothing"),
        (b"\x00\x00\x0d\x03" + packed(IMAGES)[4:], "begins 0 0 8 3, not 0 0 13 3"),
        (packed(LABELS), "not 0 0 8 1"),
        (packed(IMAGES)[:9], "ends within its sizes"),
        (packed(IMAGES)[:-1], "mean 24 bytes, but there are only 23"),
        (packed(IMAGES) + b"\x00", "there are more"),
        (struct.pack(">4B3I", 0, 0, 8, 3, 2**31, 2**31, 2**31), "can be read"),
        (struct.pack(">4B3I", 0, 0, 8, 3, 0, 28, 28), "0 bytes"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path, content, text):
    path = tmp_path / "images"
    path.write_bytes(content)
    with pytest.raises(CnnGraphError, match="E0701") as caught:
        read_idx(path, 3)
    assert text in str(caught.value)


@pytest.mark.parametrize("damage", [lambda c: c[:-12], lambda c: c[:20] + b"\xff\xff" + c[22:], lambda c: b"no gzip"])
def test_damaged_gzip_is_refused(tmp_path, damage):
    path = tmp_path / "images.gz"
    path.write_bytes(damage(gzip.compress(packed(IMAGES))))
    with pytest.raises(CnnGraphError, match="E0701"):
        read_idx(path, 3)


def test_images_and_labels_must_be_as_many(tmp_path):
    write_data_set(tmp_path, labels=np.array([1, 0, 1], np.uint8))
    with pytest.raises(CnnGraphError, match="2 images"):
        read_parts(tmp_path)


def test_a_folder_counts_only_with_all_four_files(tmp_path):
    write_data_set(tmp_path / "whole")
    write_data_set(tmp_path / "part")
    (tmp_path / "part" / FILES[1][1]).unlink()
    assert find_folder([tmp_path / "part", tmp_path / "whole"]) == tmp_path / "whole"
    with pytest.raises(CnnGraphError, match=FILES[1][1]):
        read_parts(tmp_path / "part")


@pytest.mark.parametrize("subfolder", ["", "mnist"])
@pytest.mark.parametrize("way", ["setting", "argument", "variable"])
def test_the_folder_is_found_by_each_way(tmp_path, setting, monkeypatch, subfolder, way):
    monkeypatch.delenv(VARIABLE, raising=False)
    write_data_set(tmp_path / subfolder)
    if way == "variable":
        monkeypatch.setenv(VARIABLE, str(tmp_path))
    given = {"folder": str(tmp_path)} if way == "setting" else {}
    data = load_data(setting("mnist", pad=2, **given), tmp_path if way == "argument" else None)
    assert data.train.images.shape == (2, 7, 8, 1)
    assert data.class_names == tuple("0123456789")


def test_a_missing_folder_says_what_was_looked_for(tmp_path, setting, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(CnnGraphError, match="E0701") as caught:
        load_data(setting("fashion_mnist"), tmp_path)
    for text in (str(tmp_path / "fashion-mnist"), FILES[0][0], "--data DIR", VARIABLE, "net.cnn:1:1"):
        assert text in str(caught.value)
    with pytest.raises(CnnGraphError, match="no folder is given"):
        load_data(setting("mnist"))


def test_labels_beyond_the_classes_are_refused(tmp_path, setting):
    write_data_set(tmp_path, labels=np.array([1, 10], np.uint8))
    with pytest.raises(CnnGraphError, match="labels from 1 to 10, but 10 classes"):
        load_data(setting("mnist"), tmp_path)
    assert len(load_data(setting("idx"), tmp_path).class_names) == 11
