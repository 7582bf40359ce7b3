"""Pictures of any size through a trained network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from cnngraph.data.dataset import Preprocessing
from cnngraph.data.picture import read_picture
from cnngraph.diagnostics import CnnGraphError
from cnngraph.examine.classes import names_of, picture_files, predict, predictions_table
from cnngraph.examine.classifier import of_net, said_by, trained, usual_preprocessing, with_numbers
from cnngraph.net import loads

NET = """cnn 1
net tiny(image: 1@8x8) {
  conv(8, 3x3, same) -> relu -> maxpool(2x2) -> flatten -> dropout(0.1)
  class: dense(10) -> softmax
}

train tiny { data: digits; optimizer: sgd(lr = 0.03, momentum = 0.9); seed: 7 }
"""


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    """(net, data, weights)."""
    path = tmp_path_factory.mktemp("predict") / "tiny.safetensors"
    net = loads(NET)
    data = net.data()
    net.fit(data, output=path, epochs=8)
    return net, data, path


@pytest.fixture
def zero(learned, tmp_path):
    """A picture of a zero, as an array (8, 8)."""
    _, data, _ = learned
    return np.asarray(data.test.images)[int(np.flatnonzero(data.test.labels == 0)[0]), :, :, 0]


def test_pictures_of_the_data_get_the_class_that_evaluation_gives_them(learned, tmp_path):
    net, data, weights = learned
    paths = [tmp_path / f"{i:03}.png" for i in range(len(data.test))]
    for path, image in zip(paths, data.test.images, strict=True):
        Image.fromarray(image[..., 0]).save(path)
    found = predict(trained(weights), picture_files([tmp_path]), top=3)
    assert [p.path for p in found] == paths
    correct = sum(p.classes[0][0] == str(label) for p, label in zip(found, data.test.labels, strict=True))
    assert correct == net.evaluate(data).correct
    assert all(len(p.classes) == 3 and p.classes[0][1] >= p.classes[1][1] >= p.classes[2][1] for p in found)


@pytest.mark.parametrize(
    ("mode", "suffix"), [("L", "png"), ("RGB", "jpg"), ("RGBA", "png"), ("P", "gif"), ("1", "bmp"), ("I;16", "png")]
)
@pytest.mark.parametrize("size", [(90, 110), (8, 8), (300, 40)])
@pytest.mark.parametrize("patches", ["none", "ten"])
def test_any_size_and_kind_of_picture_is_taken(learned, zero, tmp_path, mode, suffix, size, patches):
    path = tmp_path / f"seen.{suffix}"
    image = Image.fromarray(zero).resize(size)
    deep = Image.fromarray(np.asarray(image).astype(np.uint16) << 8)
    (deep if mode == "I;16" else image.convert(mode)).save(path)
    (found,) = predict(trained(learned[2]), [path], top=99, patches=patches)
    assert len(found.classes) == 10
    assert sum(p for _, p in found.classes) == pytest.approx(1, abs=1e-5)
    if patches == "none":
        assert found.classes[0][0] == "0"


def test_a_picture_that_was_held_upside_down_is_turned(learned, tmp_path):
    _, data, weights = learned
    exif = Image.Exif()
    exif[0x0112] = 3
    paths = [tmp_path / "plain.png", tmp_path / "held.png"]
    seven = Image.fromarray(data.test.images[int(np.flatnonzero(data.test.labels == 7)[0]), :, :, 0])
    seven.save(paths[0])
    seven.rotate(180).save(paths[1], exif=exif)
    plain, held = predict(trained(weights), paths)
    assert plain.classes == held.classes


def test_pieces_are_averaged(learned, zero, tmp_path):
    Image.fromarray(zero).resize((64, 64)).save(tmp_path / "zero.png")
    classifier = trained(learned[2])
    views = classifier.views(tmp_path / "zero.png", "ten")
    assert views.shape == (10, 8, 8, 1)
    assert (views[5:] == views[:5, :, ::-1]).all()
    (found,) = predict(classifier, [tmp_path / "zero.png"], 10, "ten")
    mean = classifier.probabilities(views).mean(axis=0)
    assert dict(found.classes) == {str(k): float(p) for k, p in enumerate(mean)}


def test_pieces_are_as_large_as_those_of_training(learned, tmp_path):
    classifier = trained(learned[2])
    larger = replace(classifier, preprocessing=replace(classifier.preprocessing, height=12, width=12, frame=(8, 8)))
    image = np.random.default_rng(0).integers(0, 256, (12, 12), np.uint8)
    Image.fromarray(image).save(tmp_path / "noise.png")
    views = larger.views(tmp_path / "noise.png", "ten")
    assert views.shape == (10, 8, 8, 1)
    assert (views[0, :, :, 0] == image[:8, :8]).all()
    assert (larger.views(tmp_path / "noise.png", "centre")[0, :, :, 0] == image[2:10, 2:10]).all()


def test_the_centre_is_not_distorted(learned, tmp_path):
    wide = np.zeros((20, 60), np.uint8)
    wide[:, 20:40] = 200
    Image.fromarray(wide).save(tmp_path / "wide.png")
    (piece,) = trained(learned[2]).views(tmp_path / "wide.png", "centre")
    assert piece.min() > 100


def test_a_picture_too_thin_to_cut_pieces_from(learned, tmp_path):
    big = replace(trained(learned[2]), preprocessing=Preprocessing(224, 224, 1, 0, (0.0,), (1.0,)))
    Image.new("L", (20_000, 1)).save(tmp_path / "line.png")
    with pytest.raises(CnnGraphError, match=r"line\.png: a picture of 20000x1 is too thin"):
        big.views(tmp_path / "line.png", "ten")
    assert big.views(tmp_path / "line.png").shape == (1, 224, 224, 1)


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + bytes(30)])
def test_what_is_no_picture_is_refused(learned, tmp_path, content):
    path = tmp_path / "wrong.png"
    path.write_bytes(content)
    for wrong in (path, tmp_path / "missing.png"):
        with pytest.raises(CnnGraphError, match="E0701"):
            predict(trained(learned[2]), [wrong])


def test_a_cut_off_picture_is_refused(learned, tmp_path):
    path = tmp_path / "cut.png"
    Image.effect_noise((64, 64), 50).save(path)
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(CnnGraphError, match="E0701"):
        predict(trained(learned[2]), [path])


def test_weights_of_another_net_are_refused(learned):
    text = "net other(image: 1@8x8) { flatten; out: dense(10) -> softmax }\n"
    with pytest.raises(CnnGraphError, match="the weights of tiny predict class, which other has not"):
        trained(learned[2], loads(text).graph)
    with pytest.raises(CnnGraphError, match="E0703"):
        trained(learned[2], loads(text.replace("out:", "class:")).graph)


def test_the_file_of_weights_carries_its_network(learned):
    found = trained(learned[2])
    assert list(found.graph.outputs) == ["class"]
    assert all(node.op.name not in ("cross_entropy", "dropout") for node in found.graph)
    assert said_by(learned[2]).class_names == tuple("0123456789")


def test_a_net_with_weights_from_elsewhere(learned, zero, tmp_path):
    net, data, weights = learned
    other = loads(NET.replace("-> softmax", "") + "\n")  # gives scores, as nets of other tools do
    other.states = {name.replace("class.dense", "class"): value for name, value in net.states.items()}
    Image.fromarray(zero).save(tmp_path / "zero.png")
    how = with_numbers(usual_preprocessing(other.graph), data.preprocessing.mean, data.preprocessing.std)
    (told,) = predict(of_net(other, how, ("zero", "one")), [tmp_path / "zero.png"], 2)
    (known,) = predict(trained(weights), [tmp_path / "zero.png"], 2)
    assert told.classes[0][0] == "zero"
    assert told.classes[1][0] == known.classes[1][0]
    assert [p for _, p in told.classes] == pytest.approx([p for _, p in known.classes], abs=1e-6)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("net n(image: 1@8x8) = conv(4, 3x3)", "no output of n holds classes"),
        ("net n(a: 1@8x8, b: 1@8x8) = add(a, b) -> flatten -> dense(2)", "and not one picture"),
        ("net n(image: 5@8x8) = flatten -> dense(2)", "and not one picture"),
        ("net n(image: 1@HxW) = globalavgpool -> dense(2)", "which size?"),
        ("net n(image: 1@8x8) = flatten -> dense(2)", "has no weights"),
    ],
)
def test_what_cannot_classify_pictures(text, words):
    with pytest.raises(CnnGraphError, match=words):
        of_net(loads(text))


def test_an_open_size_is_given():
    graph = loads("net n(image: 1@HxW) = globalavgpool -> dense(2)").graph
    assert usual_preprocessing(graph, (30, 20)) == Preprocessing(30, 20, 1, 0, (0.0,), (1.0,))
    fixed = loads("net n(image: 3@8x8) = globalavgpool -> dense(2)").graph
    with pytest.raises(CnnGraphError, match="not 9x8"):
        usual_preprocessing(fixed, (9, 8))


@pytest.mark.parametrize("numbers", [(0.5, 0.5), (), (float("nan"),), (0.0,)])
def test_numbers_for_each_channel(numbers):
    how = Preprocessing(8, 8, 3, 0, (0.0,) * 3, (1.0,) * 3)
    assert with_numbers(how, (0.5,), (0.1, 0.2, 0.3)).mean == (0.5, 0.5, 0.5)
    with pytest.raises(CnnGraphError, match="`std` is one number"):
        with_numbers(how, None, numbers)


def test_names_of_classes(tmp_path):
    path = tmp_path / "names.txt"
    path.write_text("cat\n dog \n", encoding="utf-8")
    assert names_of(path, 2) == ("cat", "dog")
    for wrong in (b"\n", b"\xff\xfe\x00"):
        path.write_bytes(wrong)
        with pytest.raises(CnnGraphError, match="E0701"):
            names_of(path, 1)
    with pytest.raises(CnnGraphError, match="E0701"):
        names_of(tmp_path / "none.txt", 1)
    path.write_text("cat\ndog\n")
    with pytest.raises(CnnGraphError, match="2 lines for 10 classes"):
        names_of(path, 10)


def test_folders_and_patterns(tmp_path):
    for name in ("b.png", "a.jpg", "notes.txt", ".hidden.png"):
        (tmp_path / name).touch()
    assert picture_files([tmp_path]) == [tmp_path / "a.jpg", tmp_path / "b.png"]
    assert picture_files([tmp_path / "*.png"]) == [tmp_path / "b.png"]
    (tmp_path / "odd[1].png").touch()
    assert picture_files([tmp_path / "odd[1].png"]) == [tmp_path / "odd[1].png"]
    for none in (tmp_path / "*.gif", tmp_path.parent / "nowhere*"):
        with pytest.raises(CnnGraphError, match="there are no pictures"):
            picture_files([none])


def test_rows_for_programs(learned, zero, tmp_path):
    Image.fromarray(zero).save(tmp_path / "zero.png")
    table = predictions_table(predict(trained(learned[2]), [tmp_path / "zero.png"], 2))
    lines = table.csv().splitlines()
    assert lines[0] == "picture,rank,class,probability"
    assert lines[1].startswith(f"{tmp_path / 'zero.png'},1,0,0.9")


def test_a_picture_that_is_not_there_is_said_in_words(tmp_path):
    with pytest.raises(CnnGraphError, match=r"nowhere\.png: there is no such picture"):
        read_picture(tmp_path / "nowhere.png", 8, 8, 1)
