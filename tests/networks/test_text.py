"""Every network that the package carries can be printed and read back, in every form that it takes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from networks.carried import NAMES, carried

from cnngraph.ir.graph import Graph
from cnngraph.ir.text import from_text, to_text
from cnngraph.net import Net
from cnngraph.passes.pipeline import INFERENCE, TRAINING, run

SIZES = {"batch": 3, "H": 64, "W": 32, "S": 6, "T": 7}

FORMS: dict[str, Callable[[Net], Graph]] = {
    "as written": lambda net: net.graph,
    "inference": lambda net: run(net.graph, INFERENCE),
    "loss": lambda net: run(net.training.graph, TRAINING),
    "training step": lambda net: net.training_graph(),
    "bound training step": lambda net: net.training_graph().bind(**SIZES),
}

QUICK = (
    "alexnet_two_gpus", "dcgan", "exercises", "googlenet", "latent_diffusion", "lenet5", "resnet18", "seq2seq",
    "shufflenet", "siamese", "transformer", "unet",
)  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in QUICK else pytest.mark.sweep) for name in NAMES]
)
def test_reads_back(name: str, form: str) -> None:
    graph = FORMS[form](carried(name))
    text = to_text(graph)
    again = from_text(text)
    assert again == graph
    assert to_text(again) == text
