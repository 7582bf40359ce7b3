"""`cnngraph demo` makes every file that it names."""

from __future__ import annotations

import json
from pathlib import Path

from cli.terminal import Run, Written


def test_all_files_that_it_names_exist(run: Run, written: Written, tmp_path: Path) -> None:
    out = run("demo", "--epochs", "1", "--output", "demo").done("<net googlenet", "<- busiest", "accuracy").out
    assert written() == {"demo"}
    named = {Path(line.strip()) for line in out[out.index("pictures:") :].splitlines() if line.startswith("  ")}
    assert {path.name for path in named} == {path.name for path in (tmp_path / "demo").iterdir()}
    assert len(named) == 7
    for path in named:
        assert path.stat().st_size > 100
    assert len(json.loads((tmp_path / "demo" / "lenet5.json").read_text())["rows"]) == 1


def test_a_folder_that_cannot_be(run: Run, written: Written) -> None:
    assert run("demo", "--output", "tiny.cnn").refused("tiny.cnn cannot be made").out == ""
    assert run("demo", "--output", "tiny.cnn/demo").refused("cannot be made").out == ""
    assert written() == set()
