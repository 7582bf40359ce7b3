"""A classifier out of a file, as a measure of pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cnngraph.data.sources import load_data
from cnngraph.diagnostics import CnnGraphError
from cnngraph.ir.op import rng
from cnngraph.net import loads
from cnngraph.train.features import classifier_of
from cnngraph.train.metrics.frechet import Frechet, frechet_distance
from cnngraph.train.metrics.inception_score import InceptionScore

NET = """cnn 1
net small(image: 1@8x8) { flatten -> dense(24) -> relu -> dropout(0.1); class: dense(10) -> softmax }
train small {
  data: digits(batch = 50)
  loss: cross_entropy(class, label)
  optimizer: sgd(lr = 0.1, momentum = 0.9)
  epochs: 3
}
"""


@pytest.fixture(scope="session")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("classifier") / "small.safetensors"
    loads(NET).fit(output=path)
    return path


def digits(count: int) -> np.ndarray:
    """Pictures of the training part, in 0..1."""
    data = load_data(loads(NET).training.data, seed=0)  # type: ignore[arg-type]
    images = data.train.images[np.arange(count)].astype(np.float32)
    return images / images.max()


def test_features_are_what_the_last_layer_reads(file: Path) -> None:
    features, probabilities = classifier_of(file).read(digits(130))
    assert features.shape == (130, 24)
    assert features.min() == 0  # after the relu
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)


def test_the_distance_is_that_of_the_definition() -> None:
    """Against the root of the product of two matrices that have the same eigenvectors, which is known."""
    numbers = rng(3)
    turn, _ = np.linalg.qr(numbers.normal(size=(4, 4)))
    white = numbers.normal(size=(5000, 4))
    white -= white.mean(axis=0)
    white = white @ np.linalg.inv(np.linalg.cholesky(np.cov(white, rowvar=False))).T
    first, second = (white * np.sqrt(scale) @ turn.T for scale in ([1, 2, 3, 4], [4, 1, 9, 1]))
    expected = sum((np.sqrt(a) - np.sqrt(b)) ** 2 for a, b in zip([1, 2, 3, 4], [4, 1, 9, 1], strict=True))
    assert frechet_distance(first, second + np.array([2, 0, 0, 0])) == pytest.approx(expected + 4, rel=1e-9)
    assert frechet_distance(first, first) == pytest.approx(0, abs=1e-9)


def test_real_pictures_are_nearer_to_real_ones_than_noise_is(file: Path) -> None:
    images, noise = digits(600), rng(1).random((300, 8, 8, 1)).astype(np.float32)

    def distance(made: np.ndarray, batch: int) -> float:
        metric, real = Frechet("fake", "image", str(file)), images[:300]
        sums = metric.begin()
        for start in range(0, 300, batch):
            part = slice(start, start + batch)
            sums = metric.add(sums, {"fake": made[part], "image": real[part]})
        return metric.figure(sums)

    assert distance(images[300:], 100) < 0.2 * distance(noise, 100)
    assert distance(noise, 100) == pytest.approx(distance(noise, 50), rel=1e-6)


def test_digits_score_more_than_noise(file: Path) -> None:
    images = digits(600)

    def score(made: np.ndarray) -> float:
        metric = InceptionScore("fake", str(file))
        return metric.figure(metric.add(metric.begin(), {"fake": made}))

    assert 6 < score(images) <= 10
    assert score(rng(1).random((300, 8, 8, 1)).astype(np.float32)) < 4
    assert score(images[:1].repeat(50, axis=0)) == pytest.approx(1)


def test_pictures_of_another_size_are_refused(file: Path) -> None:
    metrics = f'inception_score(image, "{file}") -> frechet(image, image, "{file}")'
    text = NET.replace("epochs: 3", f"epochs: 1; metrics: {metrics}")
    loads(text).fit()
    with pytest.raises(CnnGraphError, match=r"was trained on 1@8x8, not on 1@9x9") as caught:
        loads(text.replace("1@8x8", "1@9x9").replace("digits(", "digits(size = 9, ")).fit()
    assert {d.code for d in caught.value.diagnostics} == {"E0112"}


def test_a_classifier_that_is_not_there_is_asked_for(tmp_path: Path) -> None:
    text = NET.replace("epochs: 3", f'epochs: 1; metrics: inception_score(image, "{tmp_path}/none.safetensors")')
    with pytest.raises(CnnGraphError, match=r"there is no classifier .*none\.safetensors") as caught:
        loads(text).fit()
    assert caught.value.diagnostics[0].code == "E0703"


def test_a_distance_of_single_pictures_is_refused() -> None:
    with pytest.raises(CnnGraphError, match="two pictures or more"):
        frechet_distance(np.zeros((1, 3)), np.zeros((5, 3)))
