"""What is run instead of a graph gives the same values.

    pytest tests/passes/test_execution.py -s -m sweep      on all networks that the package carries, with the figures
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from networks.carried import NAMES, carried
from passes.equality import differences, in_float64

from cnngraph.autodiff.recompute import recompute
from cnngraph.ir.graph import Graph
from cnngraph.net import Net, loads
from cnngraph.ops.softmax import Softmax
from cnngraph.passes.pipeline import EXECUTION, INFERENCE, TRAINING, run
from cnngraph.train.step import step_of

TOLERANCE = 1e-9  # of the largest number of each value, in float64
SIZES = {"batch": 2, "H": 64, "W": 32, "S": 6, "T": 5}
SETTINGS: dict[str, dict[str, object]] = {  # of networks whose form matters more than their size
    "transformer": {"d": 24, "layers": 2, "heads": 3, "hidden": 40},
    "vit_b16": {"d": 24, "layers": 2, "heads": 3, "hidden": 40, "classes": 7},
    "yolo_v1": {"hidden": 8},
    "deep_pose": {"hidden": 8},
    "fcn8s": {"hidden": 8},
    "unet_cropped": {"n": 2},
    "siamese": {"features": 8},
    "c3d": {"n": 4, "hidden": 8},
    "dcgan": {"n": 4},
    "seq2seq": {"words": 5, "n": 7},
}
QUICK = ("lenet5", "resnet18", "googlenet", "densenet121", "mobilenet_v2", "shufflenet", "dcgan")
QUICK_STEPS = ("lenet5", "fashion", "gan_digits", "gru_tagger")
SMALL = """cnn 1
block dense_layer(growth) {
  concat {
    | identity
    | batchnorm -> relu -> conv(4*growth, 1x1, bias = false)
      batchnorm -> relu -> conv(growth, 3x3, same, bias = false)
  }
}
block shortcut(n) {
  add {
    | identity
    | conv(n, 3x3, same) -> batchnorm -> relu -> conv(n, 3x3, same, groups = 2) -> batchnorm
  } -> relu
}
net small(image: 3@24x16, growth = 6) {
  conv(2*growth, 5x5/2, same, bias = false) -> batchnorm -> relu -> maxpool(3x3/2, same)
  dense_layer(growth) * 2
  shortcut(it.c)
  batchnorm -> globalavgpool -> dense(9) -> batchnorm -> relu -> dropout(0) -> dense(7) -> softmax
}
"""


def marked(quick: tuple[str, ...]) -> list[object]:
    return [pytest.param(name, marks=() if name in quick else pytest.mark.sweep) for name in NAMES]


def prediction(net: Net) -> Graph:
    """What a net predicts in float64, and the logits before a softmax, which would hide them where it is sure."""
    graph = run(in_float64(net.graph), INFERENCE)
    last = {name: graph[ref.node] for name, ref in graph.outputs.items()}
    logits = {f"logits.{name}": node.inputs[0] for name, node in last.items() if isinstance(node.op, Softmax)}
    return replace(graph, outputs={**graph.outputs, **logits})


def step(net: Net) -> Graph:
    """A whole step of training in float64, with all gradients as outputs."""
    return step_of(net.training, run(in_float64(net.training.graph), TRAINING))


def within(graph: Graph) -> None:
    found = differences(graph, EXECUTION, **{name: size for name, size in SIZES.items() if name in graph.symbols})
    worst = max(found, key=found.__getitem__)
    lowered = run(graph, EXECUTION)
    print(f"{graph.name}: {len(graph.nodes)} -> {len(lowered.nodes)} nodes, {found[worst]:.1e} in {worst}")
    assert {name: value for name, value in found.items() if not value <= TOLERANCE} == {}


@pytest.mark.parametrize("name", marked(QUICK))
def test_predictions_stay(name: str) -> None:
    within(prediction(carried(name, **SETTINGS.get(name, {}))))


@pytest.mark.parametrize("name", marked(QUICK_STEPS))
def test_training_steps_stay(name: str) -> None:
    within(step(carried(name, **SETTINGS.get(name, {}))))


def test_a_small_network_of_all_kinds_stays_in_both_forms() -> None:
    net = loads(SMALL)
    within(prediction(net))
    within(step(net))


def test_a_step_that_computes_again_stays() -> None:
    graph = recompute(step(loads(SMALL)), SIZES)
    assert any(node.late for node in graph)
    within(graph)


def test_nothing_is_left_to_do() -> None:
    for graph in (prediction(loads(SMALL)), step(loads(SMALL))):
        lowered = run(graph, EXECUTION)
        assert run(lowered, EXECUTION) is lowered


def test_outputs_updates_and_states_keep_their_names_and_types() -> None:
    graph = step(loads(SMALL))
    lowered = run(graph, EXECUTION)
    assert lowered.updates.keys() == graph.updates.keys()
    assert {n: lowered.type_of(r) for n, r in lowered.outputs.items()} == {
        n: graph.type_of(r) for n, r in graph.outputs.items()
    }
    assert {node.name for node in lowered.states} == {node.name for node in graph.states}
