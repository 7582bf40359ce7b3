"""One block in full between its neighbours."""

from __future__ import annotations

import pytest
from render.nets import googlenet, resnet, training
from render.test_dot import arrow, clusters, rows, titles

from cnngraph.diagnostics import CnnGraphError
from cnngraph.render.dot import draw
from cnngraph.render.focus import focused


def test_the_block_stands_between_what_it_reads_and_what_reads_it() -> None:
    shown = focused(googlenet(), "i4a")
    names = {box.name for box in shown.root.boxes}
    assert {name for name in names if not name.startswith("i4a.")} == {"p3", "i4b", "aux_head[1]"}
    assert len(names) == 3 + 8
    assert shown.comes == ("p3",)
    assert shown.goes == ("i4b",)
    assert list(shown.outputs) == ["aux1"]


def test_what_is_left_out_is_dots() -> None:
    source = draw(googlenet(), focus="i4a").source
    assert clusters(source) == ["i4a"]
    assert rows(source, "i4b")[0].startswith("i4b")
    assert arrow(source, "before p3", "p3") == "weight=4"
    assert arrow(source, "i4b", "behind i4b") == "weight=4"


def test_the_rest_of_a_repeat_is_folded_around_one_of_its_copies() -> None:
    source = draw(resnet(3, 8, 36, 3), focus="conv4.bottleneck[7]").source
    assert clusters(source) == ["conv4", "conv4.bottleneck[7]"]
    assert titles(source) == ["conv4", "bottleneck[7]"]
    assert rows(source, "conv4.bottleneck[2]")[0] == "bottleneck × 5"
    assert rows(source, "conv4.bottleneck[8]")[0] == "bottleneck × 29"


def test_gradients_of_what_is_shown_stay() -> None:
    source = draw(training(resnet(2)), focus="conv2.bottleneck[1]").source
    assert "gradient" in clusters(source)
    assert "gradient.conv2.bottleneck[1]" in source
    assert "gradient.dense" not in source


def test_a_focus_on_nothing_is_an_error() -> None:
    with pytest.raises(CnnGraphError, match=r"E0101.*no block `i9`"):
        draw(googlenet(), focus="i9")
