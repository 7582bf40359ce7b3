"""Files and their imports: each file is read once, its definitions in a scope of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from pathlib import Path

from cnngraph.diagnostics import CnnGraphError, Diagnostic, Label, Span, Suggestion
from cnngraph.elaborate.about import wrong_entries
from cnngraph.elaborate.frame import Frame
from cnngraph.elaborate.import_path import STANDARD, imported_path
from cnngraph.elaborate.parameters import wrong_types
from cnngraph.elaborate.reading import new_session, read_statement
from cnngraph.elaborate.scope import Scope, words_of_the_language
from cnngraph.elaborate.values import BlockLayer, Problem, Unknown, problem
from cnngraph.spelling import misspelled, nearest
from cnngraph.syntax import ast
from cnngraph.syntax.parse import parse_tolerant
from cnngraph.syntax.read import read_source

NEWEST = 1
MAX_FILES = 200
MAX_ITEMS = 1_000
SECTIONS = ("train", "about")


@dataclass(frozen=True)
class File:
    """One file of a program: where it stands, and the scope of its definitions."""

    path: Path
    scope: Scope


@dataclass(frozen=True)
class Judged:
    """What was found in a definition that the chosen net does not use, and the blocks that were read with it."""

    found: tuple[Diagnostic, ...]
    read: frozenset[int]


@dataclass(frozen=True)
class Program:
    """A file with everything it imports: its tree, the scope of its definitions, and what was found while reading.

    `files` has the file and its imports, by the names that messages show.
    """

    module: ast.Module
    scope: Scope
    found: tuple[Diagnostic, ...]
    files: Mapping[str, File]
    judged: dict[int, Judged] = field(default_factory=dict, compare=False, repr=False)  # definitions, by identity

    @cached_property
    def definitions(self) -> dict[str, ast.Definition]:
        return {d.name.text: d for d in self.module.items if isinstance(d, ast.Definition)}

    @cached_property
    def nets(self) -> dict[str, BlockLayer]:
        """The nets of the file, then those that it imports."""
        layers = {name: value for name, (value, _) in self.scope.names.items() if isinstance(value, BlockLayer)}
        nets = {name: layer for name, layer in layers.items() if layer.definition.kind == "net"}
        return dict(sorted(nets.items(), key=lambda net: net[1].home is not self.scope))

    @cached_property
    def train_sections(self) -> tuple[ast.Section, ...]:
        return tuple(s for s in self.module.items if isinstance(s, ast.Section) and s.kind.text == "train")

    def training_of(self, net: str | None) -> list[ast.Section]:
        """The train sections that concern a net: those that name it, then those that name none."""
        named = [s for s in self.train_sections if s.name is not None and s.name.text == net]
        return [*named, *(s for s in self.train_sections if s.name is None)]


def load_file(path: Path) -> Program:
    """Read a file and its imports. Raises CnnGraphError only where the file itself cannot be read."""
    reader = _Reader(words_of_the_language())
    source = read_source(path, str(path))
    return reader.program(source.text, str(path), path.resolve())


def load_text(
    text: str,
    name: str = "text.cnn",
    folder: Path | None = None,
    unsaved: Mapping[Path, str] | None = None,
    within: Path | None = None,
) -> Program:
    """Read a text as if it were a file in `folder`. The texts in `unsaved` stand for the files at these full paths.

    With `within`, nothing outside of that folder is imported but `std/`.

    >>> program = load_text("block twice = relu -> relu; net n(image: 1@8x8) = twice")
    >>> list(program.definitions), list(program.nets), program.found
    (['twice', 'n'], ['n'], ())
    """
    reader = _Reader(words_of_the_language(), unsaved or {}, within)
    return reader.program(text, name, (folder or Path.cwd()) / name)


def constants(item: ast.Let, scope: Scope) -> list[Diagnostic]:
    """Define the names of a `let` that stands outside of every net: numbers, lists, shapes and layers."""
    session = new_session()
    read_statement(Frame(session, scope), item)
    return session.found


def wrong_sections(module: ast.Module, scope: Scope) -> Iterator[Diagnostic]:
    """Sections of an unknown kind, of no net of the file, or given twice."""
    seen: dict[tuple[str, str], ast.Name] = {}
    for section in (item for item in module.items if isinstance(item, ast.Section)):
        kind, name = section.kind, section.name
        if kind.text not in SECTIONS:
            otherwise = f"the sections are {' and '.join(SECTIONS)}"
            yield misspelled("E0112", f"there is no section `{kind.text}`", kind.span, SECTIONS, otherwise)
        elif name is not None and scope.find(name.text) is None and not scope.incomplete:
            what, otherwise = f"there is no net `{name.text}`", f"define `net {name.text}(...)`, or import it"
            yield misspelled("E0101", what, name.span, scope.names, otherwise, "not defined here")
        elif kind.text == "train":
            key = (kind.text, name.text if name else "")
            if key in seen:
                first = (Label(seen[key].span, "the first one"),)
                label = Label(kind.span, "the second one")
                yield Diagnostic("E0112", f"two sections `{' '.join(key).strip()}`", label, first)
            seen.setdefault(key, kind)
        else:
            yield from wrong_entries(section)


@dataclass
class _Reader:
    words: Scope
    unsaved: Mapping[Path, str] = field(default_factory=dict)
    within: Path | None = None
    files: dict[str, File] = field(default_factory=dict)
    scopes: dict[Path, Scope] = field(default_factory=dict)
    open: list[Path] = field(default_factory=list)
    found: list[Diagnostic] = field(default_factory=list)

    def program(self, text: str, name: str, path: Path) -> Program:
        module, scope = self.read(text, name, path)
        return Program(module, scope, tuple(self.found), self.files)

    def read(self, text: str, name: str, path: Path) -> tuple[ast.Module, Scope]:
        module, found = parse_tolerant(text, name)
        if len(module.items) > MAX_ITEMS:
            module = replace(module, items=module.items[:MAX_ITEMS])
            found = (*found, _too_many_items(module))
        self.found += found
        scope = self.scopes[path] = Scope(self.words, incomplete=bool(found))
        self.files[name] = File(path, scope)
        self.open.append(path)
        # A constant may use what is defined anywhere in the file.
        for item in sorted(module.items, key=lambda item: isinstance(item, ast.Let)):
            try:
                self._define(item, scope, path, Path(name))
            except Problem as p:
                self.found.append(p.diagnostic)
        self.found += wrong_sections(module, scope)
        self.open.pop()
        return module, scope

    def _define(self, item: ast.Item, scope: Scope, path: Path, shown: Path) -> None:
        match item:
            case ast.Definition():
                self.found += wrong_types(item)
                scope.define(item.name.text, BlockLayer(item, scope, (), item.name.span), item.name.span)
            case ast.Let():
                self.found += constants(item, scope)
            case ast.Import():
                self._import(item, scope, path, shown)
            case ast.Version() if item.number != NEWEST:
                raise problem(
                    "E0502", f"this file is written in version {item.number} of the language", item.span,
                    f"this cnngraph knows version {NEWEST}",
                    "install a newer cnngraph" if item.number > NEWEST else f"write `cnn {NEWEST}`",
                )

    def _import(self, item: ast.Import, scope: Scope, path: Path, shown: Path) -> None:
        target = None
        try:
            target = imported_path(item.path, path, self.open[0], self.within)
            other = self._file(item, target, shown)
        except Problem:
            if target == path:
                raise  # the names are those of this very file
            for name in item.names:
                scope.define(name.alias or name.name, Unknown(), name.span)
            raise
        for name in item.names:
            value, _ = other.names.get(name.name, (None, None))
            if value is None and not other.incomplete:
                self.found.append(_not_there(name, item, other))
            try:
                scope.define(name.alias or name.name, Unknown() if value is None else value, name.span)
            except Problem as taken:
                self.found.append(taken.diagnostic)

    def _file(self, item: ast.Import, target: Path, shown: Path) -> Scope:
        text = item.path.value
        if target in self.open:
            raise problem("E0501", f"{text} imports itself, directly or through another file", item.path.span)
        if target in self.scopes:
            return self.scopes[target]
        if len(self.scopes) >= MAX_FILES:
            raise problem("E0501", f"more than {MAX_FILES} files are imported", item.path.span)
        name = text if text.startswith(STANDARD) else str(shown.parent / text)
        if target in self.unsaved:
            return self.read(self.unsaved[target], name, target)[1]
        try:
            source = read_source(target, name)
        except CnnGraphError as error:
            raise Problem(_not_read(error.diagnostics[0], item.path, target)) from error
        return self.read(source.text, name, target)[1]


def _too_many_items(module: ast.Module) -> Diagnostic:
    label = Label(module.items[-1].span, "read up to here")
    message = f"a file has at most {MAX_ITEMS:,} nets, blocks, imports and sections"
    return Diagnostic("E0402", message, label, helps=("split it with `import`",))


def _not_read(found: Diagnostic, path: ast.String, target: Path) -> Diagnostic:
    """The finding about an imported file, with the file of its folder that may have been meant."""
    there = {file.stem for file in islice(target.parent.glob("*.cnn"), MAX_FILES)}
    close = None if found.code != "E0501" or target.stem in there else nearest(target.stem, there, 0.8)
    label = Label(path.span, "imported here")
    if close is None:
        return replace(found, primary=label)
    other = f'"{path.value[: len(path.value) - len(target.name)]}{close}.cnn"'
    return replace(found, primary=label, helps=(f"did you mean {other}?",), suggestion=Suggestion(path.span, other))


def _not_there(name: ast.ImportName, item: ast.Import, other: Scope) -> Diagnostic:
    what, start = f"{item.path.value} does not define `{name.name}`", name.span.start
    span = Span(name.span.source, start, start + len(name.name))
    otherwise = f"it defines {', '.join(sorted(other.names)[:8]) or 'nothing'}"
    return misspelled("E0501", what, span, other.names, otherwise, "not there")
