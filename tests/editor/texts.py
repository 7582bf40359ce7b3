"""Texts with a place in them: `^` stands where the cursor is."""

from __future__ import annotations

from pathlib import Path

from cnngraph.editor.document import Document, Workspace

FOLDER = Path(__file__).parents[2] / "specs" / "nets"


def marked(text: str) -> tuple[Document, int]:
    """The document without its `^`, and the offset of that."""
    before, mark, after = text.partition("^")
    assert mark, "a text has a cursor"
    return document(before + after), len(before)


def document(text: str, path: Path = FOLDER / "written.cnn") -> Document:
    workspace = Workspace()
    workspace.write(path, text)
    found = workspace.document(path)
    assert found is not None
    return found
