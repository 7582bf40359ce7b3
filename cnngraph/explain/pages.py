"""The pages of the folder `pages`, found by listing it: one for each code, `E0301.md`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cnngraph.diagnostics import CODES

FOLDER = Path(__file__).parent / "pages"
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Example:
    """One side of a page: its files by their kind (`cnn`, `toml`, ...), and the commands that are run on them.

    A page that states no command means `cnngraph check net.cnn`.
    """

    files: tuple[tuple[str, str], ...]
    commands: tuple[str, ...]


@dataclass(frozen=True)
class Page:
    """What a code means, in Markdown."""

    code: str
    text: str

    @property
    def wrong(self) -> Example:
        return self._example("Wrong")

    @property
    def right(self) -> Example:
        return self._example("Right")

    def _example(self, title: str) -> Example:
        section = self.text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
        blocks = FENCE.findall(section)
        console = "".join(text for kind, text in blocks if kind == "console")
        commands = tuple(line.removeprefix("$ ") for line in console.splitlines() if line.startswith("$ "))
        files = tuple((kind, text) for kind, text in blocks if kind != "console")
        return Example(files, commands or ("cnngraph check net.cnn",))


@cache
def pages() -> dict[str, Page]:
    """All pages, by their codes.

    >>> pages()["E0301"].text.splitlines()[0]
    '# E0301: the inputs of a merge have different positions'
    """
    files = sorted(FOLDER.glob("*.md"))
    return {file.stem: Page(file.stem, file.read_text(encoding="utf-8")) for file in files}


def listing() -> str:
    """Every code with its line."""
    return "\n".join(f"{code:5}  {meaning}" for code, meaning in CODES.items())
