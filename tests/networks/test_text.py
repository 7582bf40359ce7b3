"""Every network that the package carries can be printed and read back, in every form that it takes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cnngraph.ir.graph import Graph
from cnngraph.ir.text import from_text, to_text
from cnngraph.net import Net, load
from cnngraph.passes.pipeline import INFERENCE, TRAINING, run
from cnngraph.resources import resource

FILES = sorted(resource("specs", "nets").glob("*.cnn"))
SIZES = {"batch": 3, "H": 32, "W": 48}

FORMS: dict[str, Callable[[Net], Graph]] = {
    "as written": lambda net: net.graph,
    "inference": lambda net: run(net.graph, INFERENCE),
    "loss": lambda net: run(net.training.graph, TRAINING),
    "training step": lambda net: net.training_graph(),
    "bound training step": lambda net: net.training_graph().bind(**SIZES),
}

LARGE = ("resnet101", "resnet152")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "name", [pytest.param(f.stem, marks=pytest.mark.sweep if f.stem in LARGE else ()) for f in FILES]
)
def test_reads_back(name: str, form: str) -> None:
    graph = FORMS[form](load(resource("specs", "nets", f"{name}.cnn")))
    text = to_text(graph)
    again = from_text(text)
    assert again == graph
    assert to_text(again) == text
