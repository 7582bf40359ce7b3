"""Training: it learns, repeats itself bit for bit, stops and goes on, and says when it fails."""

from __future__ import annotations

import json
import signal

import numpy as np
import pytest

from cnngraph.data.sources import load_data
from cnngraph.diagnostics import CnnGraphError
from cnngraph.elaborate.modules import load_text
from cnngraph.elaborate.training import training
from cnngraph.interop.safetensors import load_weights
from cnngraph.partition.device import Cluster, Device
from cnngraph.runtime.runner import Runner
from cnngraph.train.checkpoint import load_checkpoint
from cnngraph.train.evaluate import evaluate
from cnngraph.train.fit import fit


def equal(first, second):
    a, b = (load_weights(path)[0] for path in (first, second))
    return list(a) == list(b) and all(np.array_equal(a[name], b[name]) for name in a)


@pytest.fixture(scope="session")
def trained(tmp_path_factory, spec, digits):
    """(history, file) of a whole run."""
    path = tmp_path_factory.mktemp("whole") / "tiny.safetensors"
    return fit(spec, digits, output=path), path


def test_it_learns_and_says_so(trained):
    history, _ = trained
    assert [row.number for row in history.rows] == [1, 2, 3]
    assert not history.interrupted
    assert history.rows[-1].accuracy < history.rows[-1].test_accuracy  # augmentation and dropout make it harder
    assert history.rows[-1].test_loss < history.rows[0].test_loss
    assert json.loads(history.to_json())["rows"][2]["number"] == 3


def test_it_reads_digits_after_some_epochs(make_spec):
    spec = make_spec(data="digits", optimizer="sgd(lr = 0.03, momentum = 0.9)")
    history = fit(spec, load_data(spec.data, seed=7), epochs=12)
    assert history.best.test_accuracy > 0.95


def test_the_file_holds_all_that_is_needed_to_predict_or_go_on(trained, digits):
    history, path = trained
    states, checkpoint = load_checkpoint(path)
    assert {name.rpartition(".")[2] for name in states} == {"weight", "bias", "velocity", "random"}
    assert checkpoint.net == "tiny"
    assert checkpoint.preprocessing == digits.preprocessing
    assert checkpoint.class_names == tuple("0123456789")
    assert (checkpoint.position.epoch, checkpoint.position.step) == (3, 0)
    assert checkpoint.rows == history.rows


def test_the_same_seed_gives_the_same_bits(trained, tmp_path, spec, digits):
    fit(spec, digits, output=tmp_path / "again")
    assert equal(trained[1], tmp_path / "again")


def test_two_devices_give_the_same_bits_as_one(trained, tmp_path, make_spec, digits):
    spec = make_spec(**{"class": "dense(10) -> softmax on gpu1"})
    history = fit(spec, digits, output=tmp_path / "two", cluster=Cluster((Device("gpu0"), Device("gpu1"))))
    assert equal(trained[1], tmp_path / "two")
    assert history.rows[-1].test_loss == trained[0].rows[-1].test_loss


def test_another_seed_gives_another_network(trained, tmp_path, make_spec, digits):
    fit(make_spec(seed="8"), digits, output=tmp_path / "other", epochs=1)
    assert not equal(trained[1], tmp_path / "other")


@pytest.mark.parametrize("way", ["signal", "exception"])
def test_a_run_that_was_stopped_goes_on_as_if_it_had_not(trained, tmp_path, spec, digits, way):
    def stop(progress):
        if (progress.epoch, progress.step) == (2, 5):
            if way == "exception":
                raise KeyboardInterrupt
            signal.raise_signal(signal.SIGINT)

    stopped = fit(spec, digits, on_progress=stop, output=tmp_path / "part")
    assert stopped.interrupted
    assert len(stopped.rows) == 1
    assert load_checkpoint(tmp_path / "part")[1].position.step == 5
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler

    whole = fit(spec, digits, output=tmp_path / "whole", resume_from=tmp_path / "part")
    assert not whole.interrupted
    assert [row.loss for row in whole.rows] == [row.loss for row in trained[0].rows]
    assert equal(trained[1], tmp_path / "whole")


