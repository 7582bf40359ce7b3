from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

pytest.importorskip("matplotlib", reason="the curves of the page are drawn by matplotlib")

from cnngraph.cli.main import cli
from cnngraph.net import load, loads
from cnngraph.pages.markup import VOID
from cnngraph.pages.report import Subject, report
from cnngraph.resources import resource
from cnngraph.train.evaluate import Evaluation
from cnngraph.train.log import EpochRow, Log, StepRow, TestRow

HOSTILE = '<script>alert("x")</script><img src=http://a.b/c onerror=alert(1)>"\'&'
STEPS = tuple(StepRow(1, step, 2 - step / 50, gradient_norm=1 / step) for step in range(1, 50))
EPOCHS = tuple(
    EpochRow(n, 50, 1 / n, 1.1 / n, 0.8, 0.7 + n / 20, {"f1": 0.5}, epoch_seconds=2.0, best=n == 2) for n in (1, 2, 3)
)
LOG = Log({"net": "small", "steps": 50, "machine": {"cores": 2}}, STEPS, EPOCHS, TestRow(0.5, 0.8, {"accuracy": 0.8}))
MATRIX = np.array([[8, 2, 0], [1, 9, 0], [0, 3, 7]])
TESTED = Evaluation(30, 0.5, 24, 1.0, MATRIX, ("cat", HOSTILE, "dog"), 30)


class Page(HTMLParser):
    """What a browser would see: elements in their nesting, their attributes and texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.wrong: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append((self.open[-1] if self.open else "", data.strip()))

    def found(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    def words(self, tag: str) -> list[str]:
        return [text for name, text in self.texts if name == tag]


@pytest.fixture(scope="module")
def page() -> Page:
    net = load(resource("specs", "nets", "lenet5.cnn"))
    return Page(report(Subject(LOG, net, "train lenet5 { epochs: 20 }", TESTED)))


def test_elements_are_nested_well(page: Page) -> None:
    assert page.wrong == []
    assert page.open == []
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    anchors = [attributes["href"] or "" for attributes in page.found("a") if "href" in attributes]
    assert len(anchors) == 7
    assert {anchor.removeprefix("#") for anchor in anchors} <= set(ids)


def test_it_can_be_read_without_seeing_it(page: Page) -> None:
    assert page.found("html")[0]["lang"] == "en"
    assert page.words("h1") == ["small: a training run"]
    assert page.words("h2") == [
        "Result", "What was trained", "Recipe", "Curves", "Epochs", "Confusions", "Time and machine",
    ]  # fmt: skip
    pictures = [attributes for _, attributes in page.tags if attributes.get("role") == "img"]
    assert len(pictures) == len(page.found("figure")) == len(page.words("figcaption")) >= 6
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


@pytest.mark.parametrize("where", ["net", "class", "metric", "entry", "recipe", "part"])
def test_no_text_becomes_markup(where: str) -> None:
    rows = tuple(
        replace(
            row,
            metrics={HOSTILE if where == "metric" else "f1": 0.5},
            part=HOSTILE if where == "part" else "test",
        )
        for row in EPOCHS
    )
    name, key = HOSTILE if where == "net" else "small", HOSTILE if where == "entry" else "seed"
    run = {"net": name, key: HOSTILE, "list": [HOSTILE]}
    names = (HOSTILE, "a", "b") if where == "class" else ("c", "a", "b")
    text = report(Subject(Log(run, STEPS, rows), None, HOSTILE, replace(TESTED, class_names=names)))
    assert "<script>" not in text
    assert "<img" not in text
    found = Page(text)
    assert found.wrong == []
    assert {"script", "img"}.isdisjoint(tag for tag, _ in found.tags)


def test_figures_are_told(page: Page) -> None:
    told = page.words("dd") + page.words("td") + page.words("p")
    assert {"85.00%", "0.3667", "2.0 s (median)", "61,706", "2", "20.0%"} <= set(told)
    assert "After 3 epochs: loss 0.3667, accuracy 85.00% on the test part." in told
    assert "train lenet5 { epochs: 20 }" in page.words("code")
    assert "machine.cores" in page.words("dt")
    assert "<script>alert(" in " ".join(page.words("td"))


def test_what_is_not_known_is_left_out() -> None:
    only = Page(report(Subject(Log({}, (), (EpochRow(1, 0, 1.0, 2.0),)))))
    assert only.words("h2") == ["Result", "Curves", "Epochs", "Time and machine"]
    new = Page(report(Subject(Log({"net": "new"}))))
    assert new.words("p") == ["No epoch of this run is done."]


def test_a_large_network_and_a_long_run_stay_small() -> None:
    net = load(resource("specs", "nets", "resnet152.cnn"))
    steps = tuple(StepRow(1 + n // 100, n % 100, 1 / (n + 1), accuracy=0.5, gradient_norm=2.0) for n in range(50_000))
    epochs = tuple(EpochRow(n + 1, 100, 1.0, 1.0, 0.5, 0.5, {"f1": 0.5}) for n in range(500))
    many = Evaluation(1, 0.1, 1, 1.0, np.ones((1000, 1000), np.int64), tuple(map(str, range(1000))), 1)
    text = report(Subject(Log({"net": "resnet152"}, steps, epochs), net, "", many))
    assert len(text.encode()) < 500_000


def test_a_log_of_anything_gives_a_small_page() -> None:
    run: dict[str, object] = {f"key{n}": "x" * 10_000 for n in range(1000)}
    deep: dict[str, object] = {}
    for _ in range(500):
        deep = {"in": deep}
    metrics = {f"{n}{'m' * 5000}": float("nan") for n in range(100)}
    rows = tuple(EpochRow(n, 1, float("inf"), float("nan"), 0.5, 0.5, metrics) for n in range(1, 4))
    text = report(Subject(Log({"deep": deep, **run}, (), rows)))
    assert len(text.encode()) < 500_000
    assert Page(text).wrong == []


def test_the_same_run_gives_the_same_page() -> None:
    net = loads("net tiny(image: 1@8x8) { flatten -> dense(3) -> softmax }")
    assert report(Subject(LOG, net)) == report(Subject(LOG, net))


def test_the_command_writes_a_page(tmp_path: Path) -> None:
    file, run = tmp_path / "net.cnn", tmp_path / "run.json"
    file.write_text(
        "cnn 1\nnet tiny(image: 1@8x8) { flatten -> dense(10) -> softmax }\ntrain tiny { data: digits(size = 8) }\n"
    )
    rows = [{"number": 1, "loss": 1.0, "accuracy": 0.5, "test_loss": 1.1, "test_accuracy": 0.4, "seconds": 2.0}]
    run.write_text(json.dumps({"epochs": 1, "interrupted": False, "rows": rows}, indent=2) + "\n")
    result = CliRunner().invoke(cli, ["report", str(run), str(file)], catch_exceptions=False)
    assert result.exit_code == 0
    text = (tmp_path / "run.html").read_text()
    assert "train tiny { data: digits(size = 8) }" in text
    alone = CliRunner().invoke(cli, ["report", str(run), "--weights", "w.safetensors"])
    assert alone.exit_code == 2
    assert CliRunner().invoke(cli, ["report", str(run), "-o", str(run)]).exit_code == 2
