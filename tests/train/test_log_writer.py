"""The log of a run while it is written: its rows, a run that goes on, and a disk that is full."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from train.conftest import NET

from cnngraph import loads
from cnngraph.data.augment import Augmenter, chain_of
from cnngraph.diagnostics import CnnGraphError
from cnngraph.train.checkpoint import load_checkpoint
from cnngraph.train.feeds import feeder, shuffled
from cnngraph.train.fit import fit, with_validation
from cnngraph.train.log import read_log
from cnngraph.train.log_writer import LogWriter, description


def logged(path, spec, data, every=5, **options):
    with LogWriter(path, description(spec, data, spec.epochs), every) as log:
        return fit(spec, data, on_progress=log, **options)


def places(path):
    log = read_log(path)
    return [(row.epoch, row.step) for row in log.steps], [row.epoch for row in log.epochs]


def test_rows_of_a_run(tmp_path, spec, digits):
    history = logged(tmp_path / "run.jsonl", spec, digits)
    log = read_log(tmp_path / "run.jsonl")
    assert places(tmp_path / "run.jsonl") == ([(e, s) for e in (1, 2, 3) for s in (5, 10, 12)], [1, 2, 3])
    for row, epoch in zip(log.epochs, history.rows, strict=True):
        assert (row.loss, row.test_loss, row.accuracy, row.metrics) == (
            epoch.loss, epoch.test_loss, epoch.accuracy, epoch.metrics
        )  # fmt: skip
    steps = [row for row in log.steps if row.epoch == 1]
    assert (5 * steps[0].loss + 5 * steps[1].loss + 2 * steps[2].loss) / 12 == pytest.approx(history.rows[0].loss)
    assert [row.seconds for row in log.steps] == sorted(row.seconds for row in log.steps)
    assert steps[0].rate > log.steps[-1].rate > 0
    assert log.steps[0].memory_bytes > 1e6
    assert sum(row.best for row in log.epochs) >= 1


def test_what_the_first_line_says(tmp_path, spec, digits):
    (tmp_path / "tiny.cnn").write_text("any text")
    said = description(spec, with_validation(digits, 0.25, 0), 3, tmp_path / "tiny.cnn")
    assert (said["net"], said["seed"], said["batch"], said["steps"], said["file"]) == ("tiny", 7, 50, 9, "tiny.cnn")
    assert said["samples"] == {"train": 450, "validation": 150, "test": 297}
    assert said["settings"]["optimizer"] == "sgd(lr=0.1, momentum=0.9)"
    assert said["settings"]["data"] == "digits(batch = 50, limit = 600)"
    assert len(said["file_hash"]) == 64
    assert "cores" in said["machine"]
    json.dumps(said)


@pytest.mark.parametrize("moment", [(1, 3), (2, 5), (2, 12)])
def test_a_run_that_goes_on_has_no_row_twice(tmp_path, spec, digits, moment):
    def broken(progress):
        log(progress)
        if (progress.epoch, progress.step) == moment and not progress.finished:
            raise InterruptedError

    path, out = tmp_path / "run.jsonl", tmp_path / "out"
    with LogWriter(path, description(spec, digits, 3), 1) as log, pytest.raises(InterruptedError):
        fit(spec, digits, on_progress=broken, output=out, save_every=4)
    path.write_text(path.read_text() + '{"kind": "st')
    seconds = read_log(path).steps[-1].seconds
    begun = read_log(path).run["begun"]
    at = load_checkpoint(out)[1].position if out.exists() else None
    logged(path, spec, digits, 1, output=out, resume_from=out if at else None)
    assert places(path) == ([(e, s) for e in (1, 2, 3) for s in range(1, 13)], [1, 2, 3])
    if at:
        assert read_log(path).run["begun"] == begun
        assert read_log(path).steps[-1].seconds > seconds / 2


def test_a_new_run_begins_a_new_log(tmp_path, spec, digits):
    for _ in range(2):
        logged(tmp_path / "run.jsonl", spec, digits, 12, epochs=1)
    assert places(tmp_path / "run.jsonl") == ([(1, 12)], [1])


def test_the_test_at_the_end(tmp_path, spec, digits):
    history = logged(tmp_path / "run.jsonl", spec, with_validation(digits, 0.25, 0), output=tmp_path / "out", epochs=1)
    log = read_log(tmp_path / "run.jsonl")
    assert log.test == history.test
    assert [row.part for row in log.epochs] == ["validation"]
    logged(tmp_path / "run.jsonl", spec, with_validation(digits, 0.25, 0), resume_from=tmp_path / "out", epochs=1)
    assert (tmp_path / "run.jsonl").read_text().count('"kind": "test"') == 1


def test_a_file_that_is_no_log_is_not_overwritten(tmp_path, spec, digits):
    path = tmp_path / "notes.txt"
    path.write_text("dear diary\n")
    with pytest.raises(CnnGraphError, match=r"E0701.*notes\.txt"):
        logged(path, spec, digits, epochs=1)
    assert path.read_text() == "dear diary\n"


def test_a_full_disk_ends_the_run_with_its_states_saved(tmp_path, spec, digits):
    with pytest.raises(CnnGraphError, match=r"E0704.*/dev/full: the log cannot be written: No space left on device"):
        logged(Path("/dev/full"), spec, digits, output=tmp_path / "out")
    assert load_checkpoint(tmp_path / "out")[1].position.step == 1
    assert Path("/dev/full").is_char_device()


def test_the_length_of_the_gradients_is_there_where_it_is_limited(tmp_path, make_spec, digits):
    spec = make_spec(seed="7\n  clip: norm(0.5)")
    logged(tmp_path / "run.jsonl", spec, digits, 1, epochs=1)
    norms = [row.gradient_norm for row in read_log(tmp_path / "run.jsonl").steps]
    net = loads(NET)
    first = next(shuffled(600, 50, 7, 0))
    feeds = feeder(spec, digits).feeds(digits.train, first, Augmenter(chain_of(spec.augment), 7, 0, 600))
    weights = [node.name for node in net.graph.states if node.name.endswith(("weight", "bias"))]
    gradients = net.gradients(feeds, weights, training=True)
    length = np.sqrt(sum((gradients[name] ** 2).sum() for name in weights))
    assert norms[0] == pytest.approx(length, rel=1e-4)
    assert len(norms) == 12


def test_a_log_of_another_hand_that_says_less_goes_on(tmp_path, spec, digits):
    path = tmp_path / "run.jsonl"
    path.write_text('{"kind": "run", "format": 1}\n{"kind": "step", "epoch": 0, "step": 1, "loss": 1}\n')
    logged(path, spec, digits, epochs=1)
    assert read_log(path).run["begun"]
