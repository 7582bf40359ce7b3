"""The whole file: imports, sections, blocks, the net with what it checks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from cnngraph.interop.flat.cells import Cells
from cnngraph.interop.flat.expand import facts_of
from cnngraph.interop.flat.names import free, legal, words_of_a_file
from cnngraph.interop.flat.words import grouped
from cnngraph.interop.readable.attention import CALLS as ATTENTION
from cnngraph.interop.readable.attention import FILE as ATTENTION_FILE
from cnngraph.interop.readable.attention import with_attention
from cnngraph.interop.readable.blocks import Block, Press
from cnngraph.interop.readable.changes import chains
from cnngraph.interop.readable.hints import labels_of
from cnngraph.interop.readable.layer_text import REQUIRED, Parameter, value_text
from cnngraph.interop.readable.naming import names_of, numbered
from cnngraph.interop.readable.recurrent import FILE as RECURRENT
from cnngraph.interop.readable.recurrent import STANDARD, blocks_of, recurrences
from cnngraph.interop.readable.standard import CALLS, FILES, file_of, with_idioms, with_stages
from cnngraph.interop.readable.terms import IT, Body, Key, Knot, Lanes, Layer, Line, Said, Unit, Units
from cnngraph.interop.readable.text import Writer, statements
from cnngraph.interop.readable.titles import title_of
from cnngraph.interop.readable.weave import Woven
from cnngraph.ir import counts
from cnngraph.ir.graph import Graph
from cnngraph.syntax.format import formatted
from cnngraph.syntax.format_breaks import WIDTH


@dataclass
class File:
    """The text of a graph that has been woven; `towers` are its shared layers."""

    graph: Graph
    woven: Woven
    towers: Mapping[str, Woven]
    taken: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.cells = Cells.of(self.graph)
        self.recurrences = recurrences(self.graph, self.cells)
        inputs = (node.name for node in self.graph.inputs)
        own = {*self.graph.symbols, *self.cells.names, self.graph.name}
        self.taken = {*words_of_a_file(), *own, *STANDARD, *ATTENTION, "stage"}
        self.inputs = {f"{i}.0": free(name, self.taken) for i, name in enumerate(inputs)}
        self.results = dict(self._results())
        self.shared = {word: numbered("tower", self.taken) for word in self.towers}
        bodies = [with_attention(made.body) for made in (self.woven, *self.towers.values())]
        self.press = Press(bodies, self._title, {**CALLS, **ATTENTION})
        found = [with_idioms(units) for body in bodies for units, _ in chains(body)]
        often = Counter(unit.word for units in found for unit in units if isinstance(unit, Layer))
        usual = frozenset(word for word in FILES if often[word] > 1)
        self.taken |= usual
        self.press.change(lambda units: with_idioms(units, usual))
        self.press.press()
        self._stages()
        blocks = self.press.blocks.items()
        self.blocks = {name: formatted("\n".join(self._block(block)), name) for name, block in blocks}
        self.standard = {name: file for name, text in self.blocks.items() if (file := file_of(text))}

    def _results(self) -> Iterator[tuple[Key, str]]:
        seen = set(self.inputs)
        for name, key in self.woven.results.items():
            if key not in seen and legal(name) == name and name not in self.taken:
                seen.add(key)
                yield key, free(name, self.taken)

    def _title(self, units: Units) -> str:
        return numbered(title_of(units), self.taken)

    def lines(self, about: Mapping[str, str]) -> Iterator[str]:
        body, *towers = self.press.bodies
        yield "cnn 1"
        yield from self._imports()
        yield from about_section(about)
        yield from blocks_of(self.cells, self.recurrences)
        for name, text in self.blocks.items():
            if name not in self.standard:
                yield ""
                yield text
        yield ""
        if "title" in about:
            yield f"## {' '.join(about['title'].split())}"
        yield f"{self._head()} {{"
        for name, tower in zip(self.shared.values(), towers, strict=True):
            writer = self._writer(self._names(tower, {}, self.taken))
            yield f"shared {name} = {writer.layer_of(tower)}"
        labels, keys = self._labels(body)
        names = self._names(body, self.inputs | self.results | keys, self.taken)
        yield from replace(self._writer(names), with_rows=True, labels=labels).lines(body)
        yield from self._return(body, names)
        yield from self._checks()
        yield "}"

    def _imports(self) -> Iterator[str]:
        used = Counter(
            word
            for body in (*self.press.bodies, *(Body((Line(block.units),)) for block in self._own()))
            for units, _ in chains(body)
            for unit in units
            for word in _words(unit)
        )
        cells = [found.standard for found in self.recurrences.values() if found.standard]
        used.update(cells)
        known = {**FILES, **dict.fromkeys(ATTENTION, ATTENTION_FILE), **dict.fromkeys(cells, RECURRENT)}
        found = {word: file for word, file in known.items() if word not in self.blocks} | self.standard
        by_file: dict[str, list[str]] = {}
        for word, file in found.items():
            if used[word]:
                by_file.setdefault(file, []).append(word)
        for file, words in sorted(by_file.items()):
            yield f'import {", ".join(sorted(words))} from "{file}"'

    def _labels(self, body: Body) -> tuple[dict[int, str], dict[Key, str]]:
        """Labels of lines, by the identity of their first unit, and those of values that need a name anyway."""
        parts = [(line, part) for line in body.lines if line.moves for part in statements(line.units)]
        labels: dict[int, str] = {}
        keys: dict[Key, str] = {}
        last = body.lines[-1].units[-1] if body.lines and body.lines[-1].units else None
        for i, label in labels_of([part for _, part in parts], self.taken).items():
            line, part = parts[i]
            is_last = line.units[-1] is part[-1]
            if is_last and line.keys and line.keys[0] not in self.results:
                keys[line.keys[0]] = label
            elif part[-1] is not last and not (is_last and line.keys) and not isinstance(part[0], Knot):
                labels[id(part[0])] = label
        self.taken |= {*labels.values(), *keys.values()}
        return labels, keys

    def _own(self) -> Iterator[Block]:
        """The blocks that stand in this file."""
        yield from (block for name, block in self.press.blocks.items() if name not in self.standard)

    def _stages(self) -> None:
        """`stage(unit, c, n)` of the standard library, if it says several rows."""
        strided = {
            name for name, block in self.press.blocks.items()
            if len(block.parameters) == 2 and block.parameters[1].name == "stride"
        }  # fmt: skip
        before = self.press.bodies
        self.press.change(lambda units: with_stages(units, strided))
        found = [unit for body in self.press.bodies for units, _ in chains(body) for unit in units]
        if sum(isinstance(unit, Layer) and unit.word == "stage" for unit in found) < 2:
            self.press.bodies = before

    def _block(self, block: Block) -> Iterator[str]:
        taken = {*self.taken, *(parameter.name for parameter in block.parameters)}
        inputs = {IT: "x"} if block.outer else {}
        taken |= set(inputs.values())
        outer: dict[Key, str] = {key: numbered("other", taken) for key in block.outer}
        body = Body((Line(block.units, "x" if block.outer else IT),))
        names = self._names(body, {**outer, "x": "x"} if block.outer else {}, taken)
        tensors = [f"{name}: tensor" for name in ([names["x"]] if block.outer else []) + list(outer.values())]
        is_laid = any(parameter.is_laid for parameter in block.parameters)  # the window has its stride in it
        shown = [p for p in block.parameters if not (is_laid and p.name == "stride")]
        listed = ", ".join([*tensors, *map(_declared, shown)])
        writer = self._writer(names)
        head = f"block {block.name}({listed})" if listed else f"block {block.name}"
        short = "" if block.channels else writer.short(body)
        if short:
            yield f"{head} = {short}"
        else:
            yield f"{head} {{"
            if block.channels:
                yield f"let {block.channels} = it.c"
            yield from writer.lines(body)
            yield "}"

    def _head(self) -> str:
        inputs = ", ".join(f"{self.inputs[f'{i}.0']}: {node.type}" for i, node in enumerate(self.graph.inputs))
        facts = facts_of(self.graph)
        return f"net {self.graph.name}({inputs})" + (f" where {', '.join(facts)}" if facts else "")

    def _writer(self, names: Mapping[Key, str]) -> Writer:
        scans = {key: recurrence.call for key, recurrence in self.recurrences.items()}
        return Writer(names, self.press.calls, scans, self.shared)

    def _names(self, body: Body, known: Mapping[Key, str], taken: set[str]) -> dict[Key, str]:
        return names_of(body, known, taken, {key: found.states for key, found in self.recurrences.items()})

    def _return(self, body: Body, names: Mapping[Key, str]) -> Iterator[str]:
        listed = [(name, names.get(key, IT)) for name, key in self.woven.results.items()]
        last = body.lines[-1] if body.lines else None
        if last is not None and any(_is_fork(unit) for unit in last.units):
            return
        alone = len(listed) == 1 and last is not None and last.moves
        if not alone or listed[0][0] != names.get(self.woven.results[listed[0][0]], "output"):
            yield "return " + ", ".join(shown if shown == name else f"{name} = {shown}" for name, shown in listed)

    def _checks(self) -> Iterator[str]:
        params = counts.parameters(self.graph)
        yield ""
        if isinstance(params, int):
            yield f"check params == {grouped(params)}"
        yield f"check depth == {counts.depth(self.graph)}"


def _is_fork(unit: Unit) -> bool:
    return isinstance(unit, Lanes) and unit.word == "fork"


def about_section(about: Mapping[str, str]) -> Iterator[str]:
    if about:
        yield ""
        entries = [f"{key}: {string(value)}" for key, value in about.items()]
        short = f"about {{ {'; '.join(entries)} }}"
        yield from [short] if len(short) <= WIDTH else ["about {", *entries, "}"]


def string(text: str) -> str:
    """A text in quotes."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{"".join(sign for sign in escaped if sign.isprintable())}"'


def _declared(parameter: Parameter) -> str:
    return parameter.name if parameter.default is REQUIRED else f"{parameter.name} = {value_text(parameter.default)}"





def _words(unit: Unit) -> Iterator[str]:
    """The blocks that a unit names: its own word, and one that it gives to another."""
    if isinstance(unit, Layer):
        yield unit.word
        yield from (value.text for key, value in unit.leaves if key == "unit" and isinstance(value, Said))
