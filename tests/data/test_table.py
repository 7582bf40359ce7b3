"""Tables of picture files and of what is known of each."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from cnngraph.data.dataset import Rows
from cnngraph.data.sources import load_data
from cnngraph.diagnostics import CnnGraphError


@pytest.fixture
def folder(tmp_path):
    """Ten grey pictures of different shades, and one beside the folder."""
    (tmp_path / "kept" / "pictures").mkdir(parents=True)
    for shade in range(10):
        Image.new("L", (6, 5), 20 * shade).save(tmp_path / "kept" / "pictures" / f"{shade}.png")
    Image.new("L", (6, 5)).save(tmp_path / "beside.png")
    return tmp_path / "kept"


def write(folder, header, line, count=10, name="faces.csv"):
    rows = "\n".join(line.format(i=i, half=i // 2, kind="eo"[i % 2], tenth=i / 10) for i in range(count))
    (folder / name).write_text(f"{header}\n{rows}\n", encoding="utf-8-sig")


@pytest.mark.parametrize("megabytes", [1000, 0])
def test_pictures_and_classes_of_a_table(folder, setting, megabytes):
    write(folder, "image,label", "pictures/{i}.png,{kind}")
    data = load_data(setting("table", "faces.csv", 4, grey=True, megabytes=megabytes), folder)
    assert data.class_names == ("e", "o")
    assert (len(data.train), len(data.test)) == (8, 2)
    assert isinstance(data.train.images, np.ndarray if megabytes else Rows)
    shades = data.train.images[np.arange(8)][:, 0, 0, 0] // 20
    assert np.array_equal(shades % 2, data.train.labels)
    assert data.train.images.shape == (8, 4, 4, 1)


def test_columns_feed_inputs_of_their_names(folder, setting):
    line = "pictures/{i}.png\t{kind}\t{tenth}\t{i}\t{kind}\t{half}\t{i}"
    write(folder, "path\tkind\tage\tid\tweather\tbox.1\tbox.0", line, name="faces.tsv")
    data = load_data(setting("table", "faces.tsv", 4, image="path", label="kind", test=0.5), folder)
    columns = data.train.columns
    assert {name: (column.shape[1:], column.dtype.name) for name, column in columns.items()} == {
        "image": ((4, 4, 3), "uint8"), "label": ((), "int64"), "age": ((1,), "float32"), "id": ((), "int64"),
        "weather": ((), "int64"), "box": ((2,), "float32"),
    }  # fmt: skip
    assert np.array_equal(columns["box"], np.stack([columns["id"], columns["id"] // 2], axis=1))
    assert np.array_equal(columns["age"][:, 0], (columns["id"] / 10).astype(np.float32))
    assert np.array_equal(columns["weather"], columns["label"])


def test_a_column_says_the_parts(folder, setting):
    write(folder, "label,x,split", "{half},{tenth},train")
    lines = (folder / "faces.csv").read_text().splitlines()
    (folder / "faces.csv").write_text("\n".join([*lines[:7], "3,1,test", "4,1,validation", "0,1.5,test"]))
    data = load_data(setting("table", "faces.csv", image=""), folder)
    assert {name: len(part) for name, part in data.parts.items()} == {"train": 6, "validation": 1, "test": 2}
    assert data.test.columns["x"].tolist() == [[1.0], [1.5]]
    assert (data.class_names, data.preprocessing) == (("0", "1", "2", "3", "4"), None)


def test_pictures_outside_the_folder_are_read_when_that_is_said(folder, setting):
    write(folder, "image,label", "../beside.png,{kind}")
    with pytest.raises(CnnGraphError, match=r"beside\.png is outside the folder of the table"):
        load_data(setting("table", "faces.csv", 4), folder)
    assert len(load_data(setting("table", "faces.csv", 4, outside=True), folder).train) == 8
    (folder / "pictures" / "link.png").symlink_to(folder.parent / "beside.png")
    for name in ("pictures/link.png", str(folder.parent / "beside.png")):
        write(folder, "image,label", f"{name},{{kind}}")
        with pytest.raises(CnnGraphError, match="outside"):
            load_data(setting("table", "faces.csv", 4), folder)


@pytest.mark.parametrize(
    ("header", "line", "text"),
    [
        ("image,label", "pictures/{i}.png", "not so many are in line 2, 3, 4, 5, 6 and more"),
        ("image,image", "a,b", "a name of its own"),
        ("image,", "a,b", "a name of its own"),
        ("path,label", "a,b", "no column image, but path, label"),
        ("image,label,split", "pictures/{i}.png,{kind},tets", "train, validation, test, not 'tets'"),
        ("image,label,split", "pictures/{i}.png,{kind},test", "no line is of the split train"),
        ("image,box.1", "pictures/{i}.png,{i}", "lack box.0"),
        ("image,box.0,box.1", "pictures/{i}.png,{i},{kind}", "box.1 of box holds texts"),
        ("image,label", "pictures/{i}.png,{tenth}", "whole numbers or texts"),
        ("image,label", "pictures/{i}0.png,{kind}", "no such picture"),
        ("image,label", ",{kind}", "image holds '', which is no path"),
        ("image,label", "a\0,{kind}", "which is no path"),
        ("image;label", "pictures/{i}.png;{kind}", "has no ',', but ';'"),
        ("image,age", "pictures/{i}.png,1{kind:.{half}}", "the column age holds numbers, but also '1"),
    ],
)
def test_wrong_tables_are_refused(folder, setting, header, line, text):
    write(folder, header, line)
    with pytest.raises(CnnGraphError, match=text) as caught:
        load_data(setting("table", "faces.csv", 4), folder)
    assert {d.code for d in caught.value.diagnostics} == {"E0701"}


@pytest.mark.parametrize(
    ("header", "given"), [("path,image", {"image": "path"}), ("image,label,kind", {"label": "kind"})]
)
def test_a_column_that_stands_for_another_is_the_only_one(folder, setting, header, given):
    write(folder, header, "pictures/{i}.png" + ",{kind}" * header.count(","))
    with pytest.raises(CnnGraphError, match=r"but there is a column (image|label) too"):
        load_data(setting("table", "faces.csv", 4, **given), folder)


def test_all_missing_pictures_are_told_at_once(folder, setting):
    write(folder, "image,label", "pictures/{i}.png,{kind}", 13)
    for megabytes in (1000, 0):
        with pytest.raises(CnnGraphError) as caught:
            load_data(setting("table", "faces.csv", 4, megabytes=megabytes), folder)
        assert len(caught.value.diagnostics) == 3


@pytest.mark.parametrize(
    "content", [b"", b"image,label\n", b"image,label\n\xff\xfe,a\n", b'image,label\n"' + b"a" * 200_000]
)
def test_what_is_no_table_is_refused(folder, setting, content):
    (folder / "faces.csv").write_bytes(content)
    with pytest.raises(CnnGraphError, match="E0701"):
        load_data(setting("table", "faces.csv", 4), folder)
    with pytest.raises(CnnGraphError, match="no such table"):
        load_data(setting("table", "none.csv", 4), folder)
