"""Every network that the package carries compiles, with its published counts as `check` lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnngraph.elaborate.elaborate import elaborate
from cnngraph.elaborate.modules import load_file
from cnngraph.elaborate.training import training
from cnngraph.ir import counts
from cnngraph.ir.graph import Graph
from cnngraph.resources import resource

FILES = sorted(resource("specs", "nets").glob("*.cnn"))

PUBLISHED = {  # parameters, depth
    "lenet5": (61_706, 5),
    "alexnet": (62_378_344, 8),
    "alexnet_two_gpus": (60_965_224, 8),
    "vgg16": (138_357_544, 16),
    "vgg19": (143_667_240, 19),
    "googlenet": (13_378_280, 22),
    "inception_v3": (27_161_264, 48),
    "resnet18": (11_689_512, 18),
    "resnet34": (21_797_672, 34),
    "resnet50": (25_557_032, 50),
    "resnet101": (44_549_160, 101),
    "resnet152": (60_192_808, 152),
    "densenet121": (7_978_856, 121),
    "resnext50": (25_028_904, 50),
    "wide_resnet50": (68_883_240, 50),
    "squeezenet": (1_248_424, 18),
    "squeezenet_1_1": (1_235_496, 18),
    "mobilenet_v1": (4_231_976, 28),
    "mobilenet_v2": (3_504_872, 53),
    "shufflenet": (2_278_604, 51),
    "efficientnet_b0": (5_288_548, 82),
    "yolov3": (61_949_149, 71),
    "convnext_tiny": (28_589_128, 59),
    "vit_b16": (86_567_656, 50),
    "unet": (31_030_658, 23),
}

FURTHER = {  # networks that compare no classes, or have other parts: published, or by formula in the file
    "speech_cnn": (244_224 + 292, 5),
    "text_cnn": (18_765 * 300 + 12 * 300 * 100 + 300 + 602, 2),
    "time_delay": (392 + 123, 2),
    "c3d": (78_409_573, 11),
    "se_resnet50": (28_088_024, 50 + 2 * 16),
    "localization": (11_689_512 - 513 * 1000 + 513 * 24, 18),
    "yolo_v1": (271_703_550, 26),
    "deep_pose": (2 * 58_396_060, 8),
    "fcn8s": (134_489_759, 19),
    "unet_cropped": (31_030_658, 23),
    "siamese": (38_951_745, 6),
    "product_embedding": (11_689_512 - 513 * 1000 + 513 * 128, 18),
    "dcgan": (3_576_704 + 2_765_568, 10),
    "char_rnn": (36_064, 2),
    "lstm_classifier": (2_659_074, 2),
    "gru_tagger": (1_139_665, 3),
    "seq2seq": (33_899_824, 3),
    "fairness": (13 * 32 + 33 * 16 + 2 * (17 * 16 + 17 * 2), 4),
}


def graph_of(name: str) -> Graph:
    return elaborate(load_file(resource("specs", "nets", f"{name}.cnn")))


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_compiles(file: Path) -> None:
    program = load_file(file)
    for net in program.nets:
        assert elaborate(program, net).outputs


@pytest.mark.parametrize("name", [*PUBLISHED, *FURTHER])
def test_published_counts(name: str) -> None:
    graph = graph_of(name)
    assert (counts.parameters(graph), counts.depth(graph)) == {**PUBLISHED, **FURTHER}[name]


@pytest.mark.parametrize("file", [f for f in FILES if load_file(f).train_sections], ids=lambda f: f.stem)
def test_a_train_section_gives_one_number(file: Path) -> None:
    spec = training(load_file(file))
    assert spec.graph.type_of(spec.graph.outputs["loss"]).shape == ()


@pytest.mark.parametrize("name", [n for n in PUBLISHED if n not in ("unet", "yolov3")])
def test_has_a_loss(name: str) -> None:
    spec = training(load_file(resource("specs", "nets", f"{name}.cnn")))
    assert spec.graph.type_of(spec.graph.outputs["loss"]).shape == ()
    assert spec.label == "label"


def transformer_parameters(words: int, d: int, layers: int, hidden: int) -> int:
    """By the formulas of the paper: a table for both languages, the layers, and the weights of the last layer."""
    attention, norm = 4 * (d * d + d), 2 * d
    perceptron = d * hidden + hidden + hidden * d + d
    encoder, decoder = attention + perceptron + 2 * norm, 2 * attention + perceptron + 3 * norm
    return words * d + layers * (encoder + decoder) + d * words


def test_parameters_of_the_transformer_follow_from_the_paper() -> None:
    file = load_file(resource("specs", "nets", "transformer.cnn"))
    assert counts.parameters(elaborate(file)) == transformer_parameters(37_000, 512, 6, 2048)
    small = elaborate(file, None, {"d": 24, "layers": 2, "heads": 3, "hidden": 40})
    assert counts.parameters(small) == transformer_parameters(37_000, 24, 2, 40)
    tables = [node.name for node in small.states if node.type.shape[0] == 37_000]
    assert len(tables) == 1, "both languages have the same table"


def test_googlenet_without_its_heads() -> None:
    """A part of the network with them: the same layers by the same names."""
    program = load_file(resource("specs", "nets", "googlenet.cnn"))
    tower, whole = training(program, None, {"heads": False}).graph, training(program).graph
    assert counts.parameters(tower) == 6_998_552
    assert [(node.name, node.type) for node in tower.states] == [
        (node.name, node.type) for node in whole.states if not node.name.startswith("aux")
    ]


def test_stable_node_names() -> None:
    names = [node.name for node in graph_of("resnet50")]
    assert "conv3.bottleneck[2].conv_bn_relu[1].conv_bn.conv" in names
    assert "conv3.bottleneck[1].project.conv.weight" in names
    assert "i3a.conv_relu[2].conv" in [node.name for node in graph_of("googlenet")]


def test_placements_of_two_gpus() -> None:
    graph = graph_of("alexnet_two_gpus")
    devices = {node.device for node in graph}
    assert devices == {"gpu0", "gpu1", None}
    assert graph["a.conv_relu[1].conv"].device == "gpu0"


@pytest.mark.parametrize("name", [n for n in PUBLISHED if n not in ("lenet5", "alexnet_two_gpus")])
def test_other_numbers_of_classes_can_be_set(name: str) -> None:
    """The counts that a file checks are those of its own defaults."""
    graph = elaborate(load_file(resource("specs", "nets", f"{name}.cnn")), None, {"classes": 10})
    assert counts.parameters(graph) != PUBLISHED[name][0]
