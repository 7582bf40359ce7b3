"""`cnngraph train`, `evaluate` and `predict`: from the digits of the package to the class of a picture."""

from __future__ import annotations

import json
import signal
from hashlib import sha256
from pathlib import Path

import pytest
from cli.terminal import NETS, TINY, Run, Written
from PIL import Image

from cnngraph.interop.safetensors import load_weights
from cnngraph.net import load
from cnngraph.train.history import Progress
from cnngraph.train.log import read_log
from cnngraph.train.progress import ProgressReporter


def test_train_evaluate_predict(run: Run, written: Written, tmp_path: Path) -> None:
    run("train", "tiny.cnn", "--epochs", "2", "--history", "out/history.json").done("weights: tiny.safetensors")
    assert written() == {"tiny.safetensors", "tiny.best.safetensors", "out"}
    history = json.loads((tmp_path / "out" / "history.json").read_text())
    assert [row["number"] for row in history["rows"]] == [1, 2]
    assert history["rows"][1]["loss"] < history["rows"][0]["loss"]

    first = run("evaluate", "tiny.cnn").done()
    assert f"{history['rows'][-1]['test_accuracy']:.2%}" in first.out
    assert run("evaluate", "tiny.cnn", "--weights", "tiny.safetensors").out == first.out

    Image.new("RGB", (123, 77), (200, 10, 10)).save("wide.png")
    Image.new("L", (1, 1)).save("dot.png")
    lines = run("predict", "wide.png", "dot.png", "--top", "3").done().out.splitlines()
    assert [line for line in lines if not line.startswith(" ")] == ["wide.png:", "dot.png:"]
    chances = [float(line.split("%")[0]) for line in lines if line.startswith(" ")]
    assert len(chances) == 6
    assert chances[:3] == sorted(chances[:3], reverse=True)


def test_a_resumed_run_gives_the_same_weights(run: Run, tmp_path: Path) -> None:
    run("train", "tiny.cnn", "--epochs", "2", "-o", "whole.safetensors").done()
    run("train", "tiny.cnn", "--epochs", "1", "-o", "part.safetensors").done()
    run("train", "tiny.cnn", "--epochs", "2", "--resume", "part.safetensors", "-o", "rest.safetensors").done()
    whole, rest = (load_weights(tmp_path / f"{name}.safetensors")[0] for name in ("whole", "rest"))
    assert whole.keys() == rest.keys()
    assert all((whole[name] == rest[name]).all() for name in whole)


def test_resume_without_a_name_is_what_the_run_wrote(run: Run, written: Written, tmp_path: Path) -> None:
    run("train", "tiny.cnn", "--epochs", "2", "-o", "whole.safetensors").done()
    run("train", "tiny.cnn", "--epochs", "1").done()
    run("train", "tiny.cnn", "--epochs", "2", "--resume").done("best: tiny.best.safetensors, epoch")
    whole, rest = (tmp_path / f"{name}.safetensors" for name in ("whole", "tiny"))
    assert rest.read_bytes() == whole.read_bytes()
    assert written() == {f"{name}{best}.safetensors" for name in ("whole", "tiny") for best in ("", ".best")}

    rest.write_bytes(rest.read_bytes()[:-1])
    told = run("train", "tiny.cnn", "--resume").refused("E0703", "go on with --resume tiny.best.safetensors")
    assert told.out == ""
    run("train", "tiny.cnn", "--set", "classes=11", "--resume").refused("E0703")


def test_nothing_to_resume(run: Run, written: Written) -> None:
    run("train", "tiny.cnn", "--resume").refused("E0703", "tiny.safetensors: there is no such file of weights")
    assert written() == set()


def test_a_net_that_has_changed_does_not_go_on(run: Run, tmp_path: Path) -> None:
    run("train", "tiny.cnn").done()
    (tmp_path / "tiny.cnn").write_text(TINY.replace("relu", "tanh"), encoding="utf-8")
    outcome = run("train", "tiny.cnn", "--resume").refused("the network tiny has changed", "--weights tiny.safetensors")
    assert outcome.codes == ["E0703"]
    run("train", "tiny.cnn", "--weights", "tiny.safetensors").done()


