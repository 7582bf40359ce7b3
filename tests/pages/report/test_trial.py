"""What the page tells of weights that are tested for it: confusions, examples, filters, and what other nets say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

pytest.importorskip("matplotlib", reason="the curves of the page are drawn by matplotlib")

from pages.report.reading import Page

from cnngraph.cli.main import cli
from cnngraph.data.dataset import Dataset, Part
from cnngraph.examine.answers import Answers
from cnngraph.net import Net, loads
from cnngraph.pages.report import Subject, Trial, report, tried
from cnngraph.train.curves import Run
from cnngraph.train.evaluate import Evaluation
from cnngraph.train.history import History

HOSTILE = '<script>alert("x")</script><img src=http://a.b/c onerror=alert(1)>"\'&'
DIGITS = """cnn 1
net small(image: 1@8x8) { conv(6, 3x3) -> relu -> maxpool(2x2) -> flatten -> dense(10) -> softmax }
train small { data: digits(size = 8); loss: cross_entropy(output, label); epochs: 2 }
"""
OTHERS = {
    "copy": """net copy(image: 1@8x8) { flatten -> dense(8) -> relu -> dense(64) -> reshape(1@8x8) }
train copy { data: digits(size = 8, normalize = false); loss: mse(output, image)
  metrics: mean_squared_error(output, image) }""",
    "masks": """net masks(image: 3@48x48) { labels: conv(4, 3x3, same) -> softmax }
train masks { data: scenes(count = 40, tests = 20); loss: cross_entropy(labels, kind)
  metrics: mean_iou(labels, kind) }""",
    "letters": """net letters(text: ids(letters)@T, letters = 96) { next: embed(8) -> linear(letters) -> softmax }
