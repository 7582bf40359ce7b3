"""The folder for VS Code names what it holds."""

from __future__ import annotations

import json
from pathlib import Path

from cnngraph.editor import textmate
from cnngraph.editor.vscode import write


def test_the_manifest_names_files_that_are_there(tmp_path: Path) -> None:
    write(tmp_path / "extensions" / "cnngraph")
    folder = tmp_path / "extensions" / "cnngraph"
    contributed = json.loads((folder / "package.json").read_text(encoding="utf-8"))["contributes"]
    (language,), (grammar,) = contributed["languages"], contributed["grammars"]
    assert language["id"] == grammar["language"] == "cnn"
    assert language["extensions"] == [".cnn"]
    assert json.loads((folder / language["configuration"]).read_text(encoding="utf-8"))["comments"] == {
        "lineComment": "#"
    }
    colours = json.loads((folder / grammar["path"]).read_text(encoding="utf-8"))
    assert colours == json.loads(textmate.text())
    assert colours["scopeName"] == grammar["scopeName"]
