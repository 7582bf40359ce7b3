"""Data sets: splits, limits, normalization, pictures in folders."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from cnngraph.data.dataset import Preprocessing, Rows, dataset, labelled
from cnngraph.data.sources import load_data
from cnngraph.diagnostics import CnnGraphError


def test_digits_are_all_there_and_split_by_the_seed(setting):
    first, second = (load_data(setting("digits"), seed=seed) for seed in (0, 1))
    assert (len(first.train), len(first.test)) == (1500, 297)
    together = np.concatenate([first.train.labels, first.test.labels])
    assert np.bincount(together).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert not np.array_equal(first.test.images, second.test.images)
    assert np.array_equal(first.test.images, load_data(setting("digits"), seed=0).test.images)


def test_digits_grow_to_any_size(setting):
    data = load_data(setting("digits", size=32, limit=20))
    assert data.train.images.shape == (20, 32, 32, 1)
    assert len(data.test) == 297
    assert data.preprocessing.height == 32


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("pad", [0, 2])
def test_normalized_training_images_have_mean_0_and_deviation_1(dtype, pad):
    values = np.random.default_rng(0).integers(0, 200, (30, 5, 4, 3), np.uint8)
    images = values if dtype == np.uint8 else values.astype(np.float32) / 255
    part = labelled(images, np.zeros(30, np.int64))
    data = dataset(part, part, ("only",), pad=pad)
    x = data.preprocessing.normalized(data.train.images)
    assert x.dtype == np.float32
    assert x.mean(axis=(0, 1, 2)) == pytest.approx(0, abs=1e-5)
    assert x.std(axis=(0, 1, 2)) == pytest.approx(1, abs=1e-4)


def test_without_normalization_numbers_go_from_0_to_1(setting):
    data = load_data(setting("digits", normalize=False))
    x = data.preprocessing.normalized(data.train.images)
    assert (x.min(), x.max()) == (0, 1)


def test_one_even_colour_is_no_division_by_zero():
    part = labelled(np.full((3, 2, 2, 1), 9, np.uint8), np.zeros(3, np.int64))
    assert dataset(part, part, ("only",)).preprocessing.std == (1.0,)


def test_preprocessing_goes_through_text():
    how = Preprocessing(28, 30, 3, 2, (0.1, 0.2, 0.3), (1.0, 0.5, 0.25))
    assert Preprocessing.from_json(how.to_json()) == how


def test_parts_must_fit_together():
    with pytest.raises(CnnGraphError, match="E0701"):
        labelled(np.zeros((2, 3, 3), np.uint8), np.zeros(2, np.int64))
    with pytest.raises(CnnGraphError, match="E0701"):
        labelled(np.zeros((2, 3, 3, 1), np.uint8), np.zeros(3, np.int64))


def write_pictures(folder, count=6):
    for shade, name in ((30, "dark"), (220, "light")):
        (folder / name).mkdir(parents=True)
        for i in range(count):
            Image.new("RGB", (9 + i, 12), (shade + i,) * 3).save(folder / name / f"{i}.png")


def test_pictures_in_folders(tmp_path, setting):
    write_pictures(tmp_path)
    data = load_data(setting("images", str(tmp_path), size=4))
    assert data.class_names == ("dark", "light")
    assert (len(data.train), len(data.test)) == (10, 2)
    assert data.train.images.shape == (10, 4, 4, 3)
    assert np.array_equal(data.train.images.mean(axis=(1, 2, 3)) > 128, data.train.labels == 1)


def test_pictures_with_parts_of_their_own(tmp_path, setting):
    write_pictures(tmp_path / "train")
    write_pictures(tmp_path / "test", 3)
    data = load_data(setting("images", tmp_path.name, size=4, grey=True), tmp_path.parent)
    assert (len(data.train), len(data.test)) == (12, 6)
    assert data.train.images.shape[-1] == 1


@pytest.mark.parametrize("validation", [True, False])
def test_a_limit_leaves_pictures_of_all_classes(tmp_path, setting, validation):
    write_pictures(tmp_path / "train")
    write_pictures(tmp_path / "test", 3)
    if validation:
        write_pictures(tmp_path / "validation", 3)
    data = load_data(setting("images", str(tmp_path), size=4, limit=4))
    assert np.bincount(data.train.labels).tolist() == [2, 2]
    assert np.array_equal(data.train.images.mean(axis=(1, 2, 3)) > 128, data.train.labels == 1)


def test_all_wrong_pictures_are_said_at_once(tmp_path, setting):
    write_pictures(tmp_path)
    for name in ("dark", "light"):
        (tmp_path / name / "7.png").write_bytes(b"no picture")
    for megabytes in (1000, 0):
        with pytest.raises(CnnGraphError) as caught:
            load_data(setting("images", str(tmp_path), size=4, megabytes=megabytes))
        assert [d.code for d in caught.value.diagnostics] == ["E0701", "E0701"]
        assert [name in str(caught.value) for name in ("dark", "light")] == [True, True]


def test_hidden_files_and_other_files_are_no_pictures(tmp_path, setting):
    write_pictures(tmp_path)
    for name in ("._0.png", "notes.txt", ".hidden.jpg"):
        (tmp_path / "dark" / name).write_bytes(b"no picture")
    (tmp_path / ".git").mkdir()
    data = load_data(setting("images", str(tmp_path), size=4))
    assert (len(data.train) + len(data.test), len(data.class_names)) == (12, 2)


def test_pictures_that_are_not_kept_are_the_same(tmp_path, setting):
    write_pictures(tmp_path)
    kept, read = (load_data(setting("images", str(tmp_path), size=4, megabytes=m, validate=0.3)) for m in (1000, 0))
    assert isinstance(kept.train.images, np.ndarray)
    assert isinstance(read.train.images, Rows)
    assert kept.preprocessing == read.preprocessing
    for name, part in kept.parts.items():
        everything = np.arange(len(part))
        assert np.array_equal(part.images[everything], read.parts[name].images[everything])
        assert np.array_equal(part.labels, read.parts[name].labels)


def test_a_picture_that_is_cut_off_is_told_when_it_is_needed(tmp_path, setting):
    write_pictures(tmp_path)
    path = tmp_path / "dark" / "0.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:1000])
    data = load_data(setting("images", str(tmp_path), size=4, megabytes=0, normalize=False))
    with pytest.raises(CnnGraphError, match=r"0\.png: the picture cannot be read"):
        [part.images[np.arange(len(part))] for part in data.parts.values()]


def test_a_folder_may_hold_a_part_to_choose_by(tmp_path, setting):
    for name, count in (("train", 6), ("validation", 4), ("test", 3)):
        write_pictures(tmp_path / name, count)
    data = load_data(setting("images", str(tmp_path), size=4))
    assert {name: len(part) for name, part in data.parts.items()} == {"train": 12, "validation": 8, "test": 6}
    (tmp_path / "test" / "middle").mkdir()
    with pytest.raises(CnnGraphError, match="has the class middle"):
        load_data(setting("images", str(tmp_path), size=4))


def test_a_folder_may_have_no_part_to_test_with(tmp_path, setting):
    write_pictures(tmp_path / "train", 10)
    write_pictures(tmp_path / "val", 4)
    data = load_data(setting("images", str(tmp_path), size=4, test=0.25))
    assert {name: len(part) for name, part in data.parts.items()} == {"train": 15, "validation": 8, "test": 5}


def test_a_class_may_be_called_train(tmp_path, setting):
    write_pictures(tmp_path, 10)
    (tmp_path / "dark").rename(tmp_path / "train")
    (tmp_path / "light").rename(tmp_path / "test")
    assert load_data(setting("images", str(tmp_path), size=4)).class_names == ("test", "train")


@pytest.mark.parametrize("name", ["digits", "images", "placed_digits"])
def test_a_share_of_the_training_part_is_held_back(tmp_path, setting, name):
    write_pictures(tmp_path)
    given = {"images": {"folder": ".", "size": 4}, "placed_digits": {"count": 200, "tests": 5}}.get(name, {})
    whole, held = (load_data(setting(name, validate=share, **given), tmp_path, seed=3) for share in (0, 0.2))
    assert len(held.validation) == round(0.2 * len(whole.train))
    assert len(held.train) + len(held.validation) == len(whole.train)
    assert np.array_equal(held.test.labels, whole.test.labels)
    counts = np.bincount(held.validation.labels) / np.bincount(whole.train.labels)
    assert np.abs(counts - 0.2).max() < 0.05


@pytest.mark.parametrize("wrong", [{"validate": 1}, {"validate": -0.1}])
def test_a_share_is_a_share(setting, wrong):
    with pytest.raises(CnnGraphError, match="E0108"):
        load_data(setting("digits", **wrong))
    with pytest.raises(CnnGraphError, match="test is more than 0"):
        load_data(setting("images", "x", size=4, test=0))
