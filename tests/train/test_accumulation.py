"""`accumulate: 4` is the step of a batch four times as large, up to rounding."""

from __future__ import annotations

import numpy as np
import pytest

from cnngraph.diagnostics import CnnGraphError
from cnngraph.elaborate.modules import load_text
from cnngraph.elaborate.training import training
from cnngraph.train.checkpoint import load_checkpoint
from cnngraph.train.fit import fit

PLAIN = """cnn 1
net tiny(image: 1@8x8) {
  conv(8, 3x3, same) -> relu -> maxpool(2x2)
  flatten
  class: dense(10) -> softmax
}
train tiny {
  data: digits(limit = 600)
  optimizer: sgd(lr = 0.05, momentum = 0.9)
  schedule: cosine
  clip: norm(1)
  epochs: 2
  seed: 7
  BATCH
}
"""


def trained(digits, batch, **options):
    return fit(training(load_text(PLAIN.replace("BATCH", batch))), digits, **options)


def test_it_is_a_larger_batch(digits):
    large, added, small = (trained(digits, text) for text in ("batch: 100", "batch: 25\naccumulate: 4", "batch: 25"))
    for name, value in large.states.items():
        np.testing.assert_allclose(added.states[name], value, rtol=2e-4, atol=2e-6)
    assert any(abs(small.states[name] - value).max() > 1e-3 for name, value in large.states.items())
    assert added.rows[-1].loss == pytest.approx(large.rows[-1].loss, rel=1e-5)


def test_steps_are_those_of_the_larger_batch(digits):
    seen = []
    trained(digits, "batch: 25\naccumulate: 4", epochs=1, on_progress=seen.append)
    assert [progress.step for progress in seen] == [1, 2, 3, 4, 5, 6, 6]


def test_it_goes_on_where_it_stopped(tmp_path, digits):
    def stop(progress):
        if (progress.epoch, progress.step) == (2, 3):
            raise KeyboardInterrupt

    batch = "batch: 25\naccumulate: 4"
    trained(digits, batch, output=tmp_path / "whole")
    trained(digits, batch, output=tmp_path / "part", on_progress=stop)
    assert load_checkpoint(tmp_path / "part")[1].position.step == 3
    trained(digits, batch, output=tmp_path / "part", resume_from=tmp_path / "part")
    assert (tmp_path / "part").read_bytes() == (tmp_path / "whole").read_bytes()


def test_several_steps_do_not_wait_for_each_other(digits):
    steps = "accumulate: 2\nstep a { loss: cross_entropy(class, label) }\nstep b { loss: mse(class, class) }"
    with pytest.raises(CnnGraphError, match=r"E0112.*taken in turn on each batch, and gradients do not wait"):
        trained(digits, steps)
