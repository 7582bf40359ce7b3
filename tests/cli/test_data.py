"""`cnngraph data`: its commands, end to end."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from cnngraph.cli.main import cli
from cnngraph.diagnostics import CnnGraphError

NET = """cnn 1
net tiny(image: 1@8x8) = conv(2, 3x3) -> relu -> globalavgpool -> dense(10) -> softmax
train tiny {
  data:    digits(size = 10, limit = 100, validate = 0.1)
  augment: crop(8) -> rotate(20)
}
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.cnn").write_text(NET)

    def invoke(*arguments):
        return CliRunner().invoke(cli, ["data", *arguments], catch_exceptions=False)

    return invoke


def test_a_preview_is_a_picture(run, tmp_path):
    assert run("preview", "tiny.cnn").output == "picture: tiny.data.png\n"
    small = run("preview", "tiny.cnn", "--count", "2", "--draws", "1", "-o", "small.png", "--part", "test")
    assert small.exit_code == 0
    sizes = []
    for name in ("tiny.data.png", "small.png"):
        with Image.open(tmp_path / name) as picture:
            sizes.append(picture.size)
    assert np.all(np.array(sizes[0]) > np.array(sizes[1]))


def test_data_is_described(run):
    text = run("describe", "tiny.cnn").output
    for part in ("image   10x10x1", "train: 100", "validation: 150", "test: 297", "network sees: 1@8x8", "class"):
        assert part in text
    found = json.loads(run("describe", "tiny.cnn", "--format", "json").output)
    assert sum(row["test"] for row in found["classes"]["rows"]) == 297
    assert [row["column"] for row in found["columns"]["rows"]] == ["image", "label"]


def test_what_is_asked_for_can_be_set(run):
    assert "train: 7" in run("describe", "tiny.cnn", "--set", "limit=7").output


def test_wrong_requests_are_told(run):
    with pytest.raises(CnnGraphError, match="did you mean"):
        run("describe", "tiny.cnn", "--set", "limt=7")
    with pytest.raises(CnnGraphError, match="E0603"):
        run("preview", "tiny.cnn", "-o", "picture.txt")
    assert "it is a folder" in run("preview", "tiny.cnn", "-o", ".").output
