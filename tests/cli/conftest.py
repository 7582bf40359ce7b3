"""The command line as people meet it: `main`, called in a folder of its own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from cli.terminal import TINY, Outcome, Run, Written

from cnngraph.cli.main import main


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run `cnngraph` with these arguments in a folder that holds `tiny.cnn`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CNNGRAPH_DATA", raising=False)
    (tmp_path / "tiny.cnn").write_text(TINY, encoding="utf-8")

    def call(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["cnngraph", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        printed = capsys.readouterr()
        return Outcome(code, printed.out, printed.err)

    return call


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """The names in the folder, without the network that lies there at first."""
    return lambda: {path.name for path in tmp_path.iterdir()} - {"tiny.cnn"}
