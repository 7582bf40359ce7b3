from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="the curves of the page are drawn by matplotlib")

from pages.report.reading import Page

from cnngraph.data.dataset import Dataset, Part
from cnngraph.diagnostics import CnnGraphError
from cnngraph.net import load, loads
from cnngraph.pages.report import Subject, Trial, report
from cnngraph.resources import resource
from cnngraph.train.curves import Run
from cnngraph.train.evaluate import Evaluation
from cnngraph.train.log import EpochRow, Log, StepRow, TestRow

HOSTILE = '<script>alert("x")</script><img src=http://a.b/c onerror=alert(1)>"\'&'
STEPS = tuple(StepRow(1, step, 2 - step / 50, gradient_norm=1 / step) for step in range(1, 50))
EPOCHS = tuple(
    EpochRow(n, 50, 1 / n, 1.1 / n, 0.8, 0.7 + n / 20, {"f1": 0.5}, epoch_seconds=2.0, best=n == 2) for n in (1, 2, 3)
)
LOG = Log({"net": "lenet5", "steps": 50, "machine": {"cores": 2}}, STEPS, EPOCHS, TestRow(0.5, 0.8, {"accuracy": 0.8}))
MATRIX = np.array([[8, 2, 0], [1, 9, 0], [0, 3, 7]])
RUN = Run("lenet5", LOG)
PLAIN = "net plain(image: 1@1x1) = flatten\ntrain plain { loss: mse(output, 0) }"
TESTED = Evaluation(30, 0.5, 24, 1.0, MATRIX, ("cat", HOSTILE, "dog"), 30)


@pytest.fixture(scope="module")
def page() -> Page:
    net = load(resource("specs", "nets", "lenet5.cnn"))
    return Page(report(Subject((RUN,), net, "train lenet5 { epochs: 20 }")))


def test_elements_are_nested_well(page: Page) -> None:
    assert page.wrong == []
    assert page.open == []
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    anchors = [attributes["href"] or "" for attributes in page.found("a") if "href" in attributes]
    assert len(anchors) == 6
    assert {anchor.removeprefix("#") for anchor in anchors} <= set(ids)


def test_it_can_be_read_without_seeing_it(page: Page) -> None:
    assert page.found("html")[0]["lang"] == "en"
    assert page.words("h1") == ["lenet5: a training run"]
    assert page.words("h2") == [
        "Result", "Curves", "What was trained", "Recipe", "Epochs", "Time and machine",
    ]  # fmt: skip
    pictures = [attributes for tag, attributes in page.tags if tag == "div" and attributes.get("role") == "img"]
    assert len(pictures) == len(page.found("figure")) == len(page.words("figcaption")) >= 5
    assert all(attributes["aria-label"] for attributes in pictures)
    assert len(page.words("caption")) == len(page.found("table"))
    assert {attributes.get("scope") for attributes in page.found("th")} == {"col", "row"}


def test_nothing_is_loaded_and_nothing_runs(page: Page) -> None:
    assert {"script", "img", "link", "iframe", "object"}.isdisjoint(tag for tag, _ in page.tags)
    for _, attributes in page.tags:
        assert not any(name.startswith("on") for name in attributes)
        assert not {"src", "srcset", "action"} & set(attributes)
        for name in ("href", "xlink:href"):
            assert (attributes.get(name) or "#").startswith(("#", "data:image/png;base64,"))
    style = " ".join(page.words("style"))
    assert "url(" not in style.replace("url(#", "")
    assert "@import" not in style


def test_no_text_becomes_markup() -> None:
    """Neither the name of a net, a run, a metric, a part, an entry nor a recipe."""
    rows = tuple(replace(row, metrics={HOSTILE: 0.5}, part=HOSTILE) for row in EPOCHS)
    hostile = Run(HOSTILE, Log({"net": HOSTILE, HOSTILE: HOSTILE, "list": [HOSTILE]}, (), rows))
    for runs in ((hostile,), (hostile, Run("b", Log({"net": "small"})))):
        text = report(Subject(runs, None, HOSTILE))
        assert "<script>" not in text
        assert "<img" not in text
        found = Page(text)
        assert found.wrong == []
        assert {"script", "img"}.isdisjoint(tag for tag, _ in found.tags)


