"""Small charts side by side."""

from __future__ import annotations

import pytest

from cnngraph.diagnostics import CnnGraphError
from cnngraph.render.effects import Effect, effects

pytest.importorskip("matplotlib", reason="charts are an extra")


def test_each_setting_has_a_chart() -> None:
    found = [
        Effect("lr", [0.001, 0.1, 0.01], [0.5, 0.75, 0.25], True, whole=[True, False, True]),
        Effect("optimizer", ["sgd", "adam", "sgd"], [0.5, 0.75, 0.25]),
        Effect("degrees", [0.0, 5.0, 10.0], [0.5, 0.75, 0.25], joined=True),
        Effect("n", list(range(20)), [0.5] * 20),
    ]
    svg = effects(found, "accuracy").svg()
    for word in ("lr", "optimizer", "degrees", "adam", "sgd", "accuracy"):
        assert word in svg
    assert effects(found, "accuracy").svg() == svg


def test_words_stand_as_they_are() -> None:
    """A dollar sign begins no formula."""
    svg = effects([Effect("a$^$", ["$x_1$", "$\\bad$"], [0.5, 0.75])], "$y$").svg()
    for word in ("a$^$", "$x_1$", "$\\bad$", "$y$"):
        assert word in svg


def test_nothing_to_be_drawn() -> None:
    with pytest.raises(CnnGraphError, match="no setting has two values"):
        effects([], "loss")