def test_a_plateau_remembers_the_epochs_before_a_stop(tmp_path, make_spec, digits):
    spec = make_spec(schedule="plateau(factor = 0.5, patience = 0, threshold = 0.9)", epochs="4")

    def stop(progress):
        if (progress.epoch, progress.step) == (4, 5):
            raise KeyboardInterrupt

    fit(spec, digits, output=tmp_path / "whole")
    fit(spec, digits, on_progress=stop, output=tmp_path / "part")
    fit(spec, digits, output=tmp_path / "on", resume_from=tmp_path / "part")
    fit(make_spec(schedule="constant", epochs="4"), digits, output=tmp_path / "constant")
    assert equal(tmp_path / "whole", tmp_path / "on")
    assert not equal(tmp_path / "whole", tmp_path / "constant")


def test_a_stop_within_a_step_keeps_the_last_tested_state(tmp_path, spec, digits, monkeypatch):
    run, steps = Runner.run, []

    def broken(self, feeds, fetch=None):
        steps.append("rate" in feeds)
        if sum(steps) == 15:  # the third step of the second epoch
            next(iter(self.states.values()))[...] = 77
            raise KeyboardInterrupt
        return run(self, feeds, fetch)

    monkeypatch.setattr(Runner, "run", broken)
    history = fit(spec, digits, output=tmp_path / "kept")
    states, checkpoint = load_checkpoint(tmp_path / "kept")
    assert history.interrupted
    assert (checkpoint.position.epoch, checkpoint.position.step) == (1, 0)
    assert not any((value == 77).all() for value in states.values())


def test_a_finished_run_can_be_made_longer(trained, tmp_path, spec, digits):
    longer = fit(spec, digits, epochs=4, resume_from=trained[1])
    assert [row.number for row in longer.rows] == [1, 2, 3, 4]
    assert longer.rows[:3] == trained[0].rows


def test_a_loss_that_is_no_number_ends_the_run_with_the_last_good_state(make_spec, tmp_path, digits):
    spec = make_spec(optimizer="sgd(lr = 1e30)", schedule="constant")
    with pytest.raises(CnnGraphError, match="E0704") as caught:
        fit(spec, digits, output=tmp_path / "good")
    assert "such as lr = 0.1" in str(caught.value)
    states, _ = load_weights(tmp_path / "good")
    assert all(np.isfinite(value).all() for value in states.values())


def test_weights_of_another_net_do_not_fit(trained, make_spec, digits):
    spec = make_spec(optimizer="adam")
    with pytest.raises(CnnGraphError) as caught:
        fit(spec, digits, resume_from=trained[1])
    assert {d.code for d in caught.value.diagnostics} == {"E0703"}
    assert len(caught.value.diagnostics) >= 4


def test_progress_counts_steps_and_epochs(spec, digits):
    seen = []
    fit(spec, digits, on_progress=seen.append, epochs=1)
    assert [p.step for p in seen if not p.finished] == list(range(1, 13))
    assert seen[-1].finished is not None
    assert (seen[-1].steps, seen[-1].epochs) == (12, 1)
    assert all(p.images_per_second > 0 and p.seconds_left >= 0 for p in seen)


def test_evaluation_agrees_with_the_history(trained, spec, digits):
    history, path = trained
    found = evaluate(spec, digits, load_checkpoint(path)[0])
    assert found.count == 297
    assert found.accuracy == history.rows[-1].test_accuracy
    assert found.loss == history.rows[-1].test_loss
    assert found.errors == 297 - np.trace(found.confusion)
    assert found.confusion.sum(axis=1).tolist() == np.bincount(digits.test.labels).tolist()
    assert found.accuracy <= found.top_5 <= 1


def test_a_net_without_classes_is_trained_on_its_loss(digits):
    text = """cnn 1
net copy(image: 1@8x8) {
  flatten -> dense(16) -> relu -> dense(64)
  out: reshape(1@8x8)
}
train copy { loss: mse(out, image); optimizer: adam(lr = 1e-2); epochs: 2; batch: 100 }
"""
    history = fit(training(load_text(text)), digits)
    assert history.rows[1].test_loss < 0.9 * history.rows[0].test_loss
    assert history.rows[0].accuracy is history.rows[0].test_accuracy is None