def test_figures_are_told(page: Page) -> None:
    told = page.words("dd") + page.words("td") + page.words("p")
    assert {"85.00%", "0.3667", "2.0 s (median)", "61,706", "2", "80.00%"} <= set(told)
    assert "After 3 epochs: loss 0.3667, accuracy 85.00% on the test part." in told
    assert "train lenet5 { epochs: 20 }" in page.words("code")
    assert "machine.cores" in page.words("dt")
    assert page.words("h3") == ["The last epoch (3)", "The best epoch (2)", "The test part at the end"]


def test_what_is_not_known_is_left_out() -> None:
    only = Page(report(Subject((Run("", Log({}, (), (EpochRow(1, 0, 1.0, 2.0),))),))))
    assert only.words("h2") == ["Result", "Curves", "Epochs", "Time and machine"]
    new = Page(report(Subject((Run("new", Log({"net": "new"})),))))
    assert new.words("p") == ["No epoch of this run is done."]


def test_a_large_network_and_a_long_run_stay_small() -> None:
    net = load(resource("specs", "nets", "resnet152.cnn"))
    steps = tuple(StepRow(1 + n // 100, n % 100, 1 / (n + 1), accuracy=0.5, gradient_norm=2.0) for n in range(50_000))
    epochs = tuple(EpochRow(n + 1, 100, 1.0, 1.0, 0.5, 0.5, {"f1": 0.5}) for n in range(500))
    many = Evaluation(1, 0.1, 1, 1.0, np.ones((1000, 1000), np.int64), tuple(map(str, range(1000))), 1)
    data = Dataset(part := Part({"image": np.zeros((1, 1, 1, 1))}), part)
    run = Run("resnet152", Log({"net": "resnet152"}, steps, epochs))
    text = report(Subject((run,), net, "", Trial(loads(PLAIN), data, many)))
    assert len(text.encode()) < 600_000


def test_a_log_of_anything_gives_a_small_page() -> None:
    run: dict[str, object] = {f"key{n}": "x" * 10_000 for n in range(1000)}
    deep: dict[str, object] = {}
    for _ in range(500):
        deep = {"in": deep}
    metrics = {f"{n}{'m' * 5000}": float("nan") for n in range(20)}
    rows = tuple(EpochRow(n, 1, float("inf"), float("nan"), 0.5, 0.5, metrics) for n in range(1, 4))
    text = report(Subject((Run("x" * 1000, Log({"deep": deep, **run}, (), rows)),)))
    assert len(text.encode()) < 500_000
    assert Page(text).wrong == []


def test_the_same_run_gives_the_same_page() -> None:
    net = loads("net lenet5(image: 1@8x8) { flatten -> dense(3) -> softmax }")
    assert report(Subject((RUN,), net)) == report(Subject((RUN,), net))


def test_a_dozen_long_runs_stay_below_a_megabyte() -> None:
    steps = tuple(StepRow(1 + n // 50, n % 50, 1 / (n + 1), gradient_norm=2.0 + n % 7) for n in range(2000))
    metrics = {f"m{k}": k / 3 for k in range(20)}
    epochs = tuple(EpochRow(n, 50, n / 7, n / 9, 0.5, n / 101, metrics) for n in range(1, 100))
    firsts = ({f"k{k}": f"{n}{'x' * 300}" for k in range(99)} for n in range(12))
    runs = tuple(Run(f"{n}" * 999, Log(first, steps, epochs)) for n, first in enumerate(firsts))
    assert len(report(Subject(runs)).encode()) < 1_000_000
    with pytest.raises(CnnGraphError, match="E0108"):
        Subject((*runs, RUN))


def test_runs_stand_beside_each_other() -> None:
    other = Log({"net": "lenet5", "steps": 50, "machine": {"cores": 2}, "seed": 7}, STEPS, EPOCHS[:1])
    found = Page(report(Subject((Run("first", LOG), Run("second", other)))))
    assert found.words("h1") == ["lenet5: 2 training runs"]
    assert found.words("h2") == ["Result", "What the runs differ in", "Curves", "Epochs", "Time and machine"]
    assert {"first", "second", "seed"} <= set(found.words("th"))
    assert {"2 of 3", "1 of 1", "7"} <= set(found.words("td"))


def test_a_run_of_another_network_is_refused() -> None:
    net = loads("net small(image: 1@8x8) = conv(4, 3x3)")
    with pytest.raises(CnnGraphError, match=r"E0703.*a run of large, not of small"):
        Subject((Run("a", Log({"net": "large"})),), net)
    assert Subject((Run("a", Log({"net": "large"})), Run("b", Log({"net": "small"}))), net).net is net
    assert Subject((Run("a", Log({})),), net).net is net  # a history names no net
