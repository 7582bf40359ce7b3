"""The TextMate grammar, for VS Code, Sublime Text, GitHub and others, made from the table of classes.

    python -m cnngraph.editor.textmate > grammar/cnn.tmLanguage.json
"""

from __future__ import annotations

import json
import sys

from cnngraph.editor.classes import patterns

SCOPES = {
    "documentation": "comment.line.documentation",
    "comment": "comment.line.number-sign",
    "string": "string.quoted.double",
    "open string": "invalid.illegal.unclosed-string",
    "dimensions": "constant.numeric.dimensions",
    "number": "constant.numeric",
    "definition": "entity.name.function",
    "declaration": "keyword.other",
    "control": "keyword.control",
    "logic": "keyword.operator.logical",
    "constant": "constant.language",
    "section": "keyword.other.section",
    "layer": "support.function.layer",
    "label": "entity.name.label",
    "argument": "variable.parameter",
    "function": "support.function",
    "type": "storage.type",
    "padding": "constant.language.padding",
    "left value": "variable.language",
    "name": "variable.other",
    "arrow": "keyword.operator.arrow",
    "lane": "keyword.operator.lane",
    "operator": "keyword.operator",
    "punctuation": "punctuation",
}
"""Names of TextMate, as its manual lists them in section 12.4; themes colour by their first words."""


def grammar() -> dict[str, object]:
    """The grammar as plain data: one flat list of single-line rules."""
    return {
        "information_for_contributors": "made by `python -m cnngraph.editor.textmate`; do not edit",
        "name": "cnngraph",
        "scopeName": "source.cnn",
        "fileTypes": ["cnn"],
        "patterns": [{"name": f"{SCOPES[kind]}.cnn", "match": pattern} for kind, pattern in patterns()],
    }


def text() -> str:
    return json.dumps(grammar(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]  # a terminal's stream, and files
    sys.stdout.write(text())