def test_a_log_and_a_part_to_validate_with(run: Run, tmp_path: Path) -> None:
    options = ("--validate", "0.25", "--log", "out/run.jsonl", "--history", "history.json")
    outcome = run("train", "tiny.cnn", "--epochs", "2", *options).done("validation accuracy", "test accuracy")
    log, history = read_log(tmp_path / "out" / "run.jsonl"), json.loads((tmp_path / "history.json").read_text())
    assert log.run["samples"] == {"train": 150, "validation": 50, "test": 297}
    assert log.run["file_hash"] == sha256((tmp_path / "tiny.cnn").read_bytes()).hexdigest()
    assert log.test is not None
    assert history["test"]["accuracy"] == log.test.accuracy
    assert f"{log.test.accuracy:.2%}" in outcome.out
    for wrong in ("0", "1", "-1", "many"):
        run("train", "tiny.cnn", "--validate", wrong).refused("--validate", code=2)
    run("train", "tiny.cnn", "--validate", "0.999").refused("E0701")


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_says_so(run: Run, number: int, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    call = ProgressReporter.__call__

    def watched(self: ProgressReporter, progress: Progress) -> None:
        call(self, progress)
        if (progress.epoch, progress.step) == (2, 3):
            signal.raise_signal(number)

    with monkeypatch.context() as patch:
        patch.setattr(ProgressReporter, "__call__", watched)
        outcome = run("train", "tiny.cnn", "--epochs", "3")
    assert outcome.code == status
    assert outcome.out.endswith("interrupted; weights: tiny.safetensors\n")
    run("train", "tiny.cnn", "--epochs", "3", "--resume").done("epoch 2/3", "epoch 3/3")


def test_recompute_gives_the_same_weights(run: Run, tmp_path: Path) -> None:
    layers = "conv(4, 3x3, same) -> batchnorm -> relu -> dropout(0.25) -> " * 4
    (tmp_path / "deep.cnn").write_text(TINY.replace("conv(", f"{layers}conv(", 1), encoding="utf-8")
    assert any(node.late for node in load(tmp_path / "deep.cnn").training_graph(recompute=True, batch=50))
    run("train", "deep.cnn", "-o", "plain.safetensors").done()
    run("train", "deep.cnn", "-o", "less.safetensors", "--recompute").done()
    plain, less = (load_weights(tmp_path / f"{name}.safetensors")[0] for name in ("plain", "less"))
    assert plain.keys() == less.keys()
    assert all((plain[name] == less[name]).all() for name in plain)


@pytest.mark.parametrize("option", ["--output", "--history"])
@pytest.mark.parametrize("target", [".", "tiny.cnn/x", "tiny.cnn/x/y"])
def test_a_target_is_judged_before_training(option: str, target: str, run: Run, written: Written) -> None:
    outcome = run("train", "tiny.cnn", "--epochs", "1000000", option, target).refused("cannot be written")
    assert outcome.out == ""
    assert written() == set()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("-o", "./tiny.cnn"), "would hold the net and the weights"),
        (("--log", "tiny.cnn"), "would hold the net and the log"),
        (("--log", "a.jsonl", "--history", "a.jsonl"), "would hold the history and the log"),
    ],
)
def test_nothing_is_written_over(arguments: tuple[str, ...], text: str, run: Run, written: Written) -> None:
    run("train", "tiny.cnn", *arguments).refused(text, code=2)
    assert not written()


def test_data_that_is_not_there(run: Run, written: Written, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for arguments in ((), ("--data", "folder"), ("--data", "nowhere")):
        outcome = run("train", NETS / "lenet5.cnn", *arguments).refused("mnist", "--data", "CNNGRAPH_DATA")
        assert outcome.codes == ["E0701"]
    assert run("train", NETS / "alexnet.cnn").refused("names no data").codes == ["E0701"]
    assert written() == {"folder"}


def test_wrong_numbers(run: Run, written: Written, tmp_path: Path) -> None:
    run("train", "tiny.cnn", "--epochs", "0").refused("--epochs", code=2)
    run("train", "tiny.cnn", "--set", "classes=7").refused("E0702")
    (tmp_path / "large.cnn").write_text(TINY.replace("flatten", "flatten -> dense(400_000_000_000)"))
    run("train", "large.cnn").refused("memory")
    assert written() == {"large.cnn"}


def test_wrong_weights(run: Run, written: Written, tmp_path: Path) -> None:
    (tmp_path / "text.safetensors").write_text("no weights")
    (tmp_path / "folder").mkdir()
    before = written()
    Image.new("L", (8, 8)).save("picture.png")
    for wrong in ("nowhere", "text.safetensors", "folder"):
        run("evaluate", "tiny.cnn", "--weights", wrong).refused("E0703", wrong)
        run("predict", "picture.png", "--weights", wrong).refused("E0703", wrong)
        run("train", "tiny.cnn", "--resume", wrong).refused("E0703", wrong)
    assert written() == before | {"picture.png"}


def test_weights_of_another_net(run: Run) -> None:
    run("train", "tiny.cnn", "-o", "tiny.safetensors").done()
    other = NETS / "lenet5_digits.cnn"
    outcome = run("evaluate", other, "--weights", "tiny.safetensors").refused("lack c1.conv.weight")
    assert set(outcome.codes) == {"E0703"}
    run("train", other, "--resume", "tiny.safetensors").refused("E0703")


def test_wrong_pictures(run: Run, tmp_path: Path) -> None:
    run("train", "tiny.cnn").done()
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "empty.png").touch()
    for wrong in ("nowhere.png", "text.png", "empty.png", "."):
        assert run("predict", wrong).refused("E0701", wrong).out == ""
    run("predict").refused("PICTURES", code=2)
    run("predict", "text.png", "--top", "0").refused("--top", code=2)


def test_which_weights(run: Run, tmp_path: Path) -> None:
    Image.new("L", (8, 8)).save(tmp_path / "picture.png")
    run("predict", "picture.png").refused("which weights?", "none", "--weights", code=2)
    for name in ("a", "b"):
        (tmp_path / f"{name}.safetensors").touch()
    run("predict", "picture.png").refused("a.safetensors, b.safetensors", code=2)
