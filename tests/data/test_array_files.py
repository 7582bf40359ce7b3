"""Files of arrays: good ones, and every way in which they can be damaged."""

from __future__ import annotations

import io
import re
import zipfile

import numpy as np
import pytest
from safetensors.numpy import save_file

from cnngraph.data import array_files
from cnngraph.data.sources import load_data
from cnngraph.diagnostics import CnnGraphError

IMAGES = np.random.default_rng(0).integers(0, 256, (20, 4, 5, 1), np.uint8)
LABELS = np.arange(20) % 2


@pytest.mark.parametrize("ending", ["npz", "safetensors"])
def test_arrays_of_a_file_are_a_data_set(tmp_path, setting, ending):
    path = tmp_path / f"mine.{ending}"
    columns = {"image": IMAGES, "label": LABELS, "box": np.ones((20, 4), np.float32)}
    np.savez_compressed(path, **columns) if ending == "npz" else save_file(columns, path)
    data = load_data(setting("arrays", path.name, test=0.3, validate=0.5), tmp_path, seed=1)
    assert {name: len(part) for name, part in data.parts.items()} == {"train": 7, "validation": 7, "test": 6}
    assert set(data.train.columns) == {"image", "label", "box"}
    numbers = np.concatenate([part.images for part in data.parts.values()])
    assert sorted(image.tobytes() for image in numbers) == sorted(image.tobytes() for image in IMAGES)


def packed(name, content):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return stream.getvalue()


def as_npy(array, allow_pickle=False):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, allow_pickle=allow_pickle)
    return stream.getvalue()


def npy_of(shape, numbers="|u1"):
    """Three bytes, with a head that says otherwise."""
    head = f"{{'descr': '{numbers}', 'fortran_order': False, 'shape': {shape}}}".encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head + b"abc"


GOOD = packed("image.npy", as_npy(IMAGES))


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "cannot be read"),
        (b"no zip", "cannot be read"),
        (GOOD[: len(GOOD) // 2], "cannot be read"),
        (packed("image.npy", b"no array"), "cannot be read"),
        (packed("image.npy", as_npy(IMAGES)[:-5]), "cannot be read"),
        (packed("image.npy", as_npy(np.array([print]), allow_pickle=True)), "allow_pickle"),
        (packed("image.npy", as_npy(np.zeros(0, "M8[s]"))), "holds no numbers"),
        (packed("image.npy", npy_of("(10**6, 9)")), "cannot be read"),
        (packed("image.npy", npy_of("(1000000, 320, 320, 1)")), "does not fit in 131 bytes"),
        (packed("image.npy", npy_of("(" + "9" * 30 + ", 0)")), "does not fit"),
        (packed("image.npy", npy_of("(-3, 4)")), "its shape is"),
        (packed("image.npy", npy_of("(True, 3)")), "its shape is"),
        (packed("image.npy", npy_of("(1000000000,)", "|S0")), "does not fit"),
        (packed("image.npy", npy_of("(3,", "|u1")), "cannot be read"),
        (packed("image.npy", b"\x93NUMPY\x02\x00" + (9000).to_bytes(4, "little") + b"(" * 9000), "cannot be read"),
        (packed("image.npy", as_npy(IMAGES).replace(b"NUMPY\x01", b"NUMPY\x03")), "version 1.0 or 2.0"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path, setting, content, text):
    (tmp_path / "mine.npz").write_bytes(content)
    with pytest.raises(CnnGraphError, match=text) as caught:
        load_data(setting("arrays", "mine.npz"), tmp_path)
    assert caught.value.diagnostics[0].code == "E0701"


def test_what_is_too_large_is_not_read(tmp_path, setting, monkeypatch):
    monkeypatch.setattr(array_files, "MAX_BYTES", 300)
    np.savez_compressed(tmp_path / "mine.npz", image=np.zeros((20, 4, 5, 1), np.uint8))
    with pytest.raises(CnnGraphError, match="1 arrays of 528 bytes; 300 bytes can be read"):
        load_data(setting("arrays", "mine.npz"), tmp_path)
    save_file({"image": IMAGES}, tmp_path / "mine.safetensors")
    with pytest.raises(CnnGraphError, match="more than 300 bytes"):
        load_data(setting("arrays", "mine.safetensors"), tmp_path)


def test_what_is_packed_too_well_is_not_read(tmp_path, setting, monkeypatch):
    monkeypatch.setattr(array_files, "PACKED_BYTES", 10_000)
    pictures = np.zeros((20, 100, 100, 1), np.uint8)
    np.savez_compressed(tmp_path / "mine.npz", image=pictures)
    with pytest.raises(CnnGraphError, match="packed more than 100 times: 200,128 bytes"):
        load_data(setting("arrays", "mine.npz"), tmp_path)
    np.savez(tmp_path / "mine.npz", image=pictures)
    assert load_data(setting("arrays", "mine.npz"), tmp_path).train.images.shape == (16, 100, 100, 1)


def test_a_file_that_is_missing_or_of_another_kind(tmp_path, setting):
    for name, text in (("mine.npz", "no such file"), ("mine.safetensors", "no such file"), ("mine.npy", "end in")):
        with pytest.raises(CnnGraphError, match=text):
            load_data(setting("arrays", name), tmp_path)
    (tmp_path / "mine.safetensors").write_bytes(b"nothing")
    with pytest.raises(CnnGraphError, match="E0701"):
        load_data(setting("arrays", "mine.safetensors"), tmp_path)


def test_numbers_that_numpy_does_not_know_are_refused(tmp_path, setting):
    header = b'{"image":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}'
    (tmp_path / "mine.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))
    with pytest.raises(CnnGraphError, match="E0701") as caught:
        load_data(setting("arrays", "mine.safetensors"), tmp_path)
    # another package may have taught NumPy these numbers
    assert re.search("mine.safetensors: NumPy does not know|image holds no numbers, but bfloat16", str(caught.value))