train letters { data: grammar_text(count = 40, length = 16); loss: cross_entropy(next, following) }""",
}


def trained(text: str, epochs: int = 1) -> tuple[Net, History]:
    net = loads(text)
    return net, net.fit(epochs=epochs)


@pytest.fixture(scope="module")
def small() -> tuple[Net, History]:
    return trained(DIGITS, 2)


@pytest.fixture(scope="module")
def page(small: tuple[Net, History]) -> Page:
    net, history = small
    return Page(report(Subject((Run("small", history.log),), net, "", tried(net, net.data()))))


def test_the_parts_are_there(page: Page) -> None:
    assert page.wrong == page.open == []
    assert page.words("h2") == [
        "Result", "Curves", "Confusions", "Right and wrong", "Calibration", "What was trained", "Inside",
        "Gradients and values", "Epochs",  "Time and machine",
    ]  # fmt: skip


def test_links_of_the_matrix_lead_to_examples(page: Page) -> None:
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    anchors = {(attributes["href"] or "")[1:] for attributes in page.found("a") if "href" in attributes}
    pairs = {anchor for anchor in anchors if anchor.startswith("taken-")}
    assert 3 <= len(pairs) <= 12
    assert all(ids.count(anchor) == 1 for anchor in anchors)


def test_pictures_are_in_the_page_and_have_words(page: Page) -> None:
    pictures = page.found("img")
    assert 40 < len(pictures) < 150
    assert all((each["src"] or "").startswith("data:image/") for each in pictures)
    samples = [each["alt"] or "" for each in pictures if (each["alt"] or "").startswith("test sample")]
    assert any("taken for" in told for told in samples)
    assert any("taken for" not in told for told in samples)
    named = [attributes for tag, attributes in page.tags if tag == "div" and attributes.get("class") == "tiles"]
    assert len(named) == 3  # filters, and maps of two layers
    assert all(each["aria-label"] for each in named)


def test_examples_are_those_they_are_said_to_be(small: tuple[Net, History]) -> None:
    net, history = small
    trial = tried(net, net.data())
    assert trial.answers is not None
    surest = int(trial.answers.worst(1)[0])
    words = " ".join(Page(report(Subject((Run("small", history.log),), net, "", trial))).words("span"))
    true, said = trial.answers.labels[surest], trial.answers.predicted[surest]
    assert f"is {true}, sample {surest}" in words
    assert f"{trial.answers.probabilities[surest, said]:.1%}" in words


@pytest.mark.parametrize("kind", OTHERS)
def test_other_nets_show_what_fits(kind: str) -> None:
    net, history = trained(OTHERS[kind])
    found = Page(report(Subject((Run(kind, history.log),), net, "", tried(net, net.data()))))
    assert found.wrong == []
    assert "What it says" in found.words("h2")
    assert "Right and wrong" not in found.words("h2")
    assert len(found.found("blockquote" if kind == "letters" else "img")) >= 1


def test_names_of_classes_are_text() -> None:
    names = (HOSTILE, "cat", "dog")
    found = Answers(np.eye(3)[[0, 1, 1, 2]], np.array([0, 0, 1, 2]), names)
    data = Dataset(part := Part({"image": np.zeros((4, 8, 8, 1), np.uint8), "label": found.labels}), part, names)
    text = "net n(image: 1@8x8) { flatten -> dense(3) -> softmax }\ntrain n { loss: cross_entropy(output, label) }"
    net = loads(text)
    net.evaluate(data)
    trial = Trial(net, data, Evaluation(4, 0.5, 3, 1.0, found.confusion, names, 4), found)
    text = report(Subject((Run("n", History().log),), net, "", trial))
    assert "<script>" not in text
    seen = Page(text)
    assert seen.wrong == []
    assert not [name for _, attributes in seen.tags for name in attributes if name.startswith("on")]
    assert all((each["src"] or "").startswith("data:image/") for each in seen.found("img"))


def test_it_stays_below_a_megabyte_with_noise_for_photographs() -> None:
    """Pictures that no file format makes small."""
    numbers = np.random.default_rng(0)
    labels = np.arange(400) % 20
    images = numbers.integers(0, 256, (400, 64, 144, 3), np.uint8)
    data = Dataset(part := Part({"image": images, "label": labels}), part, tuple(f"class {k}" for k in range(20)))
    net = loads("""net n(image: 3@64x144) {
  conv(32, 5x5, same) -> conv(32, 5x5, same) -> globalavgpool -> dense(20) -> softmax
}
train n { loss: cross_entropy(output, label) }""")
    net.gradients({"image": np.zeros((1, 64, 144, 3), np.float32), "label": labels[:1]}, ["conv[1].weight"])
    shares = numbers.random((400, 20))
    found = Answers(shares / shares.sum(axis=1, keepdims=True), labels, data.class_names)
    tested = Evaluation(400, 3.0, 20, 0.25, found.confusion, data.class_names, 400)
    text = report(Subject((Run("n", History().log),), net, "", Trial(net, data, tested, found)))
    assert 500_000 < len(text.encode()) < 1_000_000


@pytest.fixture
def files(tmp_path: Path, small: tuple[Net, History]) -> tuple[Path, Path]:
    _, history = small
    (tmp_path / "net.cnn").write_text(DIGITS)
    (tmp_path / "run.json").write_text(history.to_json() + "\n")
    (tmp_path / "other.json").write_text(replace(history, rows=history.rows[:1]).to_json() + "\n")
    return tmp_path / "net.cnn", tmp_path / "run.json"


def test_the_command_writes_a_page(files: tuple[Path, Path]) -> None:
    file, run = files
    result = CliRunner().invoke(cli, ["report", str(run), str(file)], catch_exceptions=False)
    assert result.exit_code == 0
    assert "train small { data: digits(size = 8)" in run.with_suffix(".html").read_text()
    both = [str(run), str(run.with_name("other.json")), "--name", "long", "--name", "short", "-o", str(run) + ".html"]
    assert CliRunner().invoke(cli, ["report", *both], catch_exceptions=False).exit_code == 0
    assert "2 runs beside each other: long, short." in Path(str(run) + ".html").read_text()


def test_the_command_refuses_what_makes_no_sense(files: tuple[Path, Path]) -> None:
    file, run = files
    for wrong in (
        [str(run), "--weights", "w.safetensors"],
        [str(run), "-o", str(run)],
        [str(run), str(file), "-o", str(file)],
        [str(file)],
        [str(run), str(file), str(file)],
    ):
        assert CliRunner().invoke(cli, ["report", *wrong]).exit_code == 2
