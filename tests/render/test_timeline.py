"""Timelines as SVG: boxes where the spans are, one axis for all, the critical path, memory, bounded size."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from cnngraph.pipeline.program import Transport, even_program
from cnngraph.pipeline.schedule import Phase, depths, make_schedule
from cnngraph.pipeline.simulate import simulate
from cnngraph.pipeline.timeline import Span, Timeline
from cnngraph.render.timeline import COLOURS, CRITICAL, HELD, Memory, timeline_svg

TITLE = "{http://www.w3.org/2000/svg}title"


def predicted(count: int = 3, microbatches: int = 4, seconds: float = 1e-3) -> Timeline:
    devices = [f"gpu{i}" for i in range(count)]
    edges = list(pairwise(devices))
    schedule = make_schedule("1f1b", microbatches, depths(devices, edges), has_backward=True)
    lasting = dict.fromkeys((Phase.FORWARD, Phase.BACKWARD, Phase.WEIGHTS, Phase.UPDATE), seconds)
    copying = Transport(lambda source, target, count: seconds / 4, occupies=True, capacity=2)
    return simulate(even_program(devices, edges, lasting), schedule, copying)


def drawn(*timelines: Timeline, **options: object) -> ElementTree.Element:
    return ElementTree.fromstring(timeline_svg(timelines, **options))  # type: ignore[arg-type]


def boxes(root: ElementTree.Element) -> list[tuple[float, float, float, str, str]]:
    """x, end, y, fill and told of each box."""
    found = []
    for box in root.iter("{http://www.w3.org/2000/svg}rect"):
        told = box.find(TITLE)
        if told is not None:
            x, width, y = (float(box.attrib[key]) for key in ("x", "width", "y"))
            found.append((x, x + width, y, box.attrib["fill"], told.text or ""))
    return found


def texts(root: ElementTree.Element) -> list[str]:
    return ["".join(text.itertext()) for text in root.iter("{http://www.w3.org/2000/svg}text")]


def test_a_box_for_each_action_and_each_message() -> None:
    timeline = predicted()
    found = boxes(drawn(timeline))
    computed = [span for spans in timeline.spans.values() for span in spans if span.kind in ("compute", "update")]
    labels = [told.split(":")[0] for *_, fill, told in found if fill != COLOURS["send"][0]]
    assert labels == [span.label for span in computed]
    assert {fill for *_, fill, told in found if told.startswith("B2:")} == {COLOURS["B"][0]}
    assert any(told.startswith("F0 send, receive: 250 us from 1 ms") for *_, told in found)


def test_boxes_stand_where_the_spans_are() -> None:
    timeline = predicted()
    found = boxes(drawn(timeline))
    left, right = min(box[0] for box in found), max(box[1] for box in found)
    scale = (right - left) / timeline.step_seconds
    computed = [span for spans in timeline.spans.values() for span in spans if span.kind in ("compute", "update")]
    for span, box in zip(computed, [b for b in found if b[3] != COLOURS["send"][0]], strict=True):
        assert box[0] - left == pytest.approx(span.start_seconds * scale, abs=0.3)
        assert box[1] - left == pytest.approx(span.end_seconds * scale, abs=0.3)
    lanes = sorted({box[2] for box in found})
    assert len(lanes) == 3
    for lane in lanes:
        own = sorted(box[:2] for box in found if box[2] == lane)
        assert all(end <= start for (_, end), (start, _) in pairwise(own))


def test_predicted_above_measured_on_one_axis() -> None:
    first, slower = predicted(), Timeline("measured", predicted(seconds=2e-3).spans)
    root = drawn(first, slower, title="lenet5 <by> 3")
    told = texts(root)
    assert told[-1] != ""
    assert "lenet5 <by> 3" in told
    assert any(text.startswith("predicted: step 2") and "bubble" in text for text in told)
    assert any(text.startswith("measured: step 4") for text in told)
    ends = [max(box[1] for box in boxes(root) if (box[2] > 150) == below) for below in (False, True)]
    left = min(box[0] for box in boxes(root))
    assert (ends[1] - left) / (ends[0] - left) == pytest.approx(2, abs=0.01)
    assert "ms" in told


def test_the_critical_path_is_marked() -> None:
    timeline = predicted()
    marks = [mark for mark in drawn(timeline).iter() if mark.get("fill") == CRITICAL or mark.get("stroke") == CRITICAL]
    changes = [a for a, b in pairwise(timeline.critical_path) if a.device != b.device]
    assert len(changes) >= 2
    assert len(marks) == 1 + (len(changes) + 1) + len(changes)  # that of the legend, bars, lines between them


def test_memory_against_the_limit() -> None:
    roomy, full = Memory(100, 50, 1000), Memory(100, 50, 180)
    root = drawn(predicted(), memory={"gpu0": roomy, "gpu1": full})
    told = texts(root)
    assert "250 B of 1 kB" in told
    assert "200 B above 180 B" in told
    assert len([path for path in root.iter("{http://www.w3.org/2000/svg}path") if path.get("fill") == HELD]) == 2


def test_only_what_is_used_is_in_the_legend() -> None:
    forward = Timeline("measured", {"gpu0": (Span("gpu0", Phase.FORWARD, 0, "compute", 0, 1, "x"),)})
    told = texts(drawn(forward))
    assert "forward" in told
    assert "backward" not in told
    assert "memory, limit" not in told


def test_names_are_text_not_markup() -> None:
    span = Span("a<b>&" + "c" * 40, Phase.FORWARD, 0, "compute", 0, 1, "x")
    told = texts(drawn(Timeline('<&"', {span.device: (span,)})))
    assert "a<b>&" + "c" * 14 + "…" in told
    assert any(text.startswith('<&":') for text in told)


def test_equal_timelines_give_equal_text_and_nothing_is_no_error() -> None:
    assert timeline_svg([predicted()]) == timeline_svg([predicted()])
    assert "nan" not in timeline_svg([Timeline("none", {"gpu0": ()})], memory={"gpu0": Memory(0, 0, 0)})
    ElementTree.fromstring(timeline_svg([]))


def test_thousands_of_tiny_spans_are_a_picture_of_bounded_size() -> None:
    spans = tuple(
        Span("gpu0", Phase.FORWARD if i % 2 else Phase.BACKWARD, i, "compute", i * 1e-6, (i + 1) * 1e-6)
        for i in range(30_000)
    )
    root = drawn(Timeline("measured", {"gpu0": spans}))
    found = boxes(root)
    assert len(found) <= 960 * 4
    assert sum(box[1] - box[0] for box in found) == pytest.approx(960)


@pytest.mark.parametrize("seconds", [3e-9, 7e-6, 0.0123, 1.0, 250.0])
def test_about_ten_marks_on_the_axis(seconds: float) -> None:
    one = Timeline("measured", {"gpu0": (Span("gpu0", Phase.FORWARD, 0, "compute", 0, seconds, "x"),)})
    numbers = [text for text in texts(drawn(one)) if re.fullmatch(r"[\d.]+", text)]
    assert 4 <= len(numbers) <= 12
    assert len({*numbers}) == len(numbers)
