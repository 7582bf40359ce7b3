"""Parameters of a net and settings of its train section, from one list of names."""

from __future__ import annotations

import pytest

from cnngraph.diagnostics import CnnGraphError
from cnngraph.search.loading import load_set

NET = """cnn 1
net tiny(image: 1@8x8, n = 4, momentum = 3) = conv(n, 3x3) -> relu -> flatten -> dense(momentum) -> softmax

train tiny { optimizer: sgd(lr = 0.1, momentum = 0.9) }
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "tiny.cnn"
    path.write_text(NET, encoding="utf-8")
    return path


def test_each_name_finds_its_place(file) -> None:
    net = load_set(file, None, {"n": 2, "lr": 0.5, "momentum": 5, "optimizer.momentum": 0.25})
    assert str(net.shapes["dense"]) == "5"
    assert net.shapes["conv"].channels == 2
    assert (net.training.optimizer.lr, net.training.optimizer.momentum) == (0.5, 0.25)


def test_unknown_names_are_answered_with_near_ones(file) -> None:
    with pytest.raises(CnnGraphError, match="did you mean `momentum`"):
        load_set(file, None, {"momentun": 2})
    with pytest.raises(CnnGraphError, match="no parameter `rate`"):
        load_set(file, None, {"rate": 2})


def test_a_net_without_a_section_has_parameters_alone(file) -> None:
    file.write_text(NET.partition("train")[0], encoding="utf-8")
    with pytest.raises(CnnGraphError, match="no parameter `lr`"):
        load_set(file, None, {"lr": 0.5})
    assert load_set(file, None, {"n": 2}).shapes["conv"].channels == 2
