"""Which epoch is the best, when a run stops, and what a part for validation changes."""

from __future__ import annotations

import numpy as np
import pytest

from cnngraph.data.division import FOR_CHOICES, divided
from cnngraph.diagnostics import CnnGraphError
from cnngraph.train.checkpoint import load_checkpoint
from cnngraph.train.evaluate import evaluate
from cnngraph.train.fit import fit, with_validation
from cnngraph.train.history import Epoch
from cnngraph.train.judging import Early, best_of, stop_of
from cnngraph.train.saving import best_path


def rows(figures, name=""):
    """Epochs with these figures: of a metric, or of the loss of the tests."""
    return tuple(
        Epoch(number, 1.0, None, 0.5 if name else figure, None, metrics={name: figure} if name else {})
        for number, figure in enumerate(figures, 1)
    )


@pytest.mark.parametrize(
    ("name", "figures", "best"),
    [("", (3, 1, 2), 2), ("accuracy", (0.1, 0.3, 0.2), 2), ("mean_absolute_error", (3, 1, 2), 2),
     ("accuracy", (0.3, 0.3, 0.2), 1)],
)  # fmt: skip
def test_the_best_is_by_the_first_metric_or_the_loss(name, figures, best):
    assert best_of(rows(figures, name)).number == best


def test_equal_metrics_are_told_apart_by_the_loss():
    first, second = (Epoch(n, 1.0, 0.5, loss, 0.5) for n, loss in ((1, 0.4), (2, 0.3)))
    assert best_of((first, second)) is second
    assert best_of(()) is None


def test_an_epoch_without_a_figure_is_none_of_the_best():
    figures = (np.nan, 0.2, np.nan, 0.1)
    assert best_of(rows(figures, "accuracy")).number == 2
    assert [Early(patience=2).done(rows(figures[:count], "accuracy")) for count in range(5)] == [False] * 4 + [True]
    assert Early(patience=2).done(rows((np.nan, np.nan), "accuracy"))


def test_patience_begins_anew_with_each_better_epoch():
    figures = (5, 4, 4.5, 3, 3.5, 3.4, 3.3)
    done = [Early(patience=3).done(rows(figures[:count])) for count in range(8)]
    assert done == [False] * 7 + [True]
    assert Early(patience=3, threshold=1.5).done(rows((5, 4, 4, 4)))
    assert not Early(patience=3, watch="loss", threshold=1.5).done(rows((5, 4, 4)))


def test_a_run_stops_and_says_so(make_spec, digits, tmp_path):
    spec = make_spec(seed='7\n  stop: early(patience = 2, watch = "test_loss")', optimizer="sgd(lr = 0)", epochs="9")
    history = fit(spec, digits, output=tmp_path / "tiny")
    assert (len(history.rows), history.stopped, history.interrupted) == (3, True, False)
    again = fit(spec, digits, output=tmp_path / "tiny", resume_from=tmp_path / "tiny")
    assert (again.rows, again.stopped) == (history.rows, True)


WRONG = {
    'early(watch = "test_los")': "E0112.*no figure of an epoch is called `test_los`(.|\n)*did you mean `test_loss`",
    "early(patience = 0)": "E0108.*patience is at least 1 epoch",
    "erly": "E0101.*there is no stop named erly",
}


@pytest.mark.parametrize("text", WRONG)
def test_wrong_rules(make_spec, text):
    with pytest.raises(CnnGraphError, match=WRONG[text]):
        stop_of(make_spec(seed=f"7\n  stop: {text}"))


def test_the_best_state_is_in_a_file_of_its_own(make_spec, digits, tmp_path):
    spec = make_spec(optimizer="sgd(lr = 0.2, momentum = 0.9)", schedule="constant", epochs="5")
    history = fit(spec, digits, output=tmp_path / "tiny.safetensors")
    states, checkpoint = load_checkpoint(best_path(tmp_path / "tiny.safetensors"))
    assert history.best.number < 5, "the last epoch is the best: choose another seed"
    assert checkpoint.position.epoch == history.best.number
    assert checkpoint.rows == history.rows[: history.best.number]
    assert evaluate(spec, digits, states).accuracy == history.best.test_accuracy


def test_a_part_for_validation_judges_and_the_test_part_is_read_once(make_spec, digits, tmp_path):
    seen = []
    spec = make_spec(optimizer="sgd(lr = 0.2, momentum = 0.9)", schedule="constant", epochs="5")
    history = fit(spec, digits, output=tmp_path / "tiny", validate=0.25, on_progress=seen.append)
    _, judge = divided(digits.train, 0.25, 7, FOR_CHOICES)
    assert {progress.part for progress in seen} == {"validation"}
    assert [progress.tested for progress in seen if progress.tested] == [history.test]
    assert seen[0].steps == 9  # of 450 images
    best, _ = load_checkpoint(best_path(tmp_path / "tiny"))
    tested = evaluate(spec, digits, best)
    assert (history.test.loss, history.test.accuracy) == (tested.loss, tested.accuracy)
    right = history.best.test_accuracy * len(judge)
    assert right == pytest.approx(round(right))
    assert len(judge) == 150


def test_parts_for_validation_share_nothing_with_the_rest(digits):
    data = with_validation(digits, 0.25, 3)
    parts = (data.train, data.validation)
    found = np.concatenate([part.images[np.arange(len(part))] for part in parts])
    assert len(found) == 600
    assert sorted(map(bytes, found)) == sorted(map(bytes, digits.train.images[np.arange(600)]))
    with pytest.raises(CnnGraphError, match=r"E0702.*has a part to validate with already"):
        with_validation(data, 0.25, 3)
    with pytest.raises(CnnGraphError, match=r"E0701.*one part is empty"):
        with_validation(digits, 0.0001, 3)
