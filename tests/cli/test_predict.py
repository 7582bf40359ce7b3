"""`cnngraph predict`: pictures by trained weights, and by those of other tools."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from cli.terminal import Run
from PIL import Image

from cnngraph.interop.safetensors import load_weights, save_weights


@pytest.fixture
def learned(run: Run, tmp_path: Path) -> Path:
    run("train", "tiny.cnn").done()
    for name, size in (("wide", (60, 20)), ("small", (3, 5))):
        Image.effect_noise(size, 80).save(tmp_path / f"{name}.png")
    return tmp_path / "tiny.safetensors"


def test_forms(run: Run, learned: Path) -> None:
    told = json.loads(run("predict", "wide.png", "small.png", "--top", "2", "--format", "json").done().out)["rows"]
    assert [(row["picture"], row["rank"]) for row in told] == [
        ("wide.png", 1), ("wide.png", 2), ("small.png", 1), ("small.png", 2),
    ]  # fmt: skip
    rows = list(csv.DictReader(run("predict", "*.png", "--top", "2", "--format", "csv").done().out.splitlines()))
    assert sorted((row["picture"], row["class"]) for row in rows) == sorted((r["picture"], r["class"]) for r in told)
    assert run("predict", ".", "--patches", "ten", "--top", "1").done("small.png:", "wide.png:")


def test_weights_that_say_nothing_of_pictures(run: Run, learned: Path, tmp_path: Path) -> None:
    known = run("predict", "wide.png").done().out
    said = run("predict", "tiny.cnn", "wide.png").done().out
    assert said == known
    weights, metadata = load_weights(learned)
    save_weights(tmp_path / "bare.safetensors", weights, {})
    how = json.loads(metadata["preprocessing"])
    (tmp_path / "names.txt").write_text("\n".join("0123456789"))
    run("predict", "wide.png", "--weights", "bare.safetensors").refused("E0703")
    told = run(
        "predict", "tiny.cnn", "wide.png", "--weights", "bare.safetensors", "--size", "8", "--classes", "names.txt",
        "--mean", how["mean"][0], "--std", how["std"][0],
    )  # fmt: skip
    assert told.done().out == known
    named = ("predict", "wide.png", "--weights", learned, "--top", "10", "--classes", "names.txt")
    (tmp_path / "names.txt").write_text("\n".join(["nought", *"123456789"]))
    run(*named).done("nought")
    (tmp_path / "names.txt").write_text("nought\n")
    run(*named).refused("E0701", "1 lines for 10 classes")


def test_wrong_ways_to_ask(run: Run, learned: Path) -> None:
    run("predict", "tiny.cnn").refused("which pictures?", code=2)
    run("predict", "wide.png", "--size", "8").refused("before the pictures", code=2)
    for size in ("8x", "0", "axb"):
        run("predict", "tiny.cnn", "wide.png", "--size", size).refused("--size", code=2)
    run("predict", "wide.png", "--mean", "much").refused("--mean", code=2)
    run("predict", "wide.png", "--std", "0").refused("E0108")
    run("predict", "tiny.cnn", "wide.png", "--size", "9").refused("E0702", "not 9x9")
