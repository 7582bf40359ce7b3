"""The graph view in a browser: what opens, what is selected, how one moves, and what hostile names cannot do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pages.browser import axe, chromium, opened

from cnngraph.ir.graph import Graph, Ref
from cnngraph.net import load, loads
from cnngraph.pages import frame
from cnngraph.pages.markup import element
from cnngraph.pages.model import GRAPH_SCRIPTS, GRAPH_STYLES, graph_model

if TYPE_CHECKING:
    from playwright.sync_api import Page

SPECS = Path(__file__).parents[2] / "specs" / "nets"
STYLE = ".graph { width: 900px; height: 700px }"
SCRIPT = """
const container = document.getElementById("view");
const events = [];
for (const name of ["select", "hover", "drawn", "failed"]) {
  container.addEventListener(name, ({ detail }) => {
    const { box, ...plain } = detail;
    events.push([name, plain]);
  });
}
const view = new GraphView(container, data("graph"));
Object.assign(window, { view, events, data });
"""
STACK = """
net stack(image: 3@32x32) {
  stem: conv(8, 3x3, same)
  repeat 6 { residual { conv(8, 3x3, same) -> batchnorm -> relu -> conv(8, 3x3, same) } -> relu }
  head: globalavgpool -> dense(10) -> softmax
}
"""


def page_of(graph: Graph, **data: object) -> str:
    """A page that is nothing but a view, as `view`, and the events that it dispatched, as `events`."""
    real = frame.asset
    files = {"test.css": STYLE, "test.js": SCRIPT}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(frame, "asset", lambda name: files.get(name) or real(name))
        return frame.frame(
            graph.name,
            element("main", element("h1", "A network"), element("div", id="view")),
            styles=(*GRAPH_STYLES, "test.css"),
            scripts=(*GRAPH_SCRIPTS, "test.js"),
            data={"graph": graph_model(graph), **data},
            draws=True,
        )


@contextmanager
def shown(graph: Graph, *, data: dict[str, object] | None = None, **options: Any) -> Iterator[Page]:
    chromium()
    with opened(page_of(graph, **(data or {})), reduced_motion="reduce", **options) as page:
        page.evaluate("view.ready")
        yield page


def box(page: Page, name: str) -> Any:
    return page.locator(f'.box[data-id="{name}"]')


def title(page: Page, name: str) -> Any:
    return page.locator(f'.title[data-id="{name}"]')


def last(page: Page, event: str) -> Any:
    return page.evaluate(f"events.filter(([name]) => name === '{event}').at(-1)?.[1] ?? null")


def corner(place: Any) -> tuple[float, float]:
    found = place.bounding_box()
    return found["x"], found["y"]


def entry(place: Any) -> tuple[float, float]:
    """The middle of the upper side."""
    found = place.bounding_box()
    return found["x"] + found["width"] / 2, found["y"]


def test_blocks_are_opened_and_closed_and_keep_their_place() -> None:
    with shown(load(SPECS / "googlenet.cnn").graph) as page:
        assert last(page, "drawn")["boxes"] == page.evaluate("view.boxes().length") == 21
        block = box(page, "i3a")
        assert block.get_attribute("aria-expanded") == "false"
        said = block.get_attribute("aria-label")
        assert said == "i3a: inception, closed block of 14 operators, 256@28x28, 163,696 parameters"
        before = entry(block.locator(".outline"))
        block.dblclick()
        title(page, "i3a").wait_for()
        assert entry(page.locator(".frame .ground").first) == pytest.approx(before, abs=2)
        assert page.locator(".box").count() == 20 + 8 + 3  # with the three outputs
        assert box(page, "i3a.conv_relu[1].conv").get_attribute("aria-label") == (
            "conv 64, 1x1, relu, 64@28x28, 12,352 parameters"
        )
        assert page.locator("[aria-live]").first.inner_text() == "28 boxes drawn"
        axe(page)
        title(page, "i3a").dblclick()
        box(page, "i3a").wait_for()
        assert page.locator(".frame").count() == 0


def test_what_is_pointed_at_is_told() -> None:
    with shown(loads(STACK).graph) as page:
        box(page, "stem").hover()
        told = last(page, "hover")
        assert (told["id"], told["nodes"]) == ("stem", ["stem"])
        row = page.locator('[data-node="batchnorm[1]"]').first
        row.click()
        assert last(page, "select") == {
            "id": "batchnorm[1]",
            "nodes": ["batchnorm[1]"],
            "byUser": True,
        }
        assert page.locator(".box.selected").get_attribute("aria-pressed") == "true"
        page.mouse.click(880, 100)
        assert last(page, "select")["id"] is None
        assert last(page, "hover")["id"] is None
        assert page.locator(".box.selected").count() == 0
        page.evaluate("view.select('stem')")
        assert last(page, "select") == {"id": "stem", "nodes": ["stem"], "byUser": False}
        page.evaluate("view.select('no such node')")
        assert page.evaluate("view.selected") is None


def test_a_repeat_shows_one_copy_or_all_of_them() -> None:
    with shown(loads(STACK).graph) as page:
        (repeat,) = page.evaluate("[...view.model.blocks.values()].filter((b) => b.copies).map((b) => b.path)")
        few = page.evaluate("view.boxes().length")
        hidden = page.evaluate("view.boxes().find((b) => b.id === 'conv[1]').hidden")
        assert "conv[11]" in hidden
        page.evaluate("view.mark('path', ['conv[7]'], [['stem', 'conv[1]']])")
        assert page.locator(".box.path").get_attribute("data-id") == "conv[1]"
        assert page.locator(".arrow.path").count() == 1
        page.locator("[data-unroll]").click()
        box(page, "conv[7] to relu[8]").wait_for()
        assert page.evaluate("view.opened.unrolled.size") == 1
        page.evaluate("view.reveal('batchnorm[5]')")
        assert page.locator(".box.selected [data-node='batchnorm[5]']").count() == 1
        assert page.evaluate("view.boxes().length") > few
        page.evaluate(f"view.unroll({repeat!r}, false)")
        assert page.evaluate("view.boxes().length") == few
        page.evaluate(f"view.closeAll().then(() => view.open({repeat!r}))")
        assert page.evaluate("view.opened.unrolled.size") == 0
        assert box(page, "conv[1]").count() == 1


def test_the_keyboard_walks_along_arrows_and_into_blocks() -> None:
    with shown(load(SPECS / "googlenet.cnn").graph) as page:
        focused = "document.activeElement.dataset.id"
        page.keyboard.press("Tab")
        assert page.evaluate(focused) == "image"
        for key, name in [("ArrowDown", "conv1.conv"), ("End", "output aux2"), ("Home", "image")]:
            page.keyboard.press(key)
            assert page.evaluate(focused) == name
        page.evaluate("view.reveal('i3a')")
        box(page, "i3a").focus()
        page.keyboard.press("Enter")
        title(page, "i3a").wait_for()
        assert page.evaluate(focused) == "i3a"
        page.keyboard.press("ArrowDown")
        assert page.evaluate(focused).startswith("i3a.")
        page.keyboard.press(" ")
        assert last(page, "select")["id"] == page.evaluate(focused)
        page.keyboard.press("Escape")
        assert page.evaluate(focused) == "i3a"
        page.keyboard.press("Enter")
        box(page, "i3a").wait_for()
        assert page.evaluate(focused) == "i3a"
        assert page.locator('.graph [tabindex="0"]').count() == 1
        before = page.evaluate("view.camera.scale")
        page.keyboard.press("+")
        assert page.evaluate("view.camera.scale") == pytest.approx(1.25 * before)
        page.keyboard.press("Shift+ArrowRight")
        page.keyboard.press("0")
        seen, whole = page.evaluate("[view.camera.seen.height, view.bounds.height]")
        assert seen >= whole


def test_one_moves_with_wheel_drag_and_map() -> None:
    with shown(load(SPECS / "resnet50.cnn").graph) as page:
        place = box(page, "conv1.conv_bn.conv").locator(".outline")
        found = place.bounding_box()
        page.mouse.move(found["x"], found["y"])
        page.mouse.wheel(0, -200)
        page.wait_for_timeout(100)
        now = place.bounding_box()
        assert now["width"] > 1.2 * found["width"]
        assert (now["x"], now["y"]) == pytest.approx((found["x"], found["y"]), abs=2)  # it stays under the pointer
        selected = page.evaluate("events.filter(([name]) => name === 'select').length")
        page.mouse.down()
        page.mouse.move(now["x"] + 50, now["y"] + 80, steps=3)
        page.mouse.up()
        assert corner(place) == pytest.approx((now["x"] + 50, now["y"] + 80), abs=2)
        assert page.evaluate("events.filter(([name]) => name === 'select').length") == selected
        frame_ = page.locator(".minimap .seen")
        before: Any = frame_.bounding_box()
        chart: Any = page.locator(".minimap").bounding_box()
        page.mouse.click(chart["x"] + chart["width"] / 2, chart["y"] + chart["height"] - 5)
        assert corner(frame_)[1] > before["y"] + 20
        page.evaluate("view.setDirection('LR')")
        assert page.evaluate("view.bounds.width > view.bounds.height")


def test_two_fingers_pinch_and_one_pans() -> None:
    with shown(loads(STACK).graph, has_touch=True) as page:
        fingers = page.context.new_cdp_session(page)

        def touch(kind: str, *points: tuple[int, int]) -> None:
            places = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]
            fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

        scale, x = page.evaluate("[view.camera.scale, view.camera.x]")
        touch("touchStart", (300, 300))
        touch("touchMove", (340, 300))
        touch("touchEnd")
        assert page.evaluate("view.camera.x") == pytest.approx(x + 40, abs=1)
        touch("touchStart", (300, 300))
        touch("touchStart", (300, 300), (400, 300))
        for i in range(1, 11):
            touch("touchMove", (300 - 5 * i, 300), (400 + 5 * i, 300))
        touch("touchEnd")
        assert page.evaluate("view.camera.scale") == pytest.approx(2 * scale, rel=0.15)


def test_colours_and_a_new_model_without_losing_the_place() -> None:
    other = loads(STACK.replace("dense(10)", "dense(20)")).graph
    with shown(loads(STACK).graph, data={"other": graph_model(other)}, dark=True) as page:
        page.evaluate("view.paint((box) => box.id === 'stem' ? {fill: 'rgb(1, 2, 3)', ink: 'white'} : null)")
        fill = "getComputedStyle(document.querySelector('.box[data-id=\"stem\"] .fill')).fill"
        assert page.evaluate(fill) == "rgb(1, 2, 3)"
        page.evaluate("view.select('head.dense')")
        page.evaluate("view.mark('found', ['stem'])")
        page.evaluate("view.close([...view.model.blocks.values()].find((b) => b.copies).path)")
        count = page.evaluate("view.boxes().length")
        before = corner(box(page, "stem").locator(".outline"))
        page.evaluate("view.setModel(data('other'))")
        assert page.evaluate("[view.boxes().length, view.selected]") == [count, "head.dense"]
        assert page.evaluate(fill) == "rgb(1, 2, 3)"
        assert box(page, "stem").evaluate("(element) => element.classList.contains('found')")
        assert corner(box(page, "stem").locator(".outline")) == pytest.approx(before, abs=3)
        assert page.locator(".box text").filter(has_text="dense 20").count() == 1
        page.evaluate("view.paint(null)")
        axe(page)


def test_a_layout_that_fails_or_takes_long_leaves_the_drawing_and_a_way_out() -> None:
    with shown(load(SPECS / "googlenet.cnn").graph) as page:
        page.evaluate("window.real = view.engine; view.engine = {layout: async () => { throw new Error('no room'); }}")
        page.evaluate("view.open('i3a')")
        assert last(page, "failed")["message"] == "28 boxes could not be laid out: no room"
        assert page.locator(".notice").is_visible()
        assert page.evaluate("view.isOpen('i3a')") is False
        assert box(page, "i3a").count() == 1
        page.locator(".notice button").click()
        assert not page.locator(".notice").is_visible()
        page.evaluate("view.engine = {layout: () => new Promise(() => {}), giveUp() {}}; void view.open('i3a')")
        page.locator("text=Give up").click()
        assert page.evaluate("view.isOpen('i3a')") is False
        page.evaluate("view.engine = real; view.open('i3a')")
        assert page.evaluate("view.isOpen('i3a')") is True
        assert not page.locator(".notice").is_visible()


def test_an_older_layout_gives_way_to_a_newer_one() -> None:
    with shown(load(SPECS / "densenet121.cnn").graph) as page:
        count = page.evaluate(
            "(async () => { const all = view.openAll(); const none = view.closeAll(); await all; await none;"
            " return view.boxes().length; })()"
        )
        assert count == 13
        assert page.evaluate("events.filter(([name]) => name === 'failed').length") == 0


def test_very_many_skips_are_arcs_that_the_layout_does_without() -> None:
    lines = ["let c0 = x -> conv(2, 3x3, same)", "let c1 = c0 -> conv(2, 3x3, same)"]
    for i in range(2, 20):
        lines.append(f"let c{i} = concat({', '.join(f'c{j}' for j in range(i))}) -> conv(2, 3x3, same)")
    net = loads(f"net knit(x: 3@8x8) {{\n{chr(10).join(lines)}\nreturn c19 }}")
    with shown(net.graph) as page:
        page.evaluate("view.openAll()")
        assert page.locator(".arrow.arc").count() > 150
        assert last(page, "drawn")["milliseconds"] < 5_000  # seconds, not minutes
        right = page.evaluate("Math.max(...view.boxes().map((box) => box.x + box.width / 2))")
        assert page.evaluate("view.bounds.width") > right + 50


HOSTILE = '<img src=x onerror=alert(1)>"];}digraph{\\N\\E"</script><script>alert(1)</script>&lt;%0A\u2028'


def test_nothing_that_a_file_says_becomes_markup_or_script() -> None:
    plain = loads("net n(x: 3@8x8) { conv(4, 3x3) -> relu -> globalavgpool }").graph
    names = {node.name: f"{HOSTILE}.{node.name}" for node in plain}
    nodes = [
        replace(node, name=names[node.name], inputs=tuple(Ref(names[r.node], r.index) for r in node.inputs))
        for node in plain
    ]
    (output,) = plain.outputs.values()
    graph = replace(plain, name=HOSTILE, nodes=tuple(nodes), outputs={HOSTILE: Ref(names[output.node])})
    with shown(graph) as page:
        page.evaluate("view.openAll()")
        assert page.evaluate("[document.images.length, document.querySelectorAll('script').length]") == [0, 3]
        assert page.evaluate("view.svg.getAttribute('aria-label')") == f"Graph of {HOSTILE}"
        words = page.evaluate("[...document.querySelectorAll('.graph text')].map((text) => text.textContent)")
        assert any(HOSTILE in text for text in words)
        page.evaluate(f"view.reveal({names['relu']!r})")
        assert page.evaluate("view.selected") == names["relu"]


@pytest.mark.parametrize("direction", ["TB", pytest.param("LR", marks=pytest.mark.sweep)])
def test_gradients_stand_beside_what_they_differentiate(direction: str) -> None:
    with shown(load(SPECS / "lenet5.cnn").training_graph()) as page:
        assert page.evaluate("view.isOpen('gradient')") is False
        ends = "view.scene.arrows.filter(({ to }) => to.path === 'gradient').map(({ from, kind }) => [from.id, kind])"
        assert page.evaluate(ends) == [["loss.cross_entropy", "saved"]]
        page.evaluate(f"view.direction = '{direction}'; view.open('gradient')")
        places = page.evaluate(
            "Object.fromEntries(view.boxes().filter((b) => b.title === 'c3').map((b) => [b.backward, [b.x, b.y]]))"
        )
        along = 1 if direction == "TB" else 0
        assert places["true"][along] == pytest.approx(places["false"][along], abs=60)
        assert page.locator(".arrow.kind-gradient").count() > 4
        assert page.locator(".arrow.kind-saved").count() > 3


OVERLAPS = """
(() => {
  const boxes = view.scene.boxes.map(({ x, y, width, height }) => [x - width / 2, y - height / 2, width, height]);
  const meet = ([a, b, w, h], [c, d, u, v]) => a < c + u - 1 && c < a + w - 1 && b < d + v - 1 && d < b + h - 1;
  return boxes.flatMap((one, i) => boxes.slice(i + 1).filter((other) => meet(one, other))).length;
})()
"""


@pytest.mark.sweep
def test_every_net_and_its_training_step_is_drawn_closed_and_open() -> None:
    nets = {path.stem: load(path) for path in sorted(SPECS.glob("*.cnn"))}
    graphs = {name: net.graph for name, net in nets.items()}
    for name, net in nets.items():
        if net.program.train_sections:
            net.step = net.training.steps[0].name if net.training.steps else None
            graphs[f"{name} step"] = net.training_graph()
    models: dict[str, object] = {name: graph_model(graph) for name, graph in graphs.items()}
    with shown(graphs["lenet5"], data=models) as page:
        for name in models:
            page.evaluate(f"view.setModel(data({name!r}), {{isOther: true}})")
            assert 1 <= page.evaluate("view.boxes().length") <= 61, name
            assert page.evaluate(OVERLAPS) == 0, name
            page.evaluate("view.openAll()")
            assert page.evaluate(OVERLAPS) == 0, name
            assert page.evaluate("view.scene.home.every((box) => box !== null)"), name
        assert page.evaluate("events.filter(([name]) => name === 'failed').length") == 0
