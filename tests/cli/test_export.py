"""`cnngraph export`: what is written, what is told, and what is refused before anything is written."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from cli.terminal import NETS, Run, Written

from cnngraph.interop.safetensors import load_weights, save_weights
from cnngraph.net import load


@pytest.fixture
def onnx() -> None:
    pytest.importorskip("onnx", reason="the extra onnx writes what is tested here")


@pytest.fixture
def runtime(onnx: None) -> None:
    pytest.importorskip("onnxruntime", reason="ONNX Runtime runs what is tested here")


@pytest.mark.usefixtures("runtime")
def test_a_model_with_first_values_or_with_weights(run: Run, written: Written, tmp_path: Path) -> None:
    from cnngraph.interop.onnx.runtime import Session

    out = run("export", "tiny.cnn", "--to", "onnx").done("tiny.onnx (", "output class: (batch, 10)").out
    assert "input image: (batch, 1, 8, 8), which is (batch, 8, 8, 1) here" in out
    net = load(tmp_path / "tiny.cnn")
    x = np.random.default_rng(0).standard_normal((3, 8, 8, 1)).astype(np.float32)
    first = net(x)
    save_weights(tmp_path / "w.safetensors", {f"net.{name}": 2 * array for name, array in net.states.items()})
    run("export", "tiny.cnn", "-o", "sub/w.onnx", "--weights", "w.safetensors", "--map", "net.*=*").done("sub/w.onnx (")
    net.load_weights(tmp_path / "w.safetensors", {"net.*": "*"})
    for file, expected in (("tiny.onnx", first), ("sub/w.onnx", net(x))):
        (found,) = Session(tmp_path / file)({"image": x.transpose(0, 3, 1, 2)}).values()
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    assert written() == {"tiny.onnx", "sub", "w.safetensors"}


@pytest.mark.usefixtures("onnx")
def test_options_of_models(run: Run, written: Written, tmp_path: Path) -> None:
    import onnx

    given = ("--batch", "4", "--opset", "21", "--external-data", "--set", "classes=300")
    run("export", "tiny.cnn", "-o", "a.onnx", *given).done("a.onnx (", "a.onnx.data (", "output class: (4, 300)")
    model = onnx.load(tmp_path / "a.onnx")
    assert model.opset_import[0].version == 21
    assert [size.dim_value for size in model.graph.input[0].type.tensor_type.shape.dim] == [4, 1, 8, 8]
    assert written() == {"a.onnx", "a.onnx.data"}


@pytest.mark.usefixtures("runtime")
def test_a_model_for_each_device(run: Run, tmp_path: Path) -> None:
    from cnngraph.interop.onnx.parts import parts_session
    from cnngraph.interop.onnx.runtime import Session

    kept = run("partition", NETS / "lenet5.cnn", "--devices", "2", "--batch", "512", "--format", "json").done().out
    table = json.loads(kept)
    moved = [name for name in table["stages"][0]["nodes"] if name.startswith(("f6", "output"))]
    if len(table["stages"]) == 1:
        table["stages"][0]["nodes"] = [name for name in table["stages"][0]["nodes"] if name not in moved]
        table["stages"].append({"device": "gpu1", "nodes": moved})
    (tmp_path / "kept.json").write_text(json.dumps(table))
    run("export", NETS / "lenet5.cnn", "-o", "all.onnx", "--devices", "kept.json").done("all.onnx")
    given = ("--split", "--devices", "kept.json", "-o", "parts")
    run("export", NETS / "lenet5.cnn", *given).done("lenet5_gpu0.onnx", "lenet5_gpu1.onnx", "parts.json")
    feeds = {"image": np.random.default_rng(1).standard_normal((2, 1, 32, 32)).astype(np.float32)}
    (whole,), (parts,) = (
        run_(feeds).values() for run_ in (Session(tmp_path / "all.onnx"), parts_session(tmp_path / "parts/parts.json"))
    )
    assert np.abs(whole - parts).max() <= 1e-6


def test_source_of_pytorch(run: Run, written: Written, tmp_path: Path) -> None:
    run("export", "tiny.cnn", "--to", "pytorch").done("tiny.py (", "tiny.pytorch.safetensors (")
    assert written() == {"tiny.py", "tiny.pytorch.safetensors"}
    text = (tmp_path / "tiny.py").read_text()
    assert "import torch" in text
    assert 'load_file("tiny.pytorch.safetensors")' in text
    assert load_weights(tmp_path / "tiny.pytorch.safetensors")[0]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ((), "say which format"),
        (("--to", "tflite"), "'tflite' is not one of"),
        (("--to", "onnx", "-o", "a.py"), "--to onnx writes .onnx, not a.py"),
        (("--to", "onnx", "--split"), "--split is about devices"),
        (("--to", "pytorch", "--split", "--devices", "2"), "--split writes ONNX files into a folder"),
        (("--split", "--devices", "2", "-o", "a.onnx"), "whose name has no ending"),
        (("--to", "pytorch", "--devices", "2"), "are about ONNX"),
        (("-o", "a.py", "--batch", "2"), "are about ONNX"),
        (("--to", "onnx", "--batch", "0"), "0 is not in the range"),
        (("--to", "onnx", "--opset", "new"), "'new' is not a valid integer"),
    ],
)
def test_command_lines_that_are_wrong(given: tuple[str, ...], words: str, run: Run, written: Written) -> None:
    run("export", "tiny.cnn", *given).refused(words, code=2)
    assert written() == set()


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (("-o", "a.h5"), "E0803"),
        (("-o", "a"), "E0803"),
        (("--to", "onnx", "--opset", "7"), "E0803"),
        (("--to", "onnx", "--opset", str(10**30)), "E0803"),
        (("--to", "onnx", "--weights", "nowhere"), "E0703"),
        (("--to", "onnx", "--devices", "nowhere.toml"), "E0601"),
        (("--to", "onnx", "--devices", "nowhere.json"), "E0604"),
        (("--to", "onnx", "--set", "classes=0"), "E0108"),
    ],
)
def test_what_cannot_be_written(given: tuple[str, ...], code: str, run: Run, written: Written) -> None:
    assert run("export", "tiny.cnn", *given).refused().codes == [code]
    assert written() == set()


def test_places_that_cannot_be_written(run: Run, tmp_path: Path) -> None:
    (tmp_path / "folder.onnx").mkdir()
    (tmp_path / "file").touch()
    for target in ("folder.onnx", "file/a.onnx"):
        run("export", "tiny.cnn", "-o", target).refused("cannot be written")
    run("export", "tiny.cnn", "--split", "--devices", "2", "-o", "file").refused("cannot be written")


def test_without_the_package_onnx(run: Run, written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cnngraph.interop.onnx.installed.find_spec", lambda name: None)
    assert run("export", "tiny.cnn", "--to", "onnx").refused("pip install 'cnngraph[onnx]'").codes == ["E0603"]
    assert written() == set()


@pytest.mark.usefixtures("onnx")
def test_an_interrupted_export_leaves_nothing(run: Run, written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.replace", interrupted)
    run("export", "tiny.cnn", "--to", "onnx").refused("interrupted", code=130)
    assert written() == set()
