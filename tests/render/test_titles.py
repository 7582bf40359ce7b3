"""No arrow crosses the words of a box, a frame or another arrow: read off the SVG, and off the engine's layout."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations
from xml.etree import ElementTree

import pytest
from render.nets import lenet5, training

from cnngraph.elaborate.elaborate import elaborate
from cnngraph.elaborate.modules import load_file, load_text
from cnngraph.ir.graph import Graph
from cnngraph.render.dot import drawing, text_of, to_svg
from cnngraph.render.layout import Layout, Line, Words, laid_out
from cnngraph.render.titles import find_rooms
from cnngraph.resources import resource

SVG = "{http://www.w3.org/2000/svg}"
LETTER = 0.44  # the width of a letter of Helvetica, in sizes of the font, at least
NETS = sorted(path.stem for path in resource("specs", "nets").glob("*.cnn") if path.stem != "exercises")

CROSSED = """net n(image: 3@32x32) {
  conv(8, 3x3) -> relu
  a_frame_with_a_long_title: three()
  dense(3)
}
block three { concat { | conv(4, 1x1) | conv(4, 1x1) | conv(4, 1x1) }; globalavgpool }"""


def net(name: str) -> Graph:
    return elaborate(load_file(resource("specs", "nets", f"{name}.cnn")))


def svg_words(group: ElementTree.Element) -> Iterator[Words]:
    for item in group.iter(f"{SVG}text"):
        size, text = float(item.attrib["font-size"]), item.text or ""
        x, y, width = float(item.attrib["x"]), -float(item.attrib["y"]), LETTER * size * len(text.strip())
        left = x - width / 2 if item.attrib["text-anchor"] == "middle" else x
        yield Words(text, left, y, left + width, y + 0.7 * size)


def svg_line(group: ElementTree.Element) -> Line:
    """An arrow: its curve, in straight pieces between many points."""
    numbers = [float(n) for d in group.iter(f"{SVG}path") for n in re.findall(r"-?[\d.]+", d.attrib["d"])]
    corners = [(x, -y) for x, y in zip(numbers[::2], numbers[1::2], strict=True)]
    points = []
    for i in range(0, len(corners) - 3, 3):
        (a, b), (c, d), (e, f), (g, h) = corners[i : i + 4]
        for k in range(65):
            t, s = k / 64, 1 - k / 64
            shares = s**3, 3 * t * s * s, 3 * t * t * s, t**3
            points.append((sum(map(_times, shares, (a, c, e, g))), sum(map(_times, shares, (b, d, f, h)))))
    source, _, target = (group.findtext(f"{SVG}title") or "").partition("->")
    return Line(source, target, tuple(points), tuple(svg_words(group)))


def _times(share: float, value: float) -> float:
    return share * value


def crossed_in(svg: str) -> list[str]:
    """Words of boxes that an arrow does not join, of frames and of other arrows, that an arrow crosses."""
    groups = [group for group in ElementTree.fromstring(svg).iter(f"{SVG}g") if group.get("class")]
    lines = [svg_line(group) for group in groups if group.get("class") == "edge"]
    others = [group for group in groups if group.get("class") in ("node", "cluster")]
    boxes = [(group.findtext(f"{SVG}title"), list(svg_words(group))) for group in others]
    return [
        words.text
        for line in lines
        for owner, all_words in (*boxes, *((None, other.words) for other in lines if other is not line))
        if owner not in (line.source, line.target)
        for words in all_words
        if any(map(words.holds, line.points))
    ]


def crossed(layout: Layout) -> list[str]:
    """The same as the engine says it."""
    lines = layout.lines
    owned = [*layout.words.items(), *((None, line.words) for line in lines)]
    return [
        words.text
        for line in lines
        for owner, all_words in owned
        if owner not in (line.source, line.target) and all_words is not line.words
        for words in all_words
        if any(map(words.holds, line.points))
    ]


@pytest.mark.parametrize("name", ["resnet34", "googlenet", "unet", "alexnet_two_gpus"])
def test_no_arrow_crosses_words(name: str) -> None:
    assert crossed_in(to_svg(net(name))) == []


def test_no_arrow_crosses_words_around_a_dense_layer() -> None:
    assert crossed_in(to_svg(net("densenet121"), focus="dense_layer[2]")) == []


def test_without_rooms_arrows_would_cross() -> None:
    """What is tested above could be otherwise."""
    assert "a_frame_with_a_long_title: three" in crossed(laid_out(text_of(drawing(elaborate(load_text(CROSSED)), {}))))
    assert crossed(free(elaborate(load_text(CROSSED)), "TB")) == []


def free(graph: Graph, direction: str) -> Layout:
    """The layout with the rooms that were found."""
    plain = drawing(graph, {"direction": direction})
    rooms = find_rooms(lambda rooms: text_of(plain.with_rooms(rooms)), direction == "LR")
    return laid_out(text_of(plain.with_rooms(rooms)))


def test_what_a_gradient_keeps_does_not_cross_a_shape() -> None:
    graph = training(lenet5())
    assert crossed(laid_out(text_of(drawing(graph, {}))))
    assert crossed_in(to_svg(graph)) == []


@pytest.mark.sweep
@pytest.mark.parametrize("direction", ["TB", "LR"])
@pytest.mark.parametrize("name", NETS)
def test_no_arrow_crosses_words_in_any_net(name: str, direction: str) -> None:
    layout = free(net(name), direction)
    assert crossed(layout) == []
    assert sticking_out(layout) == []


@pytest.mark.parametrize("name", ["c3d", "vgg16"])
def test_words_beside_arrows_stay_in_their_frame(name: str) -> None:
    assert sticking_out(free(net(name), "TB")) == []


def sticking_out(layout: Layout) -> list[str]:
    return [
        words.text
        for line in layout.lines
        for words in line.words
        for frame in layout.frames.values()
        for side in (frame.left, frame.right)
        if frame.bottom < words.bottom < frame.top and words.left < side < words.right
    ]


def test_shapes_on_arrows_do_not_overlap() -> None:
    words = [words for line in free(net("alexnet_two_gpus"), "TB").lines for words in line.words]
    assert len(words) > 8
    for a, b in combinations(words, 2):
        assert a.right <= b.left or a.top <= b.bottom or b.right <= a.left or b.top <= a.bottom


def test_sideways_a_title_goes_to_another_corner_and_the_picture_does_not_grow() -> None:
    graph = net("resnet18")
    plain = drawing(graph, {"direction": "LR"})
    layout = free(graph, "LR")
    assert layout.size[0] < 1.02 * laid_out(text_of(plain)).size[0]
    assert crossed(laid_out(text_of(plain)))
    assert crossed(layout) == []


def test_no_arrow_makes_a_bow_around_its_words_which_then_stand_in_its_box() -> None:
    graph = net("yolov3")
    before, after = laid_out(text_of(drawing(graph, {}))), free(graph, "TB")
    assert "d8.conv_leaky[2].conv_bn.conv" in bows(before)
    assert bows(after) == []
    rows = [[words.text for words in layout.words["d8.conv_leaky[2].conv_bn.conv"]] for layout in (before, after)]
    assert rows[1] == [*rows[0], "128@HxW/8"]


def bows(layout: Layout) -> list[str]:
    """The boxes from which an arrow with words leaves the straight way."""
    sides = [
        (line, line.points[len(line.points) // 2][0], [layout.middles[end][0] for end in (line.source, line.target)])
        for line in layout.lines
        if line.words
    ]
    return [line.source for line, middle, ends in sides if not min(ends) - 8 < middle < max(ends) + 8]
