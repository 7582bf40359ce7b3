"""What lies on the desk: the folders that the playground reads from, and the document that is being written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict

from cnngraph.diagnostics import error
from cnngraph.editor.document import Document
from cnngraph.serve.folder import Folder, examples, standard
from cnngraph.syntax.read import MAX_BYTES, TOO_LARGE

OWN = "folder"


class File(TypedDict):
    """A file as the browser names it: `{"place": "folder", "name": "nets/a.cnn"}`."""

    place: str
    name: str


class Desk:
    """The served folder, the examples and the standard blocks; and what was read last."""

    def __init__(self, folder: Path) -> None:
        self.folders: Mapping[str, Folder] = {OWN: Folder.of(folder), "examples": examples(), "std": standard()}
        self._last: tuple[object, Document] | None = None

    def folder(self, place: object) -> Folder:
        """Raises E0108 for a place that there is not."""
        if not isinstance(place, str) or place not in self.folders:
            raise error("E0108", "there is no such place", f"places: {', '.join(self.folders)}")
        return self.folders[place]

    def file_of(self, path: Path) -> File | None:
        """How the browser names a file; None for one that it cannot see."""
        for place, folder in self.folders.items():
            if path.is_relative_to(folder.path):
                return {"place": place, "name": path.relative_to(folder.path).as_posix()}
        return None

    def document(self, job: Mapping[str, Any], anew: bool = False) -> Document:
        """The text of a job as the file that it is to be; nothing outside of its folder is imported but `std/`.

        `drafts` are texts that are not saved yet of other files of the folder. `anew` reads what is imported again.
        """
        key = (job["file"], job["text"], job.get("drafts"))
        if anew or self._last is None or self._last[0] != key:
            self._last = (key, self._read(job))
        return self._last[1]

    def _read(self, job: Mapping[str, Any]) -> Document:
        folder, text = self.folder(job["file"]["place"]), job["text"]
        if len(text) > MAX_BYTES:
            raise error("E0002", f"the text {TOO_LARGE}")
        drafts = {self.folders[OWN].place(name): draft for name, draft in (job.get("drafts") or {}).items()}
        return Document.read(folder.place(job["file"]["name"]), text, drafts, folder.path)
