import re
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest
from render.nets import (
    Conv,
    Dense,
    Net,
    Pool,
    Tanh,
    conv_relu,
    googlenet,
    lenet5,
    on_any_size,
    resnet,
    square,
    training,
)

from cnngraph.diagnostics import CnnGraphError, Origin, Source, Span, Use
from cnngraph.elaborate.elaborate import elaborate
from cnngraph.elaborate.modules import load_text
from cnngraph.ir.graph import Graph
from cnngraph.render import engine
from cnngraph.render.dot import draw, save, to_png, to_svg
from cnngraph.render.picture import READABLE, picture


def rows(source: str, name: str) -> list[str]:
    """The rows of one box."""
    line = next(line for line in source.splitlines() if re.match(rf'\s*"?{re.escape(name)}"? \[', line))
    return re.findall(r">([^<>]+)</", re.sub(r"</?B>", "", line).replace('<BR ALIGN="CENTER"/>', "</TD><TD>"))


def clusters(source: str) -> list[str]:
    return re.findall(r'subgraph "?cluster_([^"\s]+)"?', source)


def titles(source: str) -> list[str]:
    frames = re.findall(r'label=<<TABLE[^\n]*CELLPADDING="0"><TR><TD>(.*?)</TD></TR></TABLE>>', source)
    return [title.replace("<B>", "").replace("</B>", "") for title in frames]


def arrow(source: str, tail: str, head: str) -> str:
    """The attributes of one arrow."""
    found = re.search(rf'"?{re.escape(tail)}"? -> "?{re.escape(head)}"?(?: \[(.*)\])?$', source, re.MULTILINE)
    assert found, f"no arrow {tail} -> {head}"
    return found[1] or ""


# ---- boxes and clusters ----


def test_a_labelled_line_is_one_box_with_its_label_and_operators() -> None:
    source = draw(lenet5()).source
    assert rows(source, "c1.conv") == ["c1", "conv 6, 5x5", "tanh"]
    assert rows(source, "s2") == ["s2", "maxpool 2x2"]
    assert rows(source, "c5.conv") == ["c5", "conv 120, 5x5", "tanh", "flatten"]
    assert clusters(source) == []


def test_weights_are_not_drawn() -> None:
    assert "weight]" not in draw(lenet5()).source
    assert "c1.conv.weight\"" not in draw(lenet5()).source


def test_shapes_stand_on_arrows_where_they_are_new() -> None:
    source = draw(lenet5()).source
    assert 'label=" 6@28x28"' in arrow(source, "c1.conv", "s2")
    assert "label" not in arrow(source, "image", "c1.conv")
    assert 'label="image 1@32x32"' in source
    assert 'label="output 10"' in source


def test_a_block_is_a_cluster_and_its_one_line_blocks_are_boxes() -> None:
    source = draw(googlenet()).source
    assert "i3a" in clusters(source)
    assert not any("conv_relu" in path for path in clusters(source))
    assert rows(source, "i3a.conv_relu[3].conv") == ["conv 128, 3x3, same", "relu"]
    assert 'label="concat\n256@28x28"' in source


def test_repeats_are_folded_with_their_number() -> None:
    source = draw(resnet(3, 8, 36, 3)).source
    assert titles(source).count("bottleneck × 35") == 1
    assert titles(source).count("bottleneck × 2") == 2
    assert "conv4.bottleneck[3]" not in source
    assert rows(source, "conv4.bottleneck[2].conv_bn_relu[1].conv_bn.conv")[1:] == ["batchnorm", "relu"]


def test_a_group_of_layers_that_repeats_is_framed_with_its_number_and_counts_all_its_parameters() -> None:
    net = Net()
    x = net.input("image", 8, 9, 9)
    for i in range(1, 4):
        x = net(f"maxpool[{i}]", Pool(square(3, 1), "same"), net(f"conv[{i}]", Conv(8, square(3), "same"), x))
    graph = net.finish("group", {"y": x})
    assert titles(draw(graph).source) == ["× 3"]
    assert rows(draw(graph, depth=0).source, "conv[1] to maxpool[1]") == ["× 3", "8@9x9", f"{3 * 584:,} parameters"]


