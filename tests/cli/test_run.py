"""`cnngraph run`, and the options of all commands that run a net."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from cli.terminal import NETS, Run, Written

from cnngraph.interop.safetensors import load_weights
from cnngraph.net import load


def test_outputs_memory_and_time(run: Run, written: Written) -> None:
    out = run("run", "tiny.cnn", "--batch", "6", "--repeat", "3").done("class: (6, 10) float32", "median of 3").out
    assert re.search(r"^memory: [\d.]+ kB \(weights .*, inputs .*, values .*, workers \d+ x .*\)$", out, re.MULTILINE)
    assert written() == set()


def test_files_in_and_out(run: Run, written: Written, tmp_path: Path) -> None:
    x = np.random.default_rng(3).standard_normal((4, 8, 8, 1)).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    expected = load(tmp_path / "tiny.cnn")(x)
    run("run", "tiny.cnn", "--input", "image=x.npy", "-o", "out/y.npy").done("outputs: out/y.npy")
    assert np.load(tmp_path / "out" / "y.npy").tobytes() == expected.tobytes()
    run("run", "tiny.cnn", "--input", "image=x.npy", "-o", "y.npz", "--fetch", "relu, class").done("relu: (4, 8, 8, 4)")
    with np.load(tmp_path / "y.npz") as found:
        assert sorted(found) == ["class", "relu"]
    assert written() == {"x.npy", "out", "y.npz"}


def test_the_seed_makes_the_inputs(run: Run, tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        run("run", "tiny.cnn", "--seed", seed, "-o", f"{name}.npy").done()
    a, b, c = (np.load(tmp_path / f"{name}.npy").tobytes() for name in "abc")
    assert a == b != c


def test_trained_weights(run: Run, tmp_path: Path) -> None:
    run("run", "tiny.cnn", "-o", "first.npy").done()
    run("train", "tiny.cnn").done("memory of a step: ", "weights: tiny.safetensors")
    run("run", "tiny.cnn", "--weights", "tiny.safetensors", "-o", "trained.npy").done()
    assert (np.load(tmp_path / "first.npy") != np.load(tmp_path / "trained.npy")).any()
    run("run", "tiny.cnn", "--weights", "nowhere").refused("E0703")


def test_profile_and_plan(run: Run) -> None:
    out = run("run", "tiny.cnn", "--profile", "--plan", "--workers", "1", "--repeat", "2").done("GFLOP/s", "share").out
    plan, _, rest = out.partition("memory: ")
    assert "device" in plan
    assert "peak host" in plan
    shares = [float(cell) for cell in re.findall(r"([\d.]+)%", rest.partition("\nnode")[0])]
    assert sum(shares) == pytest.approx(100, abs=0.5)


def test_devices_give_the_same_bits(run: Run, tmp_path: Path) -> None:
    run("run", "tiny.cnn", "--batch", "8", "-o", "one.npy", "--workers", "1").done()
    run("run", "tiny.cnn", "--batch", "8", "-o", "workers.npy", "--workers", "3").done("workers 3 x")
    run("run", "tiny.cnn", "--batch", "8", "-o", "two.npy", "--devices", "2").done()
    one, workers, two = ((tmp_path / f"{name}.npy").read_bytes() for name in ("one", "workers", "two"))
    assert one == workers == two


def test_open_sizes(run: Run) -> None:
    assert run("run", NETS / "unet.cnn").refused("E0109", "--set H=64").codes == ["E0109"]
    run("run", NETS / "unet.cnn", "--set", "H=32", "--set", "W=32").done("(1, 32, 32, ")


def test_tuning_is_remembered(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CNNGRAPH_CACHE", str(tmp_path / "cache"))
    run("run", "tiny.cnn", "--batch", "4").done()
    assert not (tmp_path / "cache").exists()
    run("run", "tiny.cnn", "--batch", "4", "--tune").done()
    before = (tmp_path / "cache" / "kernels.json").read_bytes()
    run("run", "tiny.cnn", "--batch", "4", "--tune").done()
    assert (tmp_path / "cache" / "kernels.json").read_bytes() == before


def test_a_limit_of_memory(run: Run) -> None:
    arguments = ("run", NETS / "resnet18.cnn", "--batch", "4", "--workers", "2", "--memory-limit")
    out = run(*arguments, "150MB").done().out
    taken = re.search(r"^memory: ([\d.]+) MB", out, re.MULTILINE)
    assert taken is not None
    assert float(taken[1]) <= 150
    outcome = run(*arguments, "60 MB").refused("takes at least", "not 60 MB", "its weights")
    assert outcome.codes == ["E0602"]


def test_how_a_net_is_trained_and_tested(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CNNGRAPH_WORKERS", raising=False)
    run("train", "tiny.cnn", "--workers", "1", "--exact", "-o", "one.safetensors").done("workers 1 x")
    run("train", "tiny.cnn", "--workers", "3", "--exact", "-o", "three.safetensors").done("workers 3 x")
    one, three = (load_weights(Path(f"{name}.safetensors"))[0] for name in ("one", "three"))
    assert {name: value.tobytes() for name, value in one.items()} == {n: value.tobytes() for n, value in three.items()}
    first, second = (
        run("evaluate", "tiny.cnn", "--weights", "one.safetensors", "--workers", n).done().out for n in (1, 2)
    )
    assert first == second
    run("train", "tiny.cnn", "--memory-limit", "10kB").refused("E0602")


@pytest.mark.parametrize(("engine", "needs"), [("torch", ["torch"]), ("onnxruntime", ["onnx", "onnxruntime"])])
def test_other_engines_give_the_same_but_for_rounding(engine: str, needs: list[str], run: Run, tmp_path: Path) -> None:
    for package in needs:
        pytest.importorskip(package, reason=f"{package} is the engine of this test")
    for name in ("numpy", engine):
        run("run", "tiny.cnn", "--batch", "3", "--engine", name, "-o", f"{name}.npy").done("class: (3, 10) float32")
    ours, theirs = (np.load(tmp_path / f"{name}.npy") for name in ("numpy", engine))
    np.testing.assert_allclose(theirs, ours, rtol=1e-4, atol=1e-6)


def test_engines_that_cannot(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run("run", "tiny.cnn", "--engine", "torch", "--plan").refused("--plan: only with --engine numpy", code=2)
    monkeypatch.setattr("cnngraph.interop.pytorch.find_spec", lambda name: None)
    monkeypatch.setattr("cnngraph.interop.onnx.runtime.find_spec", lambda name: None)
    for engine in ("torch", "onnxruntime"):
        assert run("run", "tiny.cnn", "--engine", engine).refused(f"cnngraph[{engine}]").codes == ["E0603"]


def test_wrong_options(run: Run, written: Written, tmp_path: Path) -> None:
    (tmp_path / "text.npy").write_text("no array")
    np.savez(tmp_path / "two.npz", a=np.zeros(2), b=np.zeros(3))
    for wrong in ("image", "image=nowhere.npy", "image=text.npy", "image=two.npz"):
        run("run", "tiny.cnn", "--input", wrong).refused("--input", code=2)
    np.save(tmp_path / "x.npy", np.zeros((2, 5, 8, 1), np.float32))
    run("run", "tiny.cnn", "--input", "image=x.npy").refused("E0705", "(2, 5, 8, 1)")
    run("run", "tiny.cnn", "--batch", 10**30).refused("E0602", "choose smaller sizes")
    run("run", "tiny.cnn", "--input", "picture=x.npy").refused("E0705", "picture")
    run("run", "tiny.cnn", "--fetch", "rellu").refused("E0705", "did you mean")
    for size in ("500", "many", "-3MB", "0MB", ""):
        run("run", "tiny.cnn", "--memory-limit", size).refused("--memory-limit", code=2)
    run("run", "tiny.cnn", "--workers", "0").refused("--workers", code=2)
    run("run", "tiny.cnn", "-o", "tiny.cnn/y.npy").refused("cannot be written")
    assert written() == {"text.npy", "two.npz", "x.npy"}
