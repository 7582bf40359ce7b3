"""No run is lost: files that are damaged, of another net or cannot be written are told, with what is still sound."""

from __future__ import annotations

import resource
import signal
from pathlib import Path

import numpy as np
import pytest

from cnngraph import loads
from cnngraph.diagnostics import CnnGraphError
from cnngraph.interop import whole_file
from cnngraph.train.checkpoint import fingerprint, load_checkpoint
from cnngraph.train.fit import fit
from cnngraph.train.rounds import Rounds
from cnngraph.train.saving import best_path


@pytest.fixture
def saved(tmp_path, spec, digits):
    path = tmp_path / "tiny.safetensors"
    fit(spec, digits, output=path, epochs=2)
    return path


def damage(path):
    content = bytearray(path.read_bytes())
    content[-100] ^= 16
    path.write_bytes(content)


def refused(spec, digits, path, **options):
    with pytest.raises(CnnGraphError) as caught:
        fit(spec, digits, resume_from=path, **options)
    assert {d.code for d in caught.value.diagnostics} == {"E0703"}
    return str(caught.value)


def cut(path):
    path.write_bytes(path.read_bytes()[:3000])


@pytest.mark.parametrize("harm", [damage, cut, Path.unlink])
def test_a_damaged_file_is_told_and_the_sound_one_named(saved, spec, digits, harm):
    harm(saved)
    text = refused(spec, digits, saved)
    best = best_path(saved)
    assert f"{saved}: " in text
    assert f"{best} is sound, the state after epoch 2: go on with --resume {best}" in text
    history = fit(spec, digits, resume_from=best)
    assert [row.number for row in history.rows] == [1, 2, 3]


def test_both_are_damaged(saved, spec, digits):
    damage(saved)
    damage(best_path(saved))
    for path in (saved, best_path(saved)):
        text = refused(spec, digits, path)
        assert "no number in it can be trusted" in text
        assert "is sound" not in text


@pytest.mark.parametrize("layers", ["dense(10) -> softmax -> scale(2)", "dense(9) -> softmax", "dense(10) -> sigmoid"])
def test_a_net_that_has_changed_is_told_before_its_weights(saved, make_spec, digits, layers):
    other = make_spec(loss="mse(class, class)", **{"class": layers})
    text = refused(other, digits, saved)
    assert "the network tiny has changed since this was written" in text
    assert f"--weights {saved}, without --resume" in text


def test_what_may_change(saved, make_spec, digits):
    other = make_spec(loss="cross_entropy(class, label, smoothing = 0.1)", augment="shift(2)", epochs="3",
                      optimizer="sgd(lr = 0.01, momentum = 0.9)",
                      **{"class": "dense(10) -> softmax on gpu0"})  # fmt: skip
    assert len(fit(other, digits, resume_from=saved).rows) == 3


def test_a_fingerprint_is_of_the_net_alone(make_spec, spec):
    assert fingerprint(make_spec(loss="mse(class, class)").graph) == fingerprint(spec.graph)
    assert fingerprint(make_spec(**{"class": "dense(9) -> softmax", "loss": "mse(class, class)"}).graph) != fingerprint(
        spec.graph
    )


def test_a_full_disk_ends_the_run_and_leaves_the_state_before(saved, spec, digits):
    before = saved.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, hard))
    try:
        text = refused(spec, digits, saved, output=saved)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert f"{best_path(saved)}: the weights cannot be written: File too large" in text
    assert f"{best_path(saved)} is as it was before" in text
    assert saved.read_bytes() == before
    assert {path.name for path in saved.parent.iterdir()} == {saved.name, best_path(saved).name}
    assert len(fit(spec, digits, output=saved, resume_from=saved).rows) == 3


def test_what_a_killed_run_left_is_swept(saved, spec, digits, monkeypatch):
    left = [path.with_name(f".{path.name}.999999999") for path in (saved, best_path(saved))]
    for path in left:
        path.touch()
    monkeypatch.setattr(whole_file, "_is_running", lambda process: process != 999999999)
    fit(spec, digits, output=saved, resume_from=saved)
    assert not any(path.exists() for path in left)


def test_a_weight_that_is_no_number_is_never_saved(saved, spec, digits, monkeypatch):
    """The loss stays a number: a batch after an overflow may not meet it before the next save."""
    run, steps = Rounds.run, []

    def overflowing(self, feeds, rate, epoch, batch):
        found = run(self, feeds, rate, epoch, batch)
        steps.append(batch)
        if len(steps) == 4:
            self.states["class.dense.bias"][3] = -np.inf
        return found

    monkeypatch.setattr(Rounds, "run", overflowing)
    with pytest.raises(CnnGraphError, match=r"E0704.*class.dense.bias is no number any more in epoch 3, step 4 of 12"):
        fit(spec, digits, output=saved, resume_from=saved, save_every=4)
    states, checkpoint = load_checkpoint(saved)
    assert (checkpoint.position.epoch, checkpoint.position.step) == (2, 0)
    assert all(np.isfinite(value).all() for value in states.values())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_who_asks_to_end_is_told(spec, digits, tmp_path, number):
    def stop(progress):
        if progress.step == 5:
            signal.raise_signal(number)

    before = signal.getsignal(number)
    history = fit(spec, digits, on_progress=stop, output=tmp_path / "part")
    assert (history.interrupted, history.signal) == (True, number)
    assert load_checkpoint(tmp_path / "part")[1].position.step == 5
    assert signal.getsignal(number) is before


TWO_STEPS = """cnn 1
net made(z: 6, real: 1@8x8) {
  shared G = dense(64) -> batchnorm -> tanh -> reshape(1@8x8)
  shared D = flatten -> dense(12) -> leaky_relu(0.2) -> dropout(0.2) -> dense(1) -> sigmoid
  let fake = z -> G
  let p_fake = fake -> D
  let p_real = real -> D
  return fake, p_fake, p_real
}
train made {
  data: digits(batch = 60, limit = 300)
  noise: normal(z)
  optimizer: adam(lr = 1e-3)
  average: ema(0.9)
  epochs: 2
  step discriminate { update: D; loss: bce(p_real, 1) + bce(p_fake, 0) }
  step forge { update: G; loss: bce(p_fake, 1) }
}
"""


def test_steps_in_turn_with_noise_go_on_to_the_same_bytes(tmp_path):
    net, seen = loads(TWO_STEPS), []

    def stop(progress):
        seen.append(progress)
        if (progress.epoch, progress.step) == (2, 3):
            raise KeyboardInterrupt

    whole, part = tmp_path / "whole", tmp_path / "part"
    history = net.fit(output=whole)
    net.fit(output=part, on_progress=stop)
    net.fit(output=part, resume_from=part)
    assert part.read_bytes() == whole.read_bytes()
    assert set(history.rows[0].losses) == {"discriminate", "forge"}
    assert sum(history.rows[0].losses.values()) == pytest.approx(history.rows[0].loss)
    assert seen[0].losses.keys() == history.rows[0].losses.keys()
