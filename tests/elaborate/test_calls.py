"""Calls of the train section: each wrong argument is named, with a code and a help."""

from __future__ import annotations

import pytest

from cnngraph.data.augment import AUGMENTATIONS
from cnngraph.data.augmentations.rotate import Rotate
from cnngraph.data.augmentations.shift import Shift
from cnngraph.data.sources import SOURCES
from cnngraph.data.stored.idx import Idx
from cnngraph.diagnostics import CnnGraphError
from cnngraph.elaborate.calls import choose
from cnngraph.elaborate.values import Tensor
from cnngraph.ir.graph import Ref
from cnngraph.ir.types import TensorType
from cnngraph.train.schedule import SCHEDULES


def test_positional_and_named_arguments_become_fields(setting):
    assert choose(setting("shift", 2), AUGMENTATIONS, "augmentation") == Shift(2)
    assert choose(setting("rotate", degrees=10), AUGMENTATIONS, "augmentation") == Rotate(10)
    assert choose(setting("idx", "data", pad=2), SOURCES, "data set") == Idx("data", 2)


@pytest.mark.parametrize(
    ("name", "positional", "named", "code", "text"),
    [
        ("stepp", (), {}, "E0101", "did you mean step?"),
        ("step", (5, 0.5, 0, 1), {}, "E0105", "at most 3 arguments, not 4"),
        ("step", (5,), {"every": 6, "factor": 1}, "E0106", "receives every twice"),
        ("step", (), {"evry": 5, "every": 5, "factor": 0.5}, "E0107", "did you mean every?"),
        ("step", (5,), {}, "E0104", "needs factor"),
        ("step", ("5",), {"factor": 0.5}, "E0103", 'every of step is a number, not "5"'),
        ("step", (True,), {"factor": 0.5}, "E0103", "not true"),
        ("step", (Tensor(Ref("x"), TensorType.of(3)),), {"factor": 0.5}, "E0103", "every of step is a number, not 3"),
        ("plateau", (0.1, 1.5), {}, "E0103", "patience of plateau is a whole number, not 1.5"),
        ("milestones", (3,), {}, "E0103", "at of milestones is numbers in brackets, not 3"),
        ("milestones", ((3, "x"),), {}, "E0103", "at of milestones is numbers in brackets"),
        ("milestones", ((3, True),), {}, "E0103", "at of milestones is numbers in brackets"),
        ("exponential", (0,), {}, "E0108", "factor is above 0, not 0"),
        ("linear", (0,), {}, "E0108", "epochs is above 0, not 0"),
        ("cosine", (), {"end": -1}, "E0108", "end is at least 0, not -1"),
        ("polynomial", (), {"power": -1}, "E0108", "power is above 0, not -1"),
        ("one_cycle", (1,), {}, "E0108", "rise is above 0 and below 1, not 1"),
        ("one_cycle", (), {"end": -1}, "E0108", "start and end are at least 0, not 0.04 and -1"),
        ("inverse_sqrt", (0,), {}, "E0108", "warmup_steps is above 0, not 0"),
        ("inverse_sqrt", (), {"warmup": 1}, "E0107", "did you mean warmup_steps?"),
        ("plateau", (1.0,), {}, "E0108", "factor is above 0 and below 1, not 1.0"),
        ("plateau", (), {"patience": -1}, "E0108", "patience, threshold and lowest are at least 0, not -1, 0.0001"),
        ("plateau", (), {"watch": "tset"}, "E0108", 'watch is "train" or "test", not "tset"'),
        ("step", (0, 0.5), {}, "E0108", "above 0"),
        ("constant", (-1,), {}, "E0108", "at least 0 epochs"),
    ],
)
def test_a_wrong_call_says_what_and_where(setting, name, positional, named, code, text):
    with pytest.raises(CnnGraphError) as caught:
        choose(setting(name, *positional, **named), SCHEDULES, "schedule")
    assert [d.code for d in caught.value.diagnostics] == [code]
    assert text in str(caught.value)
    assert "net.cnn:1:1" in str(caught.value)


def test_some_arguments_need_their_names(setting):
    assert choose(setting("digits", 16, batch=3), SOURCES, "data set").batch == 3
    with pytest.raises(CnnGraphError, match="E0105") as caught:
        choose(setting("digits", 16, 3), SOURCES, "data set")
    assert "at most 1 arguments, not 2 without a name" in str(caught.value)


def test_all_wrong_arguments_are_said_at_once(setting):
    with pytest.raises(CnnGraphError) as caught:
        choose(setting("digits", size="8", bacth=3), SOURCES, "data set")
    assert {d.code for d in caught.value.diagnostics} == {"E0103", "E0107"}


@pytest.mark.parametrize("named", [{"batch": 0}, {"limit": 0}, {"size": 0}, {"size": 5000}])
def test_numbers_out_of_range_are_refused(setting, named):
    with pytest.raises(CnnGraphError, match="E0108"):
        choose(setting("digits", **named), SOURCES, "data set")
