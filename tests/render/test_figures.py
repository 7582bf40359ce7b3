"""The figures in boxes are those of the table."""

from __future__ import annotations

import pytest
from render.nets import googlenet, lenet5, resnet
from render.test_dot import rows

from cnngraph.diagnostics import CnnGraphError
from cnngraph.elaborate.elaborate import elaborate
from cnngraph.elaborate.modules import load_text
from cnngraph.ir.graph import Graph
from cnngraph.render.dot import draw
from cnngraph.render.figures import MEASURES, Figures, count_text, known_measures
from cnngraph.render.parts import Box
from cnngraph.render.picture import picture
from cnngraph.render.table import summary


def test_boxes_say_what_is_asked_for() -> None:
    source = draw(lenet5(), show=("parameters", "madds")).source
    assert rows(source, "c1.conv") == ["c1", "conv 6, 5x5", "tanh", "156 parameters", "118k multiply-adds"]
    assert rows(source, "s2") == ["s2", "maxpool 2x2"]
    assert "parameters" not in draw(lenet5()).source


def test_every_measure_has_words() -> None:
    source = draw(lenet5(), show=tuple(MEASURES)).source
    assert rows(source, "s2")[2:] == ["1.18k activations", "4.7 kB", "field 6x6"]


def one_box(graph: Graph) -> Box:
    return Box("", tuple(node for node in graph), block=True)


@pytest.mark.parametrize("graph", [lenet5(), googlenet(), resnet(3, 8)], ids=["lenet5", "googlenet", "resnet"])
def test_all_boxes_together_have_what_the_table_says(graph: Graph) -> None:
    totals = summary(graph).totals
    told = Figures(graph).texts(one_box(graph), ("parameters", "madds"))
    assert told == [f"{count_text(totals[name])} {name}" for name in ("parameters", "multiply-adds")]


def test_a_folded_block_counts_all_its_copies() -> None:
    graph = resnet(4)
    box = next(box for box in picture(graph, 1).root.boxes if box.copies == 3)
    one = sum(parameters_of(graph, f"conv2.bottleneck[{i}]") for i in (2, 3, 4))
    assert Figures(graph).texts(box, ("parameters",)) == [f"{count_text(one)} parameters"]


def parameters_of(graph: Graph, path: str) -> int:
    table = summary(graph)
    at = [column.key for column in table.columns].index("parameters")
    return sum(int(row[at]) for row in table.rows if str(row[0]).startswith(f"{path}."))


def test_shared_weights_count_once() -> None:
    text = "net n(x: 4) { shared f = dense(4); f -> f -> relu }"
    graph = elaborate(load_text(text))
    assert Figures(graph).texts(one_box(graph), ("parameters",)) == ["20 parameters"]


def test_a_figure_that_there_is_not() -> None:
    assert known_measures(["macs", "madds", "field"]) == ("madds", "field")
    with pytest.raises(CnnGraphError, match=r"E0108.*no figure `colour`"):
        draw(lenet5(), show=("colour",))
