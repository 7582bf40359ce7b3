"""Reading the log of a run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cnngraph.diagnostics import CnnGraphError
from cnngraph.train.history import Epoch, History
from cnngraph.train.log import EpochRow, StepRow, TestRow, read_log

RUN = {"kind": "run", "format": 1, "net": "tiny", "seed": 7}
STEP = {"kind": "step", "epoch": 1, "step": 5, "loss": 2.0, "rate": 0.5, "losses": {"a": 1.0}, "later": "unknown"}
EPOCH = {"kind": "epoch", "epoch": 1, "step": 9, "loss": 1.5, "test_loss": 1.25, "metrics": {"accuracy": 0.5}}
TEST = {"kind": "test", "loss": 1.2}


def written(path: Path, *rows: object, end: str = "\n") -> Path:
    path.write_text("\n".join(json.dumps(row) for row in rows) + end, encoding="utf-8")
    return path


def test_rows(tmp_path: Path) -> None:
    log = read_log(written(tmp_path / "run.jsonl", RUN, STEP, EPOCH, TEST))
    assert (log.net, log.run["seed"]) == ("tiny", 7)
    assert log.steps == (StepRow(1, 5, 2.0, 0.5, losses={"a": 1.0}),)
    assert log.epochs == (EpochRow(1, 9, 1.5, 1.25, metrics={"accuracy": 0.5}),)
    assert log.test == TestRow(1.2)


def test_a_line_that_was_cut_off_is_not_read(tmp_path: Path) -> None:
    log = read_log(written(tmp_path / "run.jsonl", RUN, STEP, EPOCH, end=""))
    assert (len(log.steps), len(log.epochs)) == (1, 0)


def test_a_history_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "history.json"
    path.write_text(History((Epoch(1, 2.5, 0.25, 2.0, 0.5, 3.0),), 4).to_json() + "\n", encoding="utf-8")
    assert read_log(path).epochs == (EpochRow(1, 0, 2.5, 2.0, 0.25, 0.5, seconds=3.0, epoch_seconds=3.0),)


@pytest.mark.parametrize(
    "content",
    ["", "text\n", "[]\n", '{"kind": "step"}\n', '{"kind": "run", "format": 99}\n', "{\n}\n", "[1]\n[2]\n",
     json.dumps(RUN) + '\n{"kind": "step"}\n', json.dumps(RUN) + "\n{}\n", "[" * 100_000 + "\n"],
)  # fmt: skip
def test_what_is_no_log(tmp_path: Path, content: str) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(CnnGraphError, match=r"E0701.*run\.jsonl"):
        read_log(path)


def test_what_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "picture.jsonl").write_bytes(b"\xff\xfe\x00")
    for name in ("picture.jsonl", "nowhere.jsonl", "."):
        with pytest.raises(CnnGraphError, match="E0701"):
            read_log(tmp_path / name)


@pytest.mark.parametrize(
    ("key", "value"),
    [("loss", '"low"'), ("loss", "null"), ("step", "1.5"), ("epoch", "true"), ("metrics", '{"f1": "high"}'),
     ("metrics", "[1]"), ("part", "3"), ("best", "1"), ("step", "1" + "0" * 99)],
)  # fmt: skip
def test_a_figure_that_is_none_is_told(tmp_path: Path, key: str, value: str) -> None:
    path = tmp_path / "run.jsonl"
    row = {"kind": '"epoch"', "epoch": "1", "step": "2", "loss": "0.5", "test_loss": "0.5", "accuracy": "null"}
    words = ", ".join(f'"{name}": {text}' for name, text in (row | {key: value}).items())
    path.write_text(f'{{"kind": "run", "format": 1}}\n{{{words}}}\n')
    with pytest.raises(CnnGraphError, match=f"E0701(?s:.*)`{key}` is"):
        read_log(path)
