"""Rules of a step in a train section: clipping, averages, decay."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cnngraph.autodiff.averaging import average_of as name_of_average
from cnngraph.autodiff.averaging import exchanged
from cnngraph.diagnostics import CnnGraphError
from cnngraph.elaborate.modules import load_text
from cnngraph.elaborate.training import training
from cnngraph.interop.safetensors import load_weights
from cnngraph.net import Net
from cnngraph.partition.device import Cluster, Device
from cnngraph.train.checkpoint import load_checkpoint
from cnngraph.train.evaluate import evaluate
from cnngraph.train.fit import fit
from cnngraph.train.step import average_of, clip_of, decay_axes_of

TEXT = """cnn 1
net tiny(image: 1@8x8) {
  conv(8, 3x3, same, bias = false) -> batchnorm -> relu -> maxpool(2x2)
  flatten
  dropout(0.1)
  class: dense(10) -> softmax
}

train tiny {
  data:      digits(batch = 50, limit = 600)
  optimizer: adamw(lr = 0.01, weight_decay = 0.1)
  init:      orthogonal
  decay:     matrices
  clip:      norm(0.5)
  average:   ema(0.9)
  schedule:  plateau(factor = 0.5, patience = 0, threshold = 0.9)
  epochs:    3
}
"""


PINNED = TEXT.replace("maxpool(2x2)", "maxpool(2x2) on gpu0").replace("softmax\n", "softmax on gpu1\n")


@pytest.fixture(scope="module")
def rules():
    return training(load_text(TEXT))


@pytest.fixture(scope="module")
def trained(tmp_path_factory, rules, digits):
    """(history, file) of a whole run."""
    path = tmp_path_factory.mktemp("whole") / "tiny.safetensors"
    return fit(rules, digits, output=path), path


def equal(first, second):
    a, b = (load_weights(path)[0] for path in (first, second))
    return list(a) == list(b) and all(np.array_equal(a[name], b[name]) for name in a)


def test_it_learns(trained):
    history, _ = trained
    assert history.best.test_accuracy > 0.8


def test_several_devices_give_the_same_bits_as_one(trained, tmp_path, digits):
    cluster = Cluster((Device("gpu0"), Device("gpu1")))
    history = fit(training(load_text(PINNED)), digits, output=tmp_path / "two", cluster=cluster)
    assert equal(trained[1], tmp_path / "two")
    assert history.rows[-1].test_loss == trained[0].rows[-1].test_loss


def test_less_memory_gives_the_same_bits(trained, tmp_path, rules, digits):
    fit(rules, digits, output=tmp_path / "less", recompute=True)
    assert equal(trained[1], tmp_path / "less")


@pytest.mark.parametrize("at", [(1, 1), (2, 5), (3, 12)])
def test_a_run_that_was_stopped_goes_on_as_if_it_had_not(trained, tmp_path, rules, digits, at):
    def stop(progress):
        if (progress.epoch, progress.step) == at:
            raise KeyboardInterrupt

    assert fit(rules, digits, on_progress=stop, output=tmp_path / "part").interrupted
    fit(rules, digits, output=tmp_path / "on", resume_from=tmp_path / "part")
    assert equal(trained[1], tmp_path / "on")


def test_the_file_and_the_history_hold_averages_in_the_place_of_the_weights(trained, rules, digits):
    history, path = trained
    states, _ = load_checkpoint(path)
    assert set(states) == set(history.states)
    assert all(np.array_equal(states[name], history.states[name]) for name in states)
    found = evaluate(rules, digits, states)
    assert found.loss == history.rows[-1].test_loss
    assert evaluate(rules, digits, exchanged(states)).loss != found.loss
    own = {name for name in states if name_of_average(name) in states}
    assert {name.rpartition(".")[2] for name in own} == {"weight", "bias", "scale", "shift", "mean", "variance"}


def test_a_file_before_the_first_step_holds_the_first_weights(tmp_path, rules, digits):
    spec = replace(rules, optimizer=replace(rules.optimizer, lr=1e30), clip=None, decay=None)
    with pytest.raises(CnnGraphError, match="E0704"):
        fit(spec, digits, output=tmp_path / "first")
    states, _ = load_checkpoint(tmp_path / "first")
    for name in states:
        if name_of_average(name) in states:
            np.testing.assert_array_equal(states[name], states[name_of_average(name)])
    assert np.abs(states["conv.weight"]).max() > 0


def test_the_net_runs_on_averages_after_its_training(trained, digits):
    net = Net(load_text(TEXT))
    net.load_weights(trained[1])
    assert net.evaluate(digits).loss == trained[0].rows[-1].test_loss


def test_a_net_begins_with_the_weights_that_its_section_asks_for():
    net = Net(load_text(TEXT))
    net(np.zeros((1, 8, 8, 1), np.float32))
    matrix = net.states["class.dense.weight"]
    np.testing.assert_allclose(matrix.T @ matrix, np.eye(10), atol=1e-6)


def test_what_belongs_to_a_state_is_done_where_it_stands():
    net = Net(load_text(PINNED))
    graph = net.training_graph()
    assert graph["update.class.dense.bias"].op.weight_decay == 0
    device_of = net.partition("gpu0,gpu1", gradient=True).device_of
    for weight, device in (("conv.weight", "gpu0"), ("class.dense.weight", "gpu1")):
        for what in ("", ".squares", ".clipped", ".average"):
            assert device_of[f"update.{weight}{what}"] == device_of[weight] == device


@pytest.mark.parametrize(
    ("read", "name", "given", "message"),
    [
        (clip_of, "norn", (1,), "there is no clipping named norn"),
        (clip_of, "norm", (0,), "norm: limit is above 0, not 0"),
        (clip_of, "value", (), "value needs limit"),
        (average_of, "ema", (1.0,), "ema: decay is at least 0 and below 1, not 1.0"),
        (average_of, "swa", (), "there is no average named swa"),
        (decay_axes_of, "biases", (), "there is no decay named biases"),
        (decay_axes_of, "all", (1,), "all takes no arguments"),
    ],
)
def test_a_wrong_rule_is_refused(setting, read, name, given, message):
    with pytest.raises(CnnGraphError) as caught:
        read(setting(name, *given))
    assert [d.message for d in caught.value.diagnostics] == [message]


def test_what_a_section_leaves_out():
    assert (clip_of(None), average_of(None), decay_axes_of(None)) == (None, None, 0)
