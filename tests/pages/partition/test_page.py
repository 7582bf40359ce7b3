"""The page says what the command says, and the graph, the devices and the timeline answer each other in a browser."""

from __future__ import annotations

import base64
import html
import json
import re
import zlib
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from pages.browser import axe, opened

import cnngraph
from cnngraph.pages.partition.network import Network, Pipelined
from cnngraph.pages.partition.page import partition_page
from cnngraph.pages.partition.subject import Subject
from cnngraph.pages.partition.workload import Divided
from cnngraph.pages.timeline import Track, timeline_json
from cnngraph.partition.device import Cluster, Device
from cnngraph.partition.explain import Question, explain
from cnngraph.partition.split import solve, split
from cnngraph.partition.workload import Operator, Workload, posed
from cnngraph.pipeline.schedule import Phase
from cnngraph.pipeline.timeline import Span, Timeline
from cnngraph.pipeline.trace import trace_json
from cnngraph.render.explanation import trials
from cnngraph.render.partition_table import shares, stages
from cnngraph.render.tabular import Table, shown
from cnngraph.runtime.pipelining import PipelineOptions, pipeline_plan
from cnngraph.runtime.predict import by_cluster, links_of, predicted

if TYPE_CHECKING:
    from playwright.sync_api import Page

NET = """
net wide(image: 3@32x32) {
  stem: conv(32, 3x3, same) -> relu -> maxpool(2x2)
  b1: conv(64, 3x3, same) -> batchnorm -> relu
  b2: conv(128, 3x3, same) -> relu -> globalavgpool -> dense(10)
  output: softmax
}
train { loss: cross_entropy(output, label); optimizer: sgd(lr = 0.1) }
"""
CLUSTER = Cluster.uniform(3, Device("gpu", 10**8, flops_per_second=1e11, bytes_per_second=5e9))


@cache
def network(gradient: bool, microbatches: int, kind: str = "1f1b", **how: Any) -> Network:
    net = cnngraph.loads(NET)
    partition = split(net.bound(16, gradient, False), CLUSTER, **how)
    if not microbatches:
        return Network(partition)
    options = PipelineOptions(microbatches, kind)
    pipeline = net.pipeline(CLUSTER, options, gradient)
    plan = pipeline_plan(pipeline.graph, {"batch": 16}, CLUSTER, options, pipeline.settings)
    line = predicted(plan, by_cluster(CLUSTER), links_of(CLUSTER, plan.capacity))
    return Network(partition, Pipelined(plan, [line]))


def workload() -> tuple[Divided, Table]:
    operators = tuple(Operator(i, f"op {i % 5}", 2.0 + i % 3, 9.0, 10.0, i >= 4, (i,)) for i in range(8))
    edges = tuple((i, i + 1) for i in range(7))
    given = Workload("eight", 2, 1, 100.0, operators, edges, dict.fromkeys(range(8), 0.25))
    problem = posed(given)
    answer = solve(problem)
    return Divided(problem, answer, backward=frozenset({"op 4"})), shares(problem, answer)


def texts_of(page: str) -> str:
    """What a reader sees, without the data and the engine."""
    return html.unescape(re.sub(r"<[^>]+>", "\n", re.sub(r"<(script|style).*?</\1>", "", page, flags=re.S)))


def data_of(page: str, name: str) -> Any:
    found = re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', page, flags=re.S)
    assert found is not None
    return json.loads(found[1])


def says(page: str, table: Table) -> None:
    lines = texts_of(page).split("\n")
    for row in table.rows:
        for cell in row:
            assert shown(cell) in lines
    for value in table.totals.values():
        assert shown(value) in lines


@pytest.mark.parametrize("objective", ["throughput", "latency", "memory"])
def test_the_page_has_the_numbers_of_the_command(objective: str) -> None:
    found = network(True, 0, objective=objective)
    page = partition_page(found.subject())
    says(page, stages(found.partition))
    assert page == partition_page(Network(found.partition).subject())


def test_a_pipeline_has_its_step_its_devices_and_the_trace_of_the_command() -> None:
    found = network(True, 4)
    assert found.pipelined is not None
    page, (line,) = partition_page(found.subject()), found.pipelined.timelines
    says(page, stages(found.partition))
    says(page, stages(found.pipelined.plan.partition))
    summary = str(line).splitlines()[-1].removeprefix("predicted: ")
    assert summary == data_of(page, "timeline")["tracks"][0]["note"]
    trace = zlib.decompress(base64.b64decode(data_of(page, "trace"))).decode()
    assert trace == trace_json(line)
    (track,) = data_of(page, "timeline")["tracks"]
    assert track["length"] * data_of(page, "timeline")["tick"] == pytest.approx(line.step_seconds)
    assert [lane["name"] for lane in track["lanes"]] == list(line.devices)


