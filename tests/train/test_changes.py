"""Settings of a train section that are changed from outside."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cnngraph.diagnostics import CnnGraphError
from cnngraph.elaborate.training import StepSpec
from cnngraph.train.changes import changed, setting_names


def test_full_names_and_last_words_mean_the_same(spec) -> None:
    short = changed(spec, {"lr": 0.2, "pixels": 2, "epochs": 1, "limit": 100})
    full = changed(spec, {"optimizer.lr": 0.2, "augment.shift.pixels": 2, "epochs": 1, "data.limit": 100})
    assert str(short.optimizer) == str(full.optimizer) == "sgd(lr=0.2, momentum=0.9)"
    assert short.augment[0].named == full.augment[0].named == {"pixels": 2}
    assert short.data.named == full.data.named == {"batch": 50, "limit": 100}
    assert (short.epochs, short.graph) == (1, spec.graph)


def test_a_key_goes_before_an_argument_of_the_same_name(spec) -> None:
    assert {"batch", "data.batch"} <= set(setting_names(spec))
    assert changed(spec, {"batch": 8}).batch == 8
    with pytest.raises(CnnGraphError, match="from 1, not 0"):
        changed(spec, {"batch": 0})
    assert changed(spec, {"batch": 8}).data == spec.data
    assert changed(spec, {"data.batch": 8}).data.named["batch"] == 8


def test_another_call_and_its_arguments(spec) -> None:
    other = changed(spec, {"every": 2, "lr": 0.5, "optimizer": "adam", "schedule": "step", "factor": 0.1})
    assert (other.optimizer.name, other.optimizer.lr) == ("adam", 0.5)
    assert (other.schedule.name, other.schedule.named) == ("step", {"every": 2, "factor": 0.1})


def test_what_the_file_does_not_write_is_set_too(spec) -> None:
    assert changed(spec, {"weight_decay": 0.01}).optimizer.weight_decay == 0.01
    assert changed(spec, {"init": "he"}).init.name == "he"


def test_steps_have_optimizers_of_their_own(spec) -> None:
    steps = (StepSpec("one", "loss", None, spec.optimizer), StepSpec("two", "loss", None, spec.optimizer))
    both = replace(spec, steps=steps)
    found = changed(both, {"two.optimizer.lr": 0.5, "one.optimizer": "adam"})
    assert [step.optimizer.name for step in found.steps] == ["adam", "sgd"]
    assert found.steps[1].optimizer.lr == 0.5
    assert found.optimizer == spec.optimizer
    with pytest.raises(CnnGraphError, match=r"could be one\.optimizer\.lr or two\.optimizer\.lr"):
        changed(both, {"lr": 1})
    with pytest.raises(CnnGraphError, match="E0108"):
        changed(both, {"two.optimizer.lr": -1})
    one = replace(spec, steps=(replace(steps[0], optimizer=None), steps[1]))
    assert changed(one, {"optimizer.lr": 0.5}).optimizer.lr == 0.5


def test_when_a_run_ends_and_what_counts(spec) -> None:
    found = changed(spec, {"stop": "early", "patience": 2, "accumulate": 4, "class_weights": "balanced"})
    assert (found.stop.name, found.stop.named, found.accumulate) == ("early", {"patience": 2}, 4)
    assert found.class_weights.name == "balanced"


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"lrr": 1}, "E0107", "did you mean `lr`?"),
        ({"clases": 1}, "E0107", "did you mean `classes`?"),
        ({"every": 1}, "E0107", "no parameter `every`"),  # there is no schedule with it
        ({"limit": 1, "clip": "norm"}, "E0107", "could be data.limit or clip.limit"),
        ({"lr": "much"}, "E0103", "lr of sgd is a number"),
        ({"epochs": 1.5}, "E0103", "a whole number"),
        ({"accumulate": 0}, "E0103", "from 1"),
        ({"momentum": 2}, "E0108", "below 1"),
        ({"pixels": -1}, "E0108", "pixels is at least 0"),
        ({"schedule": "cosin"}, "E0101", "did you mean cosine?"),
        ({"optimizer": "relu"}, "E0101", "known: adagrad"),
    ],
)
def test_wrong_changes(spec, changes, code, words) -> None:
    with pytest.raises(CnnGraphError) as caught:
        changed(spec, changes, ("classes",))
    assert caught.value.diagnostics[0].code == code
    assert words in str(caught.value)
    assert "--set" in str(caught.value)
