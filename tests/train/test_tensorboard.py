"""Figures for TensorBoard."""

from __future__ import annotations

import builtins

import pytest

from cnngraph.diagnostics import CnnGraphError
from cnngraph.train.fit import fit
from cnngraph.train.tensorboard import BoardWriter


def test_each_step_and_epoch_is_there(tmp_path, spec, digits):
    pytest.importorskip("tensorboard", reason="the extra [tensorboard] is not installed")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    with BoardWriter(tmp_path) as board:
        history = fit(spec, digits, epochs=2, validate=0.25, on_progress=board)
    found = EventAccumulator(str(tmp_path), size_guidance={"tensors": 0})
    found.Reload()
    names = found.Tags()["tensors"]
    assert {"step/loss", "step/rate", "epoch/loss", "epoch/validation loss", "test/accuracy"} <= set(names)
    assert [event.step for event in found.Tensors("step/loss")] == list(range(1, 19))
    losses = [event.tensor_proto.float_val[0] for event in found.Tensors("epoch/loss")]
    assert losses == pytest.approx([row.loss for row in history.rows])


def test_without_the_extra(tmp_path, monkeypatch):
    real = builtins.__import__

    def without(name, *more, **named):
        if name.startswith("tensorboard"):
            raise ImportError(name)
        return real(name, *more, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(CnnGraphError, match=r"E0603(.|\n)*pip install 'cnngraph\[tensorboard\]'"):
        BoardWriter(tmp_path)
