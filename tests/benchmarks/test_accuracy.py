from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the peer is PyTorch")

from benchmarks.accuracy.__main__ import main
from benchmarks.accuracy.comparison import OURS, THEIRS, Accuracies, Speeds
from benchmarks.accuracy.recipe import Recipe
from benchmarks.accuracy.sides import Ours, Theirs
from cnngraph.autodiff.step import RATE
from cnngraph.data.dataset import labelled
from cnngraph.net import loads
from cnngraph.train.fit import fit

NET = """
net small(image: 1@16x16) {
  conv(5, 3x3, same, bias = false) -> batchnorm -> relu -> maxpool(2x2)
  conv(6, 3x3/2) -> tanh -> flatten
  output: dense(10) -> softmax
}
train small {
  data:      digits(size = 16, batch = 32)
  augment:   shift(1)
  loss:      cross_entropy(output, label)
  optimizer: sgd(lr = 0.1, momentum = 0.9, weight_decay = 0.001)
  schedule:  cosine(warmup = 1)
  decay:     matrices
  epochs:    2
}
"""


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    found = Recipe.of(loads(NET), None, seed=3)
    data = found.data
    few = labelled(data.train.images[:100], data.train.labels[:100])
    return replace(found, data=replace(data, train=few))


@pytest.mark.parametrize("layout", ["contiguous", "channels_last"])
def test_both_sides_learn_the_same(recipe: Recipe, layout: str) -> None:
    ours, theirs = Ours(recipe, 1), Theirs(recipe, 1, layout)
    found = [(ours.step(feeds), theirs.step(feeds)) for epoch in range(2) for feeds in recipe.epoch(epoch)]
    assert len(found) == 8
    assert all(own == pytest.approx(other, rel=1e-3) for own, other in found)
    assert found[-1][0] < found[0][0]
    assert abs(ours.errors() - theirs.errors()) <= 3


def test_ours_is_what_a_training_run_gives(recipe: Recipe) -> None:
    ours = Ours(recipe, 1)
    for epoch in range(2):
        for feeds in recipe.epoch(epoch):
            ours.step(feeds)
    states = fit(recipe.spec, recipe.data, epochs=2).states
    assert all(np.array_equal(states[name], value) for name, value in ours.runner.states.items())


def test_the_rate_follows_the_schedule(recipe: Recipe) -> None:
    rates = [float(feeds[RATE]) for feeds in recipe.epoch(0)]
    assert rates[0] == 0
    assert rates == sorted(rates)


def test_what_the_peer_does_not_do_is_refused() -> None:
    with pytest.raises(ValueError, match="trained by sgd"):
        Recipe.of(loads(NET.replace("sgd(lr = 0.1, momentum = 0.9, weight_decay = 0.001)", "adam(lr = 0.1)")), None, 0)


def test_accuracies_are_equal_within_a_band() -> None:
    near = Accuracies("net", 2, (0, 1), 1000, {OURS: (100, 110), THEIRS: (104, 100)})
    assert near.apart == pytest.approx(-0.003)
    assert near.band == pytest.approx(2 * (2 * 0.1035 * 0.8965 / 2000) ** 0.5)
    assert "| cnngraph | 100 | 110 | 105 | 89.50% |" in str(near)
    assert "equal" in str(near)
    far = replace(near, errors={OURS: (100, 110), THEIRS: (200, 210)})
    assert not far.equal


def test_the_table_of_seconds() -> None:
    times = {OURS: (1.0, 3.0), "PyTorch, contiguous": (2.0, 2.0), "PyTorch, channels_last": (4.0, 4.0)}
    lines = str(Speeds("net", 5, 2, times, times)).splitlines()
    assert lines[3].startswith("| cnngraph | 2.000 s (1.000-3.000) | 1.00 (0.50-1.50) |")


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, target = tmp_path / "net.cnn", tmp_path / "found.json"
    file.write_text(NET)
    words = f"--net {file} --seeds 0 --epochs 1 --rounds 1 --steps 2 --threads 1 --json {target}"
    assert main(words.split()) in (0, 1)
    assert "errors of 297 after 1 epochs" in capsys.readouterr().out
    assert '"alone"' in target.read_text()
