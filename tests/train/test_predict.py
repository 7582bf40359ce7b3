"""Pictures of any size through a trained network."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from cnngraph.data.picture import read_picture
from cnngraph.data.sources import load_data
from cnngraph.diagnostics import CnnGraphError
from cnngraph.elaborate.modules import load_text
from cnngraph.elaborate.training import training
from cnngraph.train.checkpoint import load_checkpoint
from cnngraph.train.evaluate import evaluate
from cnngraph.train.fit import fit
from cnngraph.train.predict import network_of, predict


@pytest.fixture(scope="module")
def trained(tmp_path_factory, make_spec):
    """(spec, data, weights)."""
    path = tmp_path_factory.mktemp("predict") / "tiny.safetensors"
    spec = make_spec(data="digits", optimizer="sgd(lr = 0.03, momentum = 0.9)")
    data = load_data(spec.data, seed=7)
    fit(spec, data, output=path, epochs=8)
    return spec, data, path


def test_pictures_of_the_data_get_the_class_that_evaluation_gives_them(trained, tmp_path):
    spec, data, weights = trained
    paths = [tmp_path / f"{i}.png" for i in range(len(data.test))]
    for path, image in zip(paths, data.test.images, strict=True):
        Image.fromarray(image[..., 0]).save(path)
    found = predict(spec.graph, weights, paths, top=3)
    assert [p.path for p in found] == paths
    correct = sum(p.classes[0][0] == str(label) for p, label in zip(found, data.test.labels, strict=True))
    assert correct == evaluate(spec, data, load_checkpoint(weights)[0]).correct
    assert all(len(p.classes) == 3 and p.classes[0][1] >= p.classes[1][1] >= p.classes[2][1] for p in found)


@pytest.mark.parametrize(
    ("mode", "suffix"), [("L", "png"), ("RGB", "jpg"), ("RGBA", "png"), ("P", "gif"), ("1", "bmp")]
)
def test_any_size_and_kind_of_picture_is_taken(trained, tmp_path, mode, suffix):
    spec, data, weights = trained
    path = tmp_path / f"seen.{suffix}"
    place = int(np.flatnonzero(data.test.labels == 0)[0])
    Image.fromarray(data.test.images[place, :, :, 0]).resize((90, 110)).convert(mode).save(path)
    (found,) = predict(spec.graph, weights, [path], top=99)
    assert len(found.classes) == 10
    assert sum(p for _, p in found.classes) == pytest.approx(1, abs=1e-5)
    assert found.classes[0][0] == "0"


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + bytes(30)])
def test_what_is_no_picture_is_refused(trained, tmp_path, content):
    spec, _, weights = trained
    path = tmp_path / "wrong.png"
    path.write_bytes(content)
    for wrong in (path, tmp_path / "missing.png", tmp_path):
        with pytest.raises(CnnGraphError, match="E0701"):
            predict(spec.graph, weights, [wrong])


def test_a_cut_off_picture_is_refused(trained, tmp_path):
    spec, _, weights = trained
    path = tmp_path / "cut.png"
    Image.effect_noise((64, 64), 50).save(path)
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(CnnGraphError, match="E0701"):
        predict(spec.graph, weights, [path])


def test_weights_of_another_net_are_refused(trained):
    text = "cnn 1\nnet other(image: 1@8x8) { flatten; out: dense(10) -> softmax }\n"
    other = training(load_text(text)).graph
    with pytest.raises(CnnGraphError, match="the weights of tiny predict class, which other has not"):
        predict(other, trained[2], [])
    text = text.replace("out:", "class:")
    with pytest.raises(CnnGraphError, match="E0703"):
        predict(training(load_text(text)).graph, trained[2], [])


def test_the_file_of_weights_carries_its_network(trained):
    spec, _, weights = trained
    graph = network_of(weights)
    assert list(graph.outputs) == [spec.prediction]
    assert all(node.op.name not in ("cross_entropy", "dropout") for node in graph)


def test_a_picture_that_is_not_there_is_said_in_words(tmp_path):
    with pytest.raises(CnnGraphError, match=r"nowhere\.png: there is no such picture"):
        read_picture(tmp_path / "nowhere.png", 8, 8, 1)
