"""`cnngraph examine`: each command prints its figures and writes its picture; what is wrong is said in words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cli.terminal import NETS, Run, Written
from PIL import Image

from cnngraph.interop.safetensors import save_weights
from cnngraph.net import load


@pytest.fixture
def trained(run: Run, tmp_path: Path) -> Run:
    """The command line beside `tiny.safetensors`, weights that training wrote."""
    run("train", "tiny.cnn").done()
    return run


def test_every_picture(trained: Run, written: Written, tmp_path: Path) -> None:
    commands = {
        "filters": [],
        "maps": ["--layer", "relu"],
        "excite": ["--channels", "0-2", "--steps", 4],
        "patches": ["--layer", "conv", "--top", 2, "--limit", 50],
        "receptive-field": ["--layer", "maxpool", "--image", 3],
        "saliency": ["--image", 5, "--class", 4, "--signed"],
        "occlusion": ["--image", 5],
        "cam": ["--image", 5],
    }
    for name, more in commands.items():
        outcome = trained("examine", name, "tiny.cnn", *more).done(f"picture: tiny.{name}.png")
        with Image.open(tmp_path / f"tiny.{name}.png") as picture:
            assert min(picture.size) > 50, outcome.out
    assert written() >= {f"tiny.{name}.png" for name in commands}


def test_equal_questions_have_equal_answers(trained: Run, tmp_path: Path) -> None:
    files = []
    for name in ("a.png", "b.png"):
        trained("examine", "excite", "tiny.cnn", "--layer", "conv", "--steps", 3, "-o", name).done()
        files.append((tmp_path / name).read_bytes())
    assert files[0] == files[1]


def test_a_picture_file_is_prepared_as_in_training(trained: Run, tmp_path: Path) -> None:
    Image.fromarray(np.arange(30 * 20, dtype=np.uint8).reshape(30, 20)).save(tmp_path / "photo.png")
    trained("examine", "saliency", "tiny.cnn", "--image", "photo.png").done("class ", "picture: tiny.saliency.png")
    trained("examine", "maps", "tiny.cnn", "--image", "none.png", "--layer", "conv").refused("E0701")


def test_weights_of_another_tool_say_nothing_of_pictures(run: Run, tmp_path: Path) -> None:
    net = load(tmp_path / "tiny.cnn")
    save_weights(tmp_path / "other.safetensors", net.runner().states)
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "photo.png")
    common = ["tiny.cnn", "--weights", "other.safetensors", "--image", "photo.png"]
    plain = run("examine", "saliency", *common).done("class ").out
    assert run("examine", "saliency", *common, "--mean", "0.5", "--std", "0.2").done("class ").out != plain
    run("examine", "saliency", *common, "--mean", "0.5,0.1").refused("E0108")
    run("examine", "saliency", *common, "--size", "9").refused("E0702")


def test_gradients_of_several_nets_in_one_chart(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    file = NETS / "deep_plain.cnn"
    compare = ["--compare", "activation=sigmoid", "--compare", "activation=sigmoid skips=true"]
    common = ["--set", "depth=4", "--batch", 8]
    outcome = run("examine", "gradients", file, *common, *compare, "-o", "flow.svg").done("first / last")
    assert "activation=sigmoid skips=true" in outcome.out
    assert (tmp_path / "flow.svg").read_text(encoding="utf-8").count("skips=true") == 1
    run("examine", "gradients", file, *common, "--format", "csv").done("unit[4].layer.conv")
    run("examine", "activations", file, *common).done("dead channels", "images: 8")


def test_what_is_wrong_is_said(run: Run, tmp_path: Path) -> None:
    run("examine", "filters", "tiny.cnn").refused("E0703")  # nothing was trained here
    common = ["tiny.cnn", "--layer"]
    run("examine", "receptive-field", *common, "convv").refused("E0101")
    run("examine", "receptive-field", *common, "conv", "--position", "8,0").refused("E0705")
    run("examine", "receptive-field", *common, "conv", "--position", "a").refused("no position", code=2)
    save_weights(tmp_path / "tiny.safetensors", load(tmp_path / "tiny.cnn").runner().states)
    run("examine", "filters", "tiny.cnn", "--channels", "3-x").refused("no numbers", code=2)
    run("examine", "filters", "tiny.cnn", "--channels", "3").refused("E0705")
    run("examine", "filters", "tiny.cnn", "-o", tmp_path).refused("it is a folder")


def test_a_model_of_another_tool(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    run("export", "tiny.cnn", "-o", "tiny.onnx").done()
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(tmp_path / "photo.png")
    for name, more in {"filters": [], "saliency": ["--image", "photo.png", "--mean", 0.5, "--std", 0.2]}.items():
        run("examine", name, "tiny.onnx", *more).done(f"picture: tiny.{name}.png")
    run("examine", "saliency", "tiny.onnx").refused("--image FILE", code=2)


def test_a_unit_instead_of_a_class(trained: Run) -> None:
    unit = ["--layer", "conv", "--channel", 2, "--position", "3,3"]
    trained("examine", "saliency", "tiny.cnn", *unit).done("conv 2 at 3,3: score ")
    trained("examine", "saliency", "tiny.cnn", *unit, "--class", 1).refused("exclude", code=2)


def test_numbers_that_go_backwards(run: Run) -> None:
    run("train", "tiny.cnn").done()
    run("examine", "filters", "tiny.cnn", "--filters", "3-1").refused("3-1", code=2)
    run("examine", "excite", "tiny.cnn", "--seed", "-1").refused("--seed", code=2)
    run("examine", "filters", "tiny.cnn", "--filters", "9" * 5000).refused("--filters", code=2)


def test_data_without_pictures_has_no_patches(run: Run) -> None:
    text = str(NETS / "text_small.cnn")
    run("train", text, "--epochs", "1", "--set", "limit=50").done()
    run("examine", "patches", text, "--layer", "output").refused("E0702", "no pictures")
