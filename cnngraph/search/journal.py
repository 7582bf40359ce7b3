"""What a search has done so far, in a file of JSON lines: first what is searched, then a line for each task.

A line is on the disk before the next task of its process begins, so that a search that is killed does none again. A
last line that was not written whole does not count.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cnngraph.diagnostics import error
from cnngraph.search.spaces import Value

NAME = "trials.jsonl"


@dataclass(frozen=True)
class Row:
    """A trial after its epoch `until`: the best of its epochs, with its figures on the images that judge it.

    `problem` says why it went no further; `figures` are empty where not even one epoch was whole.
    """

    trial: int
    settings: Mapping[str, Value]
    until: int
    epoch: int
    figures: Mapping[str, float]
    seconds: float
    problem: str = ""


class Journal:
    """The journal in a folder, which is made if it is not there. `rows` has what was done, by (trial, until).

    Raises E0108 where the folder holds another search, E0701 where its file is damaged.
    """

    def __init__(self, folder: Path, about: Mapping[str, Any]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / NAME
        self.rows: dict[tuple[int, int], Row] = {}
        if self.path.exists() and (lines := self._whole_lines()):
            self._check(lines[0], json.loads(json.dumps(about)))
            for number, line in enumerate(lines[1:], 2):
                row = self._row(number, line)
                self.rows[row.trial, row.until] = row
        else:
            self._write({"search": about})

    def add(self, row: Row) -> None:
        """Note a row for good."""
        self._write(asdict(row))
        self.rows[row.trial, row.until] = row

    def _write(self, content: object) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(content) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def _whole_lines(self) -> list[str]:
        """All lines; a last one that is not whole is cut off, so that the next begins anew."""
        content = self.path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            os.truncate(self.path, len(whole))
        return whole.decode("utf-8", "replace").splitlines()

    def _check(self, line: str, about: Mapping[str, Any]) -> None:
        try:
            earlier: Mapping[str, Any] = json.loads(line)["search"]
            differing = [key for key in about if earlier[key] != about[key]]
        except (ValueError, KeyError, TypeError) as problem:
            raise self._damaged(1) from problem
        if differing:
            key = differing[0]
            what = "the file has changed" if key == "digest" else f"{key} was {earlier[key]}, and is {about[key]}"
            help_ = f"name another folder with -o, or remove {self.path.parent}"
            raise error("E0108", f"{self.path.parent} holds another search: {what}", help_)

    def _row(self, number: int, line: str) -> Row:
        try:
            read = Row(**json.loads(line))
            return Row(int(read.trial), dict(read.settings), int(read.until), int(read.epoch), dict(read.figures),
                       float(read.seconds), str(read.problem))  # fmt: skip
        except (ValueError, TypeError) as problem:
            raise self._damaged(number) from problem

    def _damaged(self, number: int) -> Exception:
        return error("E0701", f"{self.path}: line {number} is damaged", f"remove {self.path.parent} to search anew")
