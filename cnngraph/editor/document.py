"""An open file with all that is known of it, and the files that are open together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from cnngraph.diagnostics import BYTE_ORDER_MARK, CnnGraphError, Diagnostic, Source, Span, in_order
from cnngraph.editor.names import Names
from cnngraph.editor.positions import Lines
from cnngraph.elaborate.elaborate import Elaborated, others
from cnngraph.elaborate.frame import Frame
from cnngraph.elaborate.modules import Program, load_text
from cnngraph.elaborate.observe import Given, Observation, observe
from cnngraph.elaborate.reading import new_session
from cnngraph.elaborate.scope import Scope
from cnngraph.elaborate.values import BlockLayer
from cnngraph.ir.counts import Field, receptive_fields
from cnngraph.judge import judge
from cnngraph.lint.lint import lint
from cnngraph.syntax import ast
from cnngraph.syntax.read import read_source


@dataclass(frozen=True, eq=False)
class Document:
    """A text read as the file at `path`. Everything is computed when it is first asked for, and never changes."""

    path: Path
    program: Program
    unsaved: Mapping[Path, str]
    within: Path | None = None

    @staticmethod
    def read(path: Path, text: str, unsaved: Mapping[Path, str], within: Path | None = None) -> Document:
        """A text as the file at `path`; `unsaved` are the texts of the open files, `within` is what imports stay in."""
        return Document(path, load_text(text, path.name, path.parent, unsaved, within), unsaved, within)

    def with_text(self, text: str) -> Document:
        """The document that this one would be with another text."""
        return Document.read(self.path, text, self.unsaved, self.within)

    @property
    def source(self) -> Source:
        return self.program.module.span.source

    @property
    def text(self) -> str:
        return self.source.text

    @cached_property
    def lines(self) -> Lines:
        return Lines(self.text)

    @cached_property
    def names(self) -> Names:
        return Names(self.program.module)

    @cached_property
    def observations(self) -> tuple[Observation, ...]:
        """Each net that the file itself defines, as far as it can be read."""
        own = [name for name, item in self.program.definitions.items() if item.kind == "net"]
        return tuple(observe(self.program, name) for name in own if name in self.program.nets)

    @cached_property
    def receptive_fields(self) -> Mapping[str, Mapping[str, Field | None]]:
        """By net, for each of its nodes."""
        return {o.graph.name: receptive_fields(o.graph) for o in self.observations if o.graph is not None}

    @cached_property
    def given(self) -> Mapping[Span, list[tuple[Observation, Given]]]:
        """What each unit of this file gave, in each net and for each use of its body."""
        found: dict[Span, list[tuple[Observation, Given]]] = {}
        for observation in self.observations:
            for given in observation.values:
                if given.span.source is self.source:
                    found.setdefault(given.span, []).append((observation, given))
        return found

    @cached_property
    def findings(self) -> tuple[Diagnostic, ...]:
        """All that is wrong with the file. One that only defines blocks is not wrong for having no net."""
        if self.program.nets:
            return judge(self.program).found
        return tuple(in_order([*self.program.found, *_blocks(self.program), *lint(self.program)]))

    def block(self, name: str) -> ast.Definition | None:
        """The block or net that a name of the file means, here or in the file that it is imported from."""
        layer, _ = self.program.scope.names.get(name, (None, None))
        return layer.definition if isinstance(layer, BlockLayer) else None

    def path_of(self, source: Source) -> Path:
        """Where a file of this program stands."""
        return self.program.files[source.name].path


def _blocks(program: Program) -> list[Diagnostic]:
    """What is wrong in the blocks of a file without nets: beside a net of nothing, all of them are unused."""
    here = program.module.span
    nothing = ast.Definition(here, "net", ast.Name(here, "_"), (), (), ast.Body(here, ()), None)
    return others(program, Elaborated(nothing, Frame(new_session(), Scope(program.scope)), [], ()))


class Workspace:
    """The texts of the open files, and the documents that were read from them.

    A change of any text forgets all documents, for each may import the others. Not for threads that write at once: one
    thread opens, changes and closes; any may read, and sees the texts as they were when it asked.
    """

    def __init__(self) -> None:
        self._texts: Mapping[Path, str] = MappingProxyType({})
        self._documents: dict[Path, Document] = {}

    def write(self, path: Path, text: str) -> None:
        """The present text of an open file."""
        self._texts = MappingProxyType({**self._texts, path: text.removeprefix(BYTE_ORDER_MARK)})
        self.forget()

    def close(self, path: Path) -> None:
        """From now on the file is what the disk has."""
        self._texts = MappingProxyType({other: text for other, text in self._texts.items() if other != path})
        self.forget()

    def forget(self) -> None:
        """Something changed, here or on the disk."""
        self._documents = {}

    @property
    def open(self) -> tuple[Path, ...]:
        return tuple(self._texts)

    def document(self, path: Path) -> Document | None:
        """The file as it is now; None where it is neither open nor on the disk."""
        documents, texts = self._documents, self._texts
        if path not in documents:
            text = texts.get(path)
            if text is None:
                try:
                    text = read_source(path, path.name).text
                except CnnGraphError:
                    return None
            documents[path] = Document.read(path, text, texts)
        return documents[path]
