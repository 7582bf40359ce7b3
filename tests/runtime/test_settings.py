"""What a user chooses about a run, and what the environment says."""

from __future__ import annotations

import os

import pytest

import cnngraph
from cnngraph.diagnostics import CnnGraphError
from cnngraph.runtime.settings import Settings


def test_workers_are_given_or_in_the_environment_or_all_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CNNGRAPH_WORKERS", raising=False)
    assert Settings().worker_count == os.cpu_count()
    monkeypatch.setenv("CNNGRAPH_WORKERS", "3")
    assert Settings().worker_count == 3
    assert Settings(workers=1).worker_count == 1


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5", " "])
def test_a_wrong_variable(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CNNGRAPH_WORKERS", text)
    with pytest.raises(CnnGraphError, match="CNNGRAPH_WORKERS"):
        _ = Settings().worker_count
    assert Settings(workers=2).worker_count == 2


@pytest.mark.parametrize("wrong", [{"workers": 0}, {"workers": -2}, {"memory_limit_bytes": 0}])
def test_numbers_below_one(wrong: dict[str, int]) -> None:
    with pytest.raises(CnnGraphError, match="E0601"):
        Settings(**wrong)


def test_settings_of_a_net_hold_from_then_on() -> None:
    net = cnngraph.loads("net tiny(image: 1@8x8) = conv(4, 3x3) -> relu -> globalavgpool -> dense(3)")
    assert net.settings == Settings()
    net.settings = cnngraph.Settings(workers=1)
    assert net.runner().settings.worker_count == 1