def test_a_layer_that_repeats_is_one_box() -> None:
    net = Net()
    x = net.input("image", 8, 9, 9)
    for i in range(1, 4):
        x = conv_relu(net, f"conv_relu[{i}]", x, 8, square(3), "same")
    source = draw(net.finish("run", {"y": x})).source
    assert rows(source, "conv_relu[1].conv") == ["conv_relu × 3", "conv 8, 3x3, same", "relu"]


def test_a_shortcut_does_not_pull_at_the_layout() -> None:
    source = draw(resnet(2)).source
    assert arrow(source, "conv2.bottleneck[1].relu", "conv2.bottleneck[2].add") == "weight=0"
    assert "weight=4" in arrow(source, "conv2.bottleneck[2].add", "conv2.bottleneck[2].relu")
    assert 'label="+"' in source


def test_the_titles_of_blocks_come_from_the_file() -> None:
    span = Span(Source("net.cnn", "inception"), 0, 9)
    net = Net()
    x = net.input("image", 3, 9, 9)
    uses = (Use("inception", span),)
    a = net.add("i3a.tanh[1]", Tanh(), [x], origin=Origin(span, uses)).ref
    b = net.add("i3a.tanh[2]", Tanh(), [x], origin=Origin(span, uses)).ref
    source = draw(net.finish("titles", {"a": a, "b": b})).source
    assert titles(source) == ["i3a: inception"]


# ---- options ----


def test_depth_0_shows_each_block_as_one_box() -> None:
    source = draw(resnet(3, 8, 36, 3), depth=0).source
    assert clusters(source) == []
    assert rows(source, "conv4") == ["conv4", "1024@14x14", "40,613,888 parameters"]


def test_expand_shows_one_block_in_full() -> None:
    source = draw(resnet(3, 8, 36, 3), depth=0, expand=["conv2"]).source
    assert clusters(source) == ["conv2", "conv2.bottleneck[1]", "conv2.bottleneck[2]", "conv2.bottleneck[3]"]


def test_expanding_what_does_not_exist_is_an_error() -> None:
    with pytest.raises(CnnGraphError, match=r"E0101.*no block `conv9`"):
        draw(resnet(2), expand=["conv9"])


LARGE = {"googlenet": googlenet(), "resnet152": resnet(3, 8, 36, 3), "training": training(googlenet(), "main")}


@pytest.mark.parametrize("graph", LARGE.values(), ids=LARGE)
def test_a_large_network_stays_readable(graph: Graph) -> None:
    assert len(picture(graph).root.boxes) <= READABLE


def test_a_direction_is_down_or_right() -> None:
    assert "rankdir=LR" in draw(lenet5(), direction="LR").source
    with pytest.raises(CnnGraphError, match="E0108"):
        draw(lenet5(), direction="up")


def test_a_bound_batch_does_not_change_the_picture() -> None:
    def seen(graph: Graph) -> str:
        return re.sub(r' tooltip="[^"]*"', "", draw(graph).source)

    assert seen(googlenet().bind(batch=8)) == seen(googlenet())


def test_symbols_stay_symbols() -> None:
    assert "c1 1@HxW" not in draw(on_any_size()).source
    assert 'label="image 1@HxW"' in draw(on_any_size()).source


# ---- gradients and devices ----


def test_gradients_stand_in_a_cluster_of_their_own_beside_their_layers() -> None:
    source = draw(training(lenet5())).source
    assert clusters(source) == ["gradient"]
    assert rows(source, "gradient.c1.conv") == ["c1", "conv: weight, bias", "tanh: x", "update"]
    assert "style=dashed" in arrow(source, "c3.conv", "gradient.c3.conv")
    assert "dir=back" in arrow(source, "gradient.s2", "gradient.c3.conv")


def test_gradients_of_folded_blocks_are_folded() -> None:
    source = draw(training(resnet(4))).source
    assert "bottleneck[3]" not in source
    assert "dir=back" in arrow(source, "gradient.conv2.bottleneck[2].relu", "gradient.globalavgpool")


# ---- text and files ----


def test_the_same_graph_gives_the_same_text() -> None:
    assert draw(googlenet()).source == draw(googlenet()).source


