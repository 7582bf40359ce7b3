"""The magic of notebooks, in a shell of IPython."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("IPython", reason="IPython is not installed: `pip install '.[notebook]'`")

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

CELL = """net tiny(image: 1@8x8, classes = 3) {
  conv(4, 3x3) -> relu  [4@6x6]
  globalavgpool
  dense(classes) -> softmax
}
"""


def run(shell: InteractiveShell, cell: str) -> Any:
    """What a cell prints and displays; an exception would be a failure of the cell."""
    with capture_output() as captured:
        result = shell.run_cell(cell)
    captured.success = result.success
    return captured


def test_a_cell_is_a_network(shell: InteractiveShell) -> None:
    seen = run(shell, f"%%cnn\n{CELL}")
    assert seen.success
    picture, table = seen.outputs
    assert "<svg" in picture.data["image/svg+xml"]
    assert "<svg" in picture.data["text/html"]
    assert "parameters 55" in picture.data["text/html"]
    assert "<table" in table.data["text/html"]
    assert table.data["text/plain"].startswith("tiny\n\nlayer")
    net = shell.user_ns["tiny"]
    assert (net.name, net.parameters) == ("tiny", 55)
    assert run(shell, "print(tiny.shapes['conv'])").stdout == "4@6x6\n"


def test_it_takes_a_name_a_net_and_settings(shell: InteractiveShell) -> None:
    other = "net other(image: 1@8x8) = globalavgpool\n"
    run(shell, f"%%cnn mine --net tiny --set classes=5 --set unused\n{CELL}{other}")
    assert "mine" not in shell.user_ns
    run(shell, f"%%cnn mine --net tiny --set classes=5\n{CELL}{other}")
    assert str(shell.user_ns["mine"].shapes["dense"]) == "5"
    assert "tiny" not in shell.user_ns


def test_a_mistake_is_explained_without_a_traceback(shell: InteractiveShell) -> None:
    seen = run(shell, f"%%cnn\n{CELL.replace('4@6x6', '4@8x8')}")
    assert seen.success
    assert "\x1b[1;31merror[E0300]\x1b[0m" in seen.stdout
    assert "4@8x8 expected, 4@6x6 computed" in seen.stdout
    assert "cell.cnn:2:" in seen.stdout
    assert "Traceback" not in seen.stdout + seen.stderr
    assert "tiny" not in shell.user_ns
    shell.run_line_magic("colors", "nocolor")
    assert "\x1b[" not in run(shell, "%%cnn\nnet n(x: 1@8x8) = Relu").stdout


def test_without_a_drawing_engine_the_net_is_there_all_the_same(
    shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cnngraph.render.engine.shutil.which", lambda *arguments, **named: None)
    seen = run(shell, f"%%cnn\n{CELL}")
    assert "E0603" in seen.outputs[0].data["text/html"]
    assert "image/svg+xml" not in seen.outputs[0].data
    assert "Traceback" not in seen.stdout + seen.stderr
    assert shell.user_ns["tiny"].parameters == 55


def test_wrong_settings_are_explained(shell: InteractiveShell) -> None:
    assert "E0107" in run(shell, f"%%cnn --set clases=5\n{CELL}").stdout
    assert "E0101" in run(shell, f"%%cnn --set classes=five\n{CELL}").stdout
    assert "cannot be a name in Python" in run(shell, f"%%cnn for\n{CELL}").stderr
    assert "NAME=VALUE" in run(shell, f"%%cnn --set classes\n{CELL}").stderr


def test_imports_are_found_beside_the_notebook(shell: InteractiveShell, tmp_path: Path) -> None:
    (tmp_path / "part.cnn").write_text("cnn 1\nblock part(c) = conv(c, 3x3)\n", encoding="utf-8")
    run(shell, '%%cnn\nimport part from "part.cnn"\nnet whole(image: 1@8x8) = part(4) -> flatten')
    assert shell.user_ns["whole"].parameters == 40
