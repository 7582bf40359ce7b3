import os
import subprocess
from pathlib import Path

import pytest

from cnngraph.diagnostics import CnnGraphError
from cnngraph.render import engine


def script(folder: Path, text: str) -> Path:
    path = folder / "dot"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_the_engine_of_the_system_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = script(tmp_path, "cat > /dev/null; echo drawn")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert engine.find_engine() == str(path)
    assert engine.lay_out("digraph {}", "svg") == b"drawn\n"


def test_without_an_engine_the_error_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine.shutil, "which", lambda *_, **__: None)
    with pytest.raises(CnnGraphError, match=r"no drawing engine is installed") as caught:
        engine.lay_out("digraph {}", "svg")
    assert caught.value.diagnostics[0].code == "E0603"
    assert "pip install graphviz-pure" in str(caught.value)


def test_a_failure_of_the_engine_is_a_diagnostic_with_its_words() -> None:
    with pytest.raises(CnnGraphError, match=r"E0603.*failed"):
        engine.lay_out("digraph { this is { not dot", "svg")


def test_a_slow_engine_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_: object, timeout: float, **__: object) -> None:
        raise subprocess.TimeoutExpired("dot", timeout)

    monkeypatch.setattr(engine.subprocess, "run", slow)
    with pytest.raises(CnnGraphError, match=r"more than 0.5 seconds"):
        engine.lay_out("digraph {}", "svg", timeout_seconds=0.5)


def test_an_engine_that_cannot_be_started_is_a_diagnostic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "find_engine", lambda: "/nowhere/dot")
    with pytest.raises(CnnGraphError, match=r"E0603.*cannot be started"):
        engine.lay_out("digraph {}", "svg")
