"""What is said of nodes, operators and blocks."""

from __future__ import annotations

from pathlib import Path

from cnngraph.elaborate.modules import load_text
from cnngraph.net import Net, loads
from cnngraph.pages.explorer.subject import broken_subject
from cnngraph.pages.explorer.words import blocks, nodes, operators

TINY = """
## Twice as wide.
block wide(n) = conv(2*n, 3x3) -> relu

net tiny(image: 1@8x8) { wide(2); globalavgpool; output: dense(3) }
"""


def test_nodes_tell_how_their_figures_come_about() -> None:
    told = nodes(loads(TINY).graph)
    conv = told["wide.conv"]
    assert conv["printed"] == "conv(4, 3x3)"
    assert conv["states"] == [["wide.conv.weight", "3x3x1x4", True], ["wide.conv.bias", "4", True]]
    assert conv["figures"] == {
        "positions": "N + 2P - F + 1 = 8 + 2*0 - 3 + 1 = 6",
        "parameters": "3*3*1*4 + 4 = 40",
        "multiply-adds": "6*6 * 3*3*1*4 = 1,296",
        "receptive field": "3x3, step 1",
    }
    assert "wide.conv.weight" not in told


def test_nodes_that_are_not_there_have_no_figures() -> None:
    subject = broken_subject(load_text("net n(image: 1@8x8) { conv(4, 3x3); dense(10) }"), None, None, Path("n.cnn"))
    assert nodes(subject.graph)["dense"] == {"printed": "dense(10)"}


def test_a_training_step_is_told_as_well() -> None:
    trained = "train n { loss: cross_entropy(output, label)\n optimizer: sgd(lr = 0.1) }"
    told = nodes(loads(f"net n(x: 4) = dense(3) -> softmax\n{trained}").training_graph())
    assert any(name.startswith("gradient") for name in told)


def test_operators_have_their_contract() -> None:
    told = operators(loads(TINY).graph)
    assert list(told) == ["conv", "relu", "globalavgpool", "dense"]
    assert told["relu"]["equation"] == "y = max(x, 0)"
    assert str(told["dense"]["signature"]).startswith("dense(")


def test_blocks_have_their_head_and_their_comment() -> None:
    told = blocks(Net(load_text(TINY)).program)
    assert told["wide"]["head"] == "block wide(n)"
    assert told["wide"]["documentation"] == "Twice as wide."
    assert TINY[told["wide"]["from"] : told["wide"]["to"]].startswith("block wide")  # type: ignore[misc]
