"""The words of a train section, as they stand in their file."""

from __future__ import annotations

from pathlib import Path

from cnngraph.elaborate.modules import load_file


def recipe_of(path: Path, net: str) -> str:
    """The train section that holds for a net of a `.cnn` file; empty where there is none, and for other files."""
    if path.suffix != ".cnn":
        return ""
    span = next((section.span for section in load_file(path).training_of(net)), None)
    return span.source.text[span.start : span.end] if span else ""
