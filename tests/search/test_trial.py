"""One trial: what judges it, and how it goes on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cnngraph.diagnostics import CnnGraphError
from cnngraph.net import load
from cnngraph.search.trial import Job, judged, run_trial
from cnngraph.train.checkpoint import load_checkpoint


@pytest.fixture
def job(tiny: Path, tmp_path: Path) -> Job:
    return Job(str(tiny), None, {"lr": 0.05}, 3, 3, str(tmp_path / "trial.safetensors"))


def figures(outcome):
    return [(row.epoch, dict(row.values)) for row in outcome.epochs]


def test_a_trial_in_parts_is_the_trial(job: Job, tmp_path: Path) -> None:
    whole = run_trial(job)
    assert (len(whole.epochs), whole.problem) == (3, "")
    assert whole.epochs[-1].values["accuracy"] > whole.epochs[0].values["accuracy"]
    part = replace(job, checkpoint=str(tmp_path / "part.safetensors"))
    assert figures(run_trial(replace(part, until=1))) == figures(whole)[:1]
    assert len(load_checkpoint(Path(part.checkpoint))[1].rows) == 1  # where it goes on from
    assert figures(run_trial(part)) == figures(whole)
    assert figures(run_trial(part)) == figures(whole)  # nothing is left to do


def test_each_epoch_is_told(job: Job) -> None:
    told = []
    outcome = run_trial(job, told.append)
    assert tuple(told) == outcome.epochs


@pytest.mark.parametrize(
    ("settings", "code"), [({"lr": 1e30}, "E0704"), ({"n": -1}, "E0"), ({"limit": 0}, "E0108"), ({"size": 9}, "E0702")]
)
def test_what_cannot_be_trained_is_told(job: Job, settings, code: str) -> None:
    assert run_trial(replace(job, settings=settings)).problem.startswith(code)


def test_a_trial_never_sees_the_images_of_the_test(tiny: Path) -> None:
    data = load(tiny).data()
    split = judged(data, 0.25, seed=1)
    assert (len(split.train), len(split.test)) == (225, 75)
    images = np.concatenate([split.train.images, split.test.images])
    assert sorted(map(bytes, images)) == sorted(map(bytes, data.train.images))
    assert (judged(data, 0.25, seed=1).test.labels == split.test.labels).all()
    assert not (judged(data, 0.25, seed=2).test.images == split.test.images).all()


def test_the_part_that_the_data_has_for_it_judges(tiny: Path) -> None:
    tiny.write_text(tiny.read_text().replace("limit = 300", "validate = 0.2"))
    data = load(tiny).data()
    split = judged(data, 0.5, seed=1)
    assert split.test is data.validation
    assert split.train is data.train


@pytest.mark.parametrize("share", [0.001, 0.999])
def test_both_parts_have_images(tiny: Path, share: float) -> None:
    with pytest.raises(CnnGraphError, match="E0701"):
        judged(load(tiny).data(), share, seed=0)
