"""Pictures of volumes as values: nothing lies upon anything else, and nothing outside the canvas."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, pairwise, product
from math import dist
from pathlib import Path

import pytest

import cnngraph
from cnngraph.diagnostics import CnnGraphError
from cnngraph.render.volumes.figure import figure
from cnngraph.render.volumes.layout import Layout, lay_out
from cnngraph.render.volumes.scene import Bounds, Point, Scene, Shape, Text, text_width
from cnngraph.render.volumes.volume import volumes

NETS = sorted(Path("specs/nets").glob("*.cnn"))
SHAPES = ("lenet5", "alexnet_two_gpus", "unet_small", "c3d", "time_delay", "dcgan", "pose_small", "latent_digits")
STEPS = 40  # points of a curve that are looked at
CLOSE = 0.2  # points that rectangles may touch by


def meet(a: Bounds, b: Bounds) -> bool:
    across = a[0] < b[2] - CLOSE and b[0] < a[2] - CLOSE
    return across and a[1] < b[3] - CLOSE and b[1] < a[3] - CLOSE


def rectangles(layout: Layout) -> list[Bounds]:
    return [(place.x, place.y, place.right, place.bottom) for place in layout.places.values()]


def assert_apart(layout: Layout, scene: Scene) -> None:
    solids = rectangles(layout)
    assert not [pair for pair in combinations(solids, 2) if meet(*pair)]
    signs = {item.sign for item in layout.shown.items}
    words = [text for text in scene.texts if text.words not in signs]
    assert not [(a.words, b.words) for a, b in combinations(words, 2) if meet(a.bounds, b.bounds)]
    x, y = moved(layout, scene)
    there = [(left + x, top + y, right + x, bottom + y) for left, top, right, bottom in solids]
    assert not [text.words for text, solid in product(words, there) if meet(text.bounds, solid)]


def moved(layout: Layout, scene: Scene) -> tuple[float, float]:
    """How far the scene was moved: its first words stand below its first volume."""
    place, words = next((layout.places[item.name], item.words[0]) for item in layout.shown.items if item.words)
    text = next(text for text in scene.texts if text.words == words)
    return text.x - place.x - place.solid.size[0] / 2, text.y - place.words - 11


def assert_inside(scene: Scene) -> None:
    lefts, tops, rights, bottoms = zip(*(mark.bounds for mark in scene.marks), strict=True)
    assert min(*lefts, *tops) >= 0
    assert max(rights) <= scene.width
    assert max(bottoms) <= scene.height


def along(shape: Shape) -> Iterator[Point]:
    """Points of a line or of curves, close to each other."""
    count = 3 if shape.curved else 1
    for i in range(0, len(shape.points) - 1, count):
        a, *handles, d = shape.points[i : i + count + 1]
        b, c = handles or (a, d)
        for part in (k / STEPS for k in range(STEPS + 1)):
            weights = (1 - part) ** 3, 3 * part * (1 - part) ** 2, 3 * part**2 * (1 - part), part**3
            yield (
                sum(w * point[0] for w, point in zip(weights, (a, b, c, d), strict=True)),
                sum(w * point[1] for w, point in zip(weights, (a, b, c, d), strict=True)),
            )


def crossed(scene: Scene) -> list[str]:
    """Words that a line goes through."""
    points = [point for shape in scene.shapes if not shape.fill for point in along(shape)]
    found = []
    for text in scene.texts:
        left, top, right, bottom = text.bounds
        if any(left + 1 < x < right - 1 and top + 1 < y < bottom - 1 for x, y in points):
            found.append(text.words)
    return found


def check(name: str, depth: int | None) -> Scene:
    graph = cnngraph.load(f"specs/nets/{name}.cnn").graph
    scene = figure(graph, depth)
    assert_inside(scene)
    assert_apart(lay_out(volumes(graph, depth)), scene)
    return scene


@pytest.mark.parametrize("name", SHAPES)
def test_volumes_words_and_canvas(name: str) -> None:
    assert crossed(check(name, None)) == []


@pytest.mark.sweep
@pytest.mark.parametrize(("file", "depth"), [*product(NETS, (None, 0, 1, 2))], ids=str)
def test_volumes_words_and_canvas_of_all_nets(file: Path, depth: int | None) -> None:
    scene = check(file.stem, depth)
    assert depth is not None or crossed(scene) == []


def test_every_arrow_has_a_head() -> None:
    """A head is a filled triangle; each has three sides of some length."""
    scene = check("lstm_classifier", None)
    heads = [shape.points for shape in scene.shapes if shape.fill and len(shape.points) == 4]
    arrows = [shape for shape in scene.shapes if shape.curved and not shape.fill]
    assert len(heads) == len(arrows) > 3
    assert all(min(dist(a, b) for a, b in pairwise(points)) > 2 for points in heads)


def test_lenet_says_what_its_figure_says() -> None:
    said = [text.words for text in check("lenet5", None).texts]
    for words in ("1@32x32", "c1", "6@28x28", "s2", "6@14x14", "16@10x10", "16@5x5", "c5", "120", "f6", "84", "10"):
        assert words in said
    assert said.count("5x5") == said.count("2x2") == 2
    assert "conv 5x5" in said  # into a vector: no window is drawn


def test_maps_of_few_channels_are_drawn_one_by_one() -> None:
    hints = [shape.hint for shape in check("lenet5", None).shapes]
    assert sum(hint.startswith("c3.conv") for hint in hints) == 16


def test_dark_is_the_same_picture_on_another_ground() -> None:
    graph = cnngraph.load("specs/nets/lenet5.cnn").graph
    light, dark = figure(graph), figure(graph, dark=True)
    assert light.ground != dark.ground
    assert [mark.bounds for mark in light.marks] == [mark.bounds for mark in dark.marks]


def test_a_title_stands_above() -> None:
    graph = cnngraph.load("specs/nets/time_delay.cnn").graph
    scene = figure(graph, title="a title that is much wider than the whole picture below it could ever be, is it not")
    assert_inside(scene)
    assert scene.texts[-1].y < min(text.y for text in scene.texts[:-1])
    assert scene.title.startswith("a title")


def test_a_graph_with_its_gradient_is_refused() -> None:
    with pytest.raises(CnnGraphError, match="E0108"):
        figure(cnngraph.load("specs/nets/lenet5.cnn").training_graph())


def test_text_is_not_wider_than_it_is_said() -> None:
    from PIL import ImageFont

    font = ImageFont.load_default(100)
    for words in ("6@28x28", "1024@HxW/16", "globalavgpool", "conv3: inception", "11x11/4", "maxpool 2x2"):
        assert text_width(words, 100) > 0.9 * font.getlength(words)
    assert Text(50, 20, "abc", "#000000").bounds[0] < 50 < Text(50, 20, "abc", "#000000").bounds[2]