def test_names_are_escaped() -> None:
    net = Net()
    x = net.input("image", 3, 9, 9)
    x = conv_relu(net, 'a"<b>&.c:1', x, 4, square(3))
    x = net("tail\\N", Dense(2), x)
    svg = to_svg(net.finish("odd <&> \"name\" \\", {"y:0": x}), title="<b>\\N & \"quotes\"")
    words = "".join(ElementTree.fromstring(svg).itertext())
    assert '<b>\\N & "quotes"' in words
    assert 'a"<b>&' in words
    assert "tail∖N" in words


def test_svg_is_xml_with_the_words_of_the_network() -> None:
    tree = ElementTree.fromstring(to_svg(lenet5()))
    words = [text.text for text in tree.iter("{http://www.w3.org/2000/svg}text")]
    assert tree.tag == "{http://www.w3.org/2000/svg}svg"
    assert {"lenet5", "c1", "conv 6, 5x5", "tanh", "image 1@32x32"} <= set(words)


def test_png_has_its_signature() -> None:
    assert to_png(lenet5()).startswith(b"\x89PNG\r\n\x1a\n")


def test_save_takes_the_format_from_the_ending(tmp_path: Path) -> None:
    assert save(lenet5(), tmp_path / "net.dot").read_text() == draw(lenet5()).source
    assert save(lenet5(), tmp_path / "net.svg").read_text().startswith("<?xml")
    assert save(lenet5(), tmp_path / "NET.DOT").read_text() == draw(lenet5()).source
    assert save(lenet5(), tmp_path / "net", "png").read_bytes().startswith(b"\x89PNG")


def test_save_refuses_other_formats_and_says_where_it_cannot_write(tmp_path: Path) -> None:
    with pytest.raises(CnnGraphError, match=r"E0603.*`gif`"):
        save(lenet5(), tmp_path / "net.gif")
    with pytest.raises(CnnGraphError, match=r"E0603.*cannot be written to"):
        save(lenet5(), tmp_path / "missing" / "net.dot")


def test_dot_text_needs_no_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine.shutil, "which", lambda *_, **__: None)
    save(lenet5(), tmp_path / "net.dot")
    with pytest.raises(CnnGraphError, match="E0603"):
        save(lenet5(), tmp_path / "net.svg")


@pytest.mark.parametrize("graph", LARGE.values(), ids=LARGE)
def test_large_networks_are_drawn_in_seconds(graph: Graph) -> None:
    start = time.monotonic()
    ElementTree.fromstring(to_svg(graph))
    assert time.monotonic() - start < 60


def test_branches_stand_side_by_side_in_the_order_of_the_file() -> None:
    text = (
        "net n(x: 2@8x8) { three }\n"
        "block three { concat { | conv(3, 1x1) | avgpool(3x3/1, same) | conv(4, 3x3, same) -> relu } }"
    )
    source = draw(elaborate(load_text(text))).source
    pairs = re.findall(r'"?([^"\s]+)"? -> "?([^"\s]+)"? \[style=invis\]', source)
    assert pairs == [("three.conv[1]", "three.avgpool"), ("three.avgpool", "three.conv[2]")]


SHARED = """cnn 1
block tower(n) { conv(n, 3x3) -> relu; conv(n, 3x3) -> tanh }
net pair(left: 3@9x9, right: 3@9x9) {
  shared eye = tower(4)
  shared gain = dense(4)
  let a = left -> eye -> globalavgpool
  let b = right -> eye -> globalavgpool
  add(a, b)
  gain -> gain -> dense(4)
}
"""


def test_uses_of_one_set_of_weights_say_so_and_no_frame_in_or_around_them() -> None:
    source = draw(elaborate(load_text(SHARED))).source
    assert [title for title in titles(source) if "shared" in title] == ["eye (shared) › tower"] * 2
    assert rows(source, "gain[1].dense") == ["gain × 2 (shared)", "dense 4"]
    assert rows(source, "dense") == ["dense 4"]
    once = draw(elaborate(load_text("net n(x: 3) { shared f = dense(3); f -> relu }"))).source
    assert "shared" not in once


def test_numbers_are_short_and_flags_are_words() -> None:
    layers = "scale(2.0 / 3.0) -> add_positions(learned = true) -> conv(4, 3, bias = false) -> scale(-1.0)"
    source = draw(elaborate(load_text(f"net n(x: 8@4) = {layers}"))).source
    assert all(f">{row}<" in source for row in ("scale 0.666667", "add_positions learned", "conv 4, 3", "scale -1"))
