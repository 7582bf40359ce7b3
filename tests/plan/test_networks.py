"""The plans of whole networks: no two jobs of a stage touch what one of them writes."""

from __future__ import annotations

import pytest
from plan.walk import keep_apart

from cnngraph.net import load
from cnngraph.passes.pipeline import INFERENCE, TRAINING, run
from cnngraph.resources import resource
from cnngraph.runtime.planning import planned

LONG = ("densenet121", "inception_v3", "mobilenet_v2", "resnet50", "se_resnet50", "shufflenet", "squeezenet", "unet")
NAMES = ("googlenet", "lenet5", "resnet18", *(pytest.param(name, marks=pytest.mark.sweep) for name in LONG))


@pytest.mark.parametrize("batch", [1, 2, 5])
@pytest.mark.parametrize("name", NAMES)
def test_jobs_of_a_stage_share_nothing(name: str, batch: int) -> None:
    net = load(resource("specs", "nets", f"{name}.cnn"))
    forms = [run(net.graph, INFERENCE), run(net.training.graph, TRAINING) if name == "googlenet" else None]
    graphs = [*(form for form in forms if form is not None), net.training_graph()]
    for graph in graphs:
        sizes = {name: {"batch": batch}.get(name, 64) for name in graph.symbols}
        plan = planned(graph, sizes).plan
        for workers in (2, 3):
            keep_apart(plan, workers)