def test_a_device_that_works_in_the_pipeline_alone_has_a_colour() -> None:
    found = network(True, 4)
    assert found.pipelined is not None
    alone = split(found.partition.graph, Cluster(CLUSTER.devices[:1]))
    one = replace(alone, cluster=CLUSTER)  # the table has all on gpu0
    subject = Network(one, found.pipelined).subject()
    assert [lane.name for lane in subject.lanes] == list(found.pipelined.plan.devices)
    assert subject.executed is not None
    assert set(subject.executed) == set(range(len(subject.lanes)))
    assert set(subject.division) == {0}


def test_memory_of_a_step_is_that_of_the_plan() -> None:
    found = network(True, 4, "fill-drain")
    assert found.pipelined is not None
    peaks = found.pipelined.plan.peak_bytes
    memory = next(table for table in found.subject().tables if "in flight" in table.title)
    assert {row[0]: row[2].value for row in memory.rows} == peaks  # type: ignore[union-attr]
    for track in found.tracks:
        assert {name: held.peak_bytes for name, held in track.held.items()} == peaks


def test_a_remark_stands_on_the_page_once_and_no_table_is_empty() -> None:
    graph = cnngraph.loads("net small(image: 1@8x8) = conv(4, 3x3) -> relu").bound(1, False, False)
    found = split(graph, Cluster.uniform(2, Device("gpu")))
    text = texts_of(partition_page(Network(found).subject()))
    (remark,) = found.remarks
    assert text.count(remark) == 1
    assert "Links in a run" not in text


def test_what_would_help_stands_on_the_page() -> None:
    net = cnngraph.loads(NET)
    question = Question(lambda batch, recompute: net.bound(batch, False, recompute), CLUSTER, 4)
    found = explain(question, question.answer())
    says(partition_page(Network(found.partition, None, found).subject()), trials(found))


def test_a_workload_has_the_numbers_of_its_table() -> None:
    found, table = workload()
    subject = found.subject()
    says(partition_page(subject), table)
    assert subject.timeline["unit"] == ""
    assert subject.model["nodes"][5]["id"] == "op 0 (2)"


def test_names_of_a_file_are_text() -> None:
    found, _ = workload()
    names = tuple("</script><img src=x onerror=alert(1)>" for _ in found.problem.tasks)
    page = partition_page(replace(found, problem=replace(found.problem, tasks=names)).subject())
    assert "<img" not in page


# ---- in a browser ----


def drawn(page: Page) -> None:
    page.wait_for_selector("#view .box")


