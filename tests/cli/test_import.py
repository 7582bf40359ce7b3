"""`cnngraph import`, and the commands that take a model of another tool as it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cli.terminal import Run, Written

from cnngraph.interop.safetensors import load_weights
from cnngraph.net import load

PROTOTXT = """name: "small"
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 3 dim: 8 dim: 8 } } }
layer { name: "c1" type: "Convolution" bottom: "data" top: "c1" convolution_param { num_output: 4 kernel_size: 3 } }
layer { name: "r1" type: "ReLU" bottom: "c1" top: "c1" }
"""
CFG = """[net]
height=8
width=8
channels=3

[convolutional]
filters=4
size=3
stride=1
pad=1
activation=leaky
"""


@pytest.fixture
def model(run: Run, tmp_path: Path) -> Path:
    """`tiny.cnn` as an ONNX model; ONNX Runtime is there."""
    pytest.importorskip("onnx", reason="the extra onnx reads what is tested here")
    pytest.importorskip("onnxruntime", reason="ONNX Runtime runs what is tested here")
    run("export", "tiny.cnn", "-o", "model.onnx").done()
    return tmp_path / "model.onnx"


def test_a_model_becomes_a_net_and_its_weights(run: Run, written: Written, model: Path, tmp_path: Path) -> None:
    out = run("import", "model.onnx", "--check").done("net: model.cnn (", "weights: model.safetensors (4 arrays").out
    assert "input image: (batch, 1, 8, 8), which is (batch, 8, 8, 1) here" in out
    difference = out.partition("largest difference ")[2].partition(",")[0]
    assert float(difference) < 1e-5
    assert written() == {"model.onnx", "model.cnn", "model.safetensors"}
    before, after = load(tmp_path / "tiny.cnn"), load(tmp_path / "model.cnn")
    after.load_weights(tmp_path / "model.safetensors", strict=True)
    x = np.random.default_rng(0).standard_normal((5, 8, 8, 1)).astype(np.float32)
    np.testing.assert_allclose(after(x), before(x), rtol=1e-5, atol=1e-7)


def test_what_is_there_is_overwritten_by_force_alone(run: Run, written: Written, model: Path, tmp_path: Path) -> None:
    (tmp_path / "net.safetensors").write_text("mine")
    run("import", "model.onnx", "-o", "net.cnn").refused("net.safetensors is there already", "--force")
    assert written() == {"model.onnx", "net.safetensors"}
    run("import", "model.onnx", "-o", "net.cnn", "--force").done()
    assert len(load_weights(tmp_path / "net.safetensors")[0]) == 4
    run("import", "model.onnx", "-o", "net.cnn").refused("net.cnn is there already")


def test_both_files_or_none(run: Run, written: Written, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    whole = os.replace

    def failing(source: Path, target: Path) -> None:
        if Path(target).suffix == ".cnn":
            raise OSError(28, "no space left")
        whole(source, target)

    with monkeypatch.context() as patch:
        patch.setattr("os.replace", failing)
        run("import", "model.onnx", "-o", "net.cnn").refused("net.cnn cannot be written: no space left")
    assert written() == {"model.onnx"}

    def interrupted(source: Path, target: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("os.replace", interrupted)
        run("import", "model.onnx", "-o", "net.cnn").refused("interrupted", code=130)
    assert written() == {"model.onnx"}


def test_commands_take_a_model_as_it_is(run: Run, written: Written, model: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.random.default_rng(3).standard_normal((4, 8, 8, 1)).astype(np.float32))
    for source, file in (("tiny.cnn", "a.npy"), ("model.onnx", "b.npy")):
        run("run", source, "--input", "image=x.npy", "-o", file).done()
    run("run", "model.onnx", "--input", "image=x.npy", "-o", "c.npy", "--engine", "onnxruntime").done()
    a, b, c = (np.load(tmp_path / f"{name}.npy") for name in "abc")
    np.testing.assert_allclose(b, a, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(c, a, rtol=1e-4, atol=1e-6)
    assert "the same graph" in run("diff", "model.onnx", "tiny.cnn").done().out
    run("expand", "model.onnx").done("dense(10)")
    assert "parameters: 690" in run("summary", "model.onnx").done().out
    run("compile", "model.onnx", "--render", "-o", "m.svg").done("picture: m.svg")
    run("partition", "model.onnx", "--devices", "2").done("gpu0")
    run("profile", "model.onnx", "--rounds", "1", "--workers", "1").done("conv")
    run("export", "model.onnx", "-o", "again.onnx").done("again.onnx")
    run("run", "model.onnx", "--devices", "2", "--input", "image=x.npy", "-o", "d.npy").done()
    np.testing.assert_allclose(np.load(tmp_path / "d.npy"), a, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(("name", "text"), [("small.prototxt", PROTOTXT), ("small.cfg", CFG)])
def test_texts_without_weights(name: str, text: str, run: Run, written: Written, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    run("import", name).done("net: small.cnn", "112 parameters", "weights: none")
    assert written() == {name, "small.cnn"}
    run("check", "small.cnn").done()
    run("run", name).done()
    run("run", "small.cnn").done()
    assert run("import", name, "--check", "--force").refused("ONNX Runtime").codes == ["E0603"]
    for weights in ("nowhere.safetensors", "small.cnn"):
        assert run("import", name, "--force", "--weights", weights).refused("the weights of a").codes == ["E0703"]


def test_weights_that_lie_apart(run: Run, written: Written, tmp_path: Path) -> None:
    """A .weights of darknet: four numbers, of which the last takes 8 bytes, then biases and weights (K, C, h, w)."""
    (tmp_path / "small.cfg").write_text(CFG)
    numbers = np.random.default_rng(0).standard_normal(112).astype(np.float32)
    (tmp_path / "small.weights").write_bytes(np.array([0, 2, 0, 0, 0], "<i4").tobytes() + numbers.tobytes())
    run("import", "small.cfg", "--weights", "small.weights").done("weights: small.safetensors (2 arrays")
    arrays = load_weights(tmp_path / "small.safetensors")[0]
    assert sorted(array.size for array in arrays.values()) == [4, 108]
    weight = next(array for array in arrays.values() if array.size == 108)
    np.testing.assert_array_equal(weight, numbers[4:].reshape(4, 3, 3, 3).transpose(2, 3, 1, 0))
    run("run", "small.cfg", "--weights", "small.weights", "-o", "a.npy").done()
    run("run", "small.cnn", "--weights", "small.safetensors", "-o", "b.npy").done()
    assert (tmp_path / "a.npy").read_bytes() == (tmp_path / "b.npy").read_bytes()


@pytest.mark.parametrize("suffix", [".onnx", ".pt2", ".pt", ".prototxt", ".cfg"])
@pytest.mark.parametrize("command", ["import", "run", "summary", "partition"])
def test_files_that_are_no_models(suffix: str, command: str, run: Run, written: Written, tmp_path: Path) -> None:
    for extra, suffixes in (("onnx", {".onnx", ".pt", ".pt2"}), ("torch", {".pt", ".pt2"})):
        if suffix in suffixes:
            pytest.importorskip(extra, reason=f"{extra} reads these files")
    contents = {"empty": b"", "binary": bytes(range(256)) * 4, "zeros": bytes(5000), "prose": b"Dear reader,\n"}
    for name, content in contents.items():
        (tmp_path / f"{name}{suffix}").write_bytes(content)
    (tmp_path / f"folder{suffix}").mkdir()
    before = written()
    more = ("--devices", "2") if command == "partition" else ()
    for name in (*contents, "folder", "nowhere"):
        outcome = run(command, f"{name}{suffix}", *more).refused(f"{name}{suffix}")
        assert set(outcome.codes) <= {"E0801", "E0802"}, outcome
        assert outcome.codes
        assert outcome.out == ""
    assert written() == before


def test_files_of_unknown_tools(run: Run, tmp_path: Path) -> None:
    (tmp_path / "model.h5").touch()
    assert run("import", "model.h5").refused("which tool wrote this?", ".onnx").codes == ["E0801"]
    assert run("import", "tiny.cnn", "-o", "other.cnn").refused("which tool wrote this?").codes == ["E0801"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("--input", "3x"), "no shape such as"), (("--input", "0x3"), "no shape such as"),
        (("--input", "9" * 50), "no shape such as"), (("-o", "net.txt"), "a net is written as .cnn"),
        (("--seed", "-1"), "not in the range"),
    ],
)  # fmt: skip
def test_command_lines_that_are_wrong(given: tuple[str, ...], words: str, run: Run, tmp_path: Path) -> None:
    (tmp_path / "m.prototxt").write_text(PROTOTXT)
    run("import", "m.prototxt", *given).refused(words, code=2)


def test_places_that_cannot_be_written(run: Run, written: Written, tmp_path: Path) -> None:
    (tmp_path / "m.prototxt").write_text(PROTOTXT)
    (tmp_path / "folder.cnn").mkdir()
    for target in ("folder.cnn", "m.prototxt/net.cnn"):
        run("import", "m.prototxt", "-o", target).refused("cannot be written")
    assert written() == {"m.prototxt", "folder.cnn"}


def test_without_extras(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.onnx", "a.pt2"):
        (tmp_path / name).touch()
    monkeypatch.setattr("cnngraph.interop.onnx.installed.find_spec", lambda name: None)
    monkeypatch.setattr("cnngraph.interop.model_files.find_spec", lambda name: None)
    monkeypatch.setattr("cnngraph.interop.onnx.runtime.find_spec", lambda name: None)
    assert run("import", "a.onnx").refused("pip install 'cnngraph[onnx]'").codes == ["E0603"]
    assert run("import", "a.pt2").refused("pip install 'cnngraph[torch]'").codes == ["E0603"]
    assert run("import", "a.onnx", "--check").refused("pip install 'cnngraph[onnxruntime]'").codes == ["E0603"]


OPEN = {
    "image": "net n(image: 2@HxW) where H % 4 == 0, W % 4 == 0 = conv(3, 3x3, same) -> maxpool(4x4) -> conv(2, 1x1)",
    "ids": "net n(words: ids(20)@T) where T >= 40 = embed(6) -> conv(4, 5) -> relu -> globalmaxpool -> dense(3)",
    "two": "net n(a: 3@8, b: 3@8) { sum: a + b; parts: a -> conv(2, 3); return sum, parts }",
}


@pytest.mark.parametrize("text", OPEN.values(), ids=OPEN)
def test_models_with_open_sizes_are_checked(text: str, run: Run, tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="the extra onnx reads what is tested here")
    pytest.importorskip("onnxruntime", reason="ONNX Runtime runs what is tested here")
    (tmp_path / "open.cnn").write_text(f"cnn 1\n{text}\n")
    run("export", "open.cnn", "-o", "model.onnx").done()
    out = run("import", "model.onnx", "--check").done("check: largest difference").out
    assert float(out.partition("largest difference ")[2].partition(",")[0]) < 1e-5


def test_names_that_the_language_does_not_allow(run: Run, tmp_path: Path) -> None:
    """Such as PyTorch once gave: `input.1`, `495`; and a batch that is fixed."""
    onnx = pytest.importorskip("onnx", reason="the extra onnx reads what is tested here")
    pytest.importorskip("onnxruntime", reason="ONNX Runtime runs what is tested here")
    make = onnx.helper
    values = [make.make_tensor_value_info(name, 1, [3, 2, 5, 7]) for name in ("net", "input.1", "495", "a/b:0")]
    nodes = [make.make_node("Sub", ["net", "input.1"], ["495"]), make.make_node("Relu", ["495"], ["a/b:0"])]
    graph = make.make_graph(nodes, "torch_jit", values[:2], values[2:])
    onnx.save(make.make_model(graph, opset_imports=[make.make_opsetid("", 21)], ir_version=10), "m.onnx")
    out = run("import", "m.onnx", "--check").done("note: the file has a batch of 3").out
    assert "largest difference 0, in" in out
    run("check", "m.cnn").done()


def test_places_that_a_model_names(run: Run, model: Path, tmp_path: Path) -> None:
    (tmp_path / "two.cnn").write_text("cnn 1\nnet two(x: 3@8x8) {\n  conv(4, 3x3) on left\n  relu on right\n}\n")
    run("export", "two.cnn", "-o", "two.onnx", "--devices", "left,right").done()
    run("import", "two.onnx", "--placed", "--force").done()
    text = (tmp_path / "two.cnn").read_text()
    assert "on left" in text
    assert "on right" in text
    run("partition", "two.cnn", "--devices", "left,right").done("left", "right")
    run("import", "two.onnx", "--force").done()
    assert "on left" not in (tmp_path / "two.cnn").read_text()
    run("import", "two.cnn", "--placed", "-o", "n.cnn").refused("--placed is about ONNX", code=2)


def test_modules_of_pytorch(run: Run, written: Written, tmp_path: Path) -> None:
    """Exported, with its sizes; traced, with those that are said."""
    torch = pytest.importorskip("torch", reason="PyTorch writes what is read here")
    pytest.importorskip("onnxscript", reason="PyTorch's exporter to ONNX needs it")
    torch.manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(144, 5))
    module = module.eval()
    x = torch.randn(1, 3, 8, 8)
    torch.export.save(torch.export.export(module, (x,)), "a.pt2")
    with pytest.warns(DeprecationWarning, match=r"torch\.jit"):
        torch.jit.trace(module, x).save("b.pt")
    run("import", "a.pt2").done("net: a.cnn (", "837 parameters")
    run("import", "b.pt", "--input", "1x3x8x8").done("net: b.cnn (", "837 parameters")
    run("run", "a.pt2").done("(1, 5) float32")
    assert run("run", "b.pt").refused("cnngraph import").codes == ["E0801"]
    image = np.ascontiguousarray(x.numpy().transpose(0, 2, 3, 1))
    for name in ("a", "b"):
        net = load(tmp_path / f"{name}.cnn")
        net.load_weights(tmp_path / f"{name}.safetensors", strict=True)
        np.testing.assert_allclose(net(image), module(x).detach().numpy(), rtol=1e-4, atol=1e-5)
    assert written() == {"a.pt2", "b.pt", "a.cnn", "b.cnn", "a.safetensors", "b.safetensors"}
