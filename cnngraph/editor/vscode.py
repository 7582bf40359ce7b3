"""The folder that teaches VS Code what a `.cnn` file is: its name, brackets, comments and colours.

    python -m cnngraph.editor.vscode ~/.vscode/extensions/cnngraph

The language server is started by an extension for servers of any kind: the README says with which settings.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from pathlib import Path

from cnngraph.editor import textmate

PAIRS = (("{", "}"), ("[", "]"), ("(", ")"))
GRAMMAR = "cnn.tmLanguage.json"


def files() -> dict[str, str]:
    """The text of each file by its name.

    >>> sorted(files())
    ['cnn.tmLanguage.json', 'language-configuration.json', 'package.json']
    """
    language = {"id": "cnn", "aliases": ["cnngraph"], "extensions": [".cnn"]}
    manifest = {
        "name": "cnngraph",
        "publisher": "cnngraph",
        "displayName": "cnngraph",
        "version": version("cnngraph"),
        "engines": {"vscode": "^1.60.0"},
        "categories": ["Programming Languages"],
        "contributes": {
            "languages": [{**language, "configuration": "./language-configuration.json"}],
            "grammars": [{"language": "cnn", "scopeName": "source.cnn", "path": f"./{GRAMMAR}"}],
        },
    }
    configuration = {
        "comments": {"lineComment": "#"},
        "brackets": PAIRS,
        "autoClosingPairs": [*PAIRS, ('"', '"')],
        "surroundingPairs": [*PAIRS, ('"', '"')],
    }
    plain = {"package.json": manifest, "language-configuration.json": configuration}
    return {GRAMMAR: textmate.text(), **{name: json.dumps(data, indent=2) + "\n" for name, data in plain.items()}}


def write(folder: Path) -> None:
    """Write the files into a folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m cnngraph.editor.vscode FOLDER")
    write(Path(sys.argv[1]))