def centre(page: Page, selector: str) -> tuple[float, float]:
    box = page.locator(selector).first.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def settled(page: Page) -> None:
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def test_the_parts_of_a_page_answer_each_other() -> None:
    found = network(True, 4)
    assert found.pipelined is not None
    line = found.pipelined.timelines[0]
    with opened(partition_page(found.subject()), size=(1280, 1000)) as page:
        drawn(page)
        stage = page.locator(".timeline .stage")
        stage.scroll_into_view_if_needed()
        assert page.locator(".graph .arrow.crossing").count() >= 1
        assert page.locator(".graph .arrow.crossing.kind-saved").count() == 0  # values are kept where they came
        assert "64@16x16, 1.05 MB" in page.locator(".graph .arrow.crossing text").all_text_contents()

        # hover: name and microseconds
        page.mouse.move(*centre(page, ".timeline .stage .bar.phase-B"))
        card = page.locator(".card-of-bar").inner_text()
        assert "backward of microbatch" in card
        assert "µs" in card

        # a click on a bar chooses nodes in the graph; Escape gives them up
        page.mouse.click(*centre(page, ".timeline .stage .bar.phase-B"))
        settled(page)
        assert page.locator(".graph .box.picked").count() >= 1
        assert page.locator(".timeline .stage .bar.chosen").count() == 1
        assert "backward" in page.locator("#picked").inner_text()
        stage.press("Escape")
        settled(page)
        assert page.locator(".graph .box.picked").count() == 0

        # a box of the graph marks its bars, on its device alone
        page.locator(".graph .box").nth(1).click()
        settled(page)
        assert page.locator(".timeline .stage .bar.marked").count() >= 4
        assert re.search(r": (1 operator|\d+ operators) on gpu.*bars are marked", page.locator("#picked").inner_text())

        page.locator(".graph .box").nth(1).hover()
        assert "on gpu" in page.locator(".card-of-node").inner_text()

        # zoom and pan, by buttons, wheel and keys
        before = page.locator(".timeline .range").inner_text()
        page.get_by_role("button", name="Zoom in").click()
        settled(page)
        assert page.locator(".timeline .range").inner_text() != before
        page.mouse.move(*centre(page, ".timeline .stage"))
        page.keyboard.down("Control")
        page.mouse.wheel(0, -400)
        page.keyboard.up("Control")
        stage.press("Shift+ArrowRight")
        stage.press("0")
        settled(page)
        assert page.locator(".timeline .range").inner_text() == before
        x, y = centre(page, ".timeline .stage")
        stage.press("+")
        settled(page)
        zoomed = page.locator(".timeline .range").inner_text()
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x - 120, y, steps=3)
        page.mouse.up()
        settled(page)
        assert page.locator(".timeline .range").inner_text() not in (zoomed, before)
        stage.press("0")

        # keys go from bar to bar, and say where they are
        stage.press("Home")
        assert page.locator(".timeline .status").inner_text().startswith("gpu0 F0: forward of microbatch 0")
        stage.press("ArrowRight")
        assert "F1" in page.locator(".timeline .status").inner_text()
        stage.press("ArrowDown")
        assert "computes" in page.locator(".timeline .status").inner_text()
        stage.press("Enter")
        settled(page)
        assert page.locator(".graph .box.picked").count() >= 1

        # one device alone
        page.locator('#devices button[data-device="0"]').click()
        settled(page)
        assert page.locator(".graph .box.away").count() >= 1
        assert page.locator(".timeline rect.device").count() == 1
        page.get_by_role("button", name="All devices").click()
        settled(page)
        assert page.locator(".timeline rect.device").count() == len(line.devices)
        assert page.locator(".graph .box.away").count() == 0

        # the bars as tables
        page.locator("details.bars summary").click()
        page.locator("details.bars tbody tr").first.wait_for()  # they are made when it is open
        rows = page.locator("details.bars tbody tr").count()
        assert rows == sum(len(spans) for spans in line.actions.spans.values())
        page.locator("details.bars summary").click()

        with page.expect_download() as download:
            page.get_by_role("button", name="Download the trace").click()
        assert download.value.path().read_text(encoding="utf-8") == trace_json(line)
        axe(page)


def test_runs_without_microbatches_are_readable_in_the_dark_and_on_a_phone() -> None:
    found = network(False, 0)
    with opened(partition_page(found.subject()), dark=True, size=(480, 900)) as page:
        drawn(page)
        assert page.locator(".timeline .track").all_text_contents() == [
            "predicted: one run after the other", "predicted: one run alone",
        ]  # fmt: skip
        page.get_by_role("button", name="Links").click()
        settled(page)
        assert page.locator(".timeline .stage .bar.does-send").count() >= 1
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        axe(page)


@pytest.mark.sweep
def test_a_page_of_a_workload_works() -> None:
    found, _ = workload()
    with opened(partition_page(found.subject())) as page:
        drawn(page)
        page.locator(".timeline .stage").scroll_into_view_if_needed()
        page.mouse.click(*centre(page, ".timeline .stage .bar.phase-F"))
        settled(page)
        assert page.locator(".graph .box.picked").count() >= 1
        axe(page)


@pytest.mark.sweep
def test_a_division_that_goes_back_and_forth_has_letters_instead_of_frames() -> None:
    subject: Subject = network(False, 0).subject()
    alternating = tuple(i % 2 for i in range(len(subject.division)))
    with opened(partition_page(replace(subject, division=alternating))) as page:
        drawn(page)
        assert {"A", "B"} <= set("".join(page.locator(".graph .letter").all_text_contents()))


@pytest.mark.sweep
def test_ever_so_many_spans_stay_few_bars() -> None:
    def spans(device: str) -> tuple[Span, ...]:
        kinds = "wait", "compute"
        return tuple(
            Span(device, Phase.FORWARD, i // 10, kinds[i % 2], i * 1e-3, (i + 1) * 1e-3, f"op {i % 10}")
            for i in range(5000)
        )

    timeline = Timeline("measured", {name: spans(name) for name in (f"worker{i}" for i in range(40))})
    many = replace(network(False, 0).subject(), timeline=timeline_json([Track(timeline)]), timelines=(timeline,))
    html_text = partition_page(many)
    assert len(html_text) < 8_000_000
    with opened(html_text) as page:
        drawn(page)
        assert 1000 < page.locator(".timeline .stage .bar").count() <= 3000
        assert "older ones are merged" in page.locator("#time").inner_text()
        for _ in range(8):
            page.get_by_role("button", name="Zoom in").click()
        settled(page)
        assert 0 < page.locator(".timeline .stage .bar").count() <= 3000
