"""`cnngraph sample`: what it prints and writes, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

from cnngraph.cli.main import cli
from cnngraph.data.generated.reversed_words import ReversedWords
from cnngraph.diagnostics import CnnGraphError
from cnngraph.net import load

WORDS = """cnn 1
net words(source: ids(27)@S, target: ids(27)@T) {
  let about = source -> embed(8) -> globalavgpool
  target -> embed(8) -> add(about)
  next: linear(27) -> softmax
}
train words { loss: cross_entropy(next, following); epochs: 1 }
"""
LETTERS = """cnn 1
net letters(text: ids(96)@T) { embed(4); next: linear(96) -> softmax }
train letters { data: grammar_text(count = 40, tests = 4, length = 8); loss: cross_entropy(next, following); epochs: 1 }
"""
FORGER = """cnn 1
net forger(z: 3, image: 1@8x8) {
  class: image -> flatten -> dense(10) -> softmax
  let fake = z -> dense(64) -> sigmoid -> reshape(1@8x8)
  return class, fake
}
train forger {
  data: digits(limit = 100, normalize = false)
  noise: normal(z)
  loss: cross_entropy(class, label) + 0.1 * mse(fake, image)
  epochs: 1
}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The three nets, each a little trained."""
    where = tmp_path_factory.mktemp("nets")
    for name, text in (("words", WORDS), ("letters", LETTERS), ("forger", FORGER)):
        (where / f"{name}.cnn").write_text(text, encoding="utf-8")
        net = load(where / f"{name}.cnn")
        data = ReversedWords(count=40, tests=4, length=3).load(None, 0) if name == "words" else None
        net.fit(data, output=where / f"{name}.safetensors")
    return where


def said(folder: Path, name: str, *arguments: str) -> str:
    weights = ["--weights", str(folder / f"{name}.safetensors")]
    command = ["sample", str(folder / f"{name}.cnn"), *weights, *arguments]
    return CliRunner().invoke(cli, command, catch_exceptions=False).output


def test_a_text_goes_on_from_its_start(folder: Path) -> None:
    found = said(folder, "letters", "--start", "the ", "--length", "10", "--temperature", "1").rstrip("\n")
    assert found.startswith("the ")
    assert len(found) == 14
    assert found == said(folder, "letters", "--start", "the ", "--length", "10", "--temperature", "1").rstrip("\n")
    other = said(folder, "letters", "--start", "the ", "--length", "10", "--temperature", "1", "--seed", "1")
    assert found != other.rstrip("\n")


def test_each_source_is_answered(folder: Path) -> None:
    lines = said(folder, "words", "--source", "abc", "--source", "xyz", "--length", "5").splitlines()
    assert [line.partition(" -> ")[0] for line in lines] == ["abc", "xyz"]
    assert all(len(line.partition(" -> ")[2]) <= 5 for line in lines)


def test_pictures_are_drawn_and_judged(folder: Path, tmp_path: Path) -> None:
    judge = ["--classifier", str(folder / "forger.safetensors")]
    lines = said(folder, "forger", "-o", str(tmp_path / "made.png"), "--count", "12", *judge).splitlines()
    assert lines[0] == f"12 pictures: {tmp_path / 'made.png'}"
    assert [line.partition(" ")[0] for line in lines[1:]] == ["classes:", "mean", "inception", "Frechet"]
    counts = [int(each.rpartition(" ")[2]) for each in lines[1].removeprefix("classes: ").split(", ")]
    assert sum(counts) == 12
    with Image.open(tmp_path / "made.png") as picture:
        assert min(picture.size) > 100


@pytest.mark.parametrize(
    ("name", "arguments", "reason"),
    [
        ("words", [], "what is the net to answer"),
        ("forger", [], "where shall the pictures go"),
    ],
)
def test_what_is_missing_is_asked_for(folder: Path, name: str, arguments: list[str], reason: str) -> None:
    assert reason in said(folder, name, *arguments)


def test_a_folder_is_no_picture(folder: Path) -> None:
    with pytest.raises(CnnGraphError, match="/ cannot be written: it is a folder"):
        said(folder, "forger", "-o", "/")


@pytest.mark.parametrize(
    ("name", "arguments", "code"),
    [
        ("words", ["--source", "ABC"], "E0108"),
        ("letters", ["--start", "ä"], "E0108"),
        ("forger", ["--classifier", "none.safetensors"], "E0703"),
    ],
)
def test_what_is_wrong_is_said(folder: Path, name: str, arguments: list[str], code: str) -> None:
    with pytest.raises(CnnGraphError) as caught:
        said(folder, name, *arguments)
    assert caught.value.diagnostics[0].code == code
