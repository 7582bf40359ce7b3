"""The lines of a `forward`: values get names, and what is read once stands where it is read.

    h = self.conv1(x)
    return F.relu(self.branch(h) + self.shortcut(h))
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from cnngraph.interop.pytorch_source.form import Binding, Form
from cnngraph.interop.pytorch_source.naming import free, word
from cnngraph.interop.pytorch_source.parts import Block, Line

MANY = 3  # values of one statement, from which on each has a name of its own
LONGEST = 84  # characters of an expression, before it is cut into several lines
LONGEST_ROW = 60  # with its shape behind it


@dataclass(frozen=True)
class Written:
    """An expression, with how tightly it holds together."""

    text: str
    binding: Binding = Binding.CALL

    def within(self, form: Form) -> str:
        return f"({self.text})" if self.binding > form.takes else self.text


@dataclass(frozen=True)
class Statement:
    """A line of the source, and the shape of what it gives."""

    text: str
    shape: str = ""


@dataclass
class Forward:
    """Writes the lines of one block. `arguments` are the texts of the numbers of each line."""

    block: Block
    inputs: Sequence[str]
    arguments: Sequence[Sequence[str | None]]
    whole: bool = False
    named: Mapping[str, str] = field(default_factory=dict)  # results that have a name outside
    values: dict[str, Written] = field(default_factory=dict)
    places: list[int] = field(default_factory=list)  # of each line: where it is written, itself or its last reader
    following: list[int] = field(default_factory=list)  # of each line: the next one that is a statement
    wide: set[int] = field(default_factory=set)  # statements that read many values

    def statements(self) -> Iterator[Statement]:
        lines, block = self.block.lines, self.block
        self._place()
        self.values = {name: Written(text) for name, text in zip(block.inputs, self.inputs, strict=True)}
        variables = dict(zip(self.inputs, block.inputs, strict=True))  # what each variable holds
        for place, line in enumerate(lines):
            expression = self._expression(line, self.arguments[place])
            if self.places[place] != place:
                self.values[line.results[0]] = expression
                continue
            if line.results == block.results and not line.loop and place == len(lines) - 1:
                yield Statement(f"return {expression.text}", line.shape)
                return
            names = self._targets(place, variables)
            if line.loop:
                yield from self._loop(line, names[0])
            for value, name in zip(line.results, names, strict=True):
                if value != "_":
                    self.values[value] = Written(name)
                    variables[name] = value
            if not line.loop:
                yield Statement(f"{_pattern(line, names)} = {expression.text}", line.shape)
        yield Statement(f"return {', '.join(self.values[name].text for name in block.results)}")

    def _loop(self, line: Line, name: str) -> Iterator[Statement]:
        """The same layers one after another, each with the same further operands."""
        first, *others = (self.values[operand].text for operand in line.operands)
        if first != name:
            yield Statement(f"{name} = {first}")
        yield Statement(f"for {line.loop} in self.{line.attribute}:")
        yield Statement(f"    {name} = {line.loop}({', '.join([name, *others])})", line.shape)

    def _place(self) -> None:
        """Decide which lines stand where their results are read, as if all variables had short names."""
        lines = self.block.lines
        self.values = {name: Written("value") for line in lines for name in (*line.operands, *line.results)}
        reader_of = [self._reader(place) for place in range(len(lines))]
        maker = {name: i for i, line in enumerate(lines) for name in line.results}
        self.places = list(range(len(lines)))
        texts: list[Written] = []
        for place, line in enumerate(lines):
            makers = {maker[name] for name in line.operands if name in maker}
            inner = sorted(i for i in makers if reader_of[i] == place)
            before = {lines[i].results[0]: self.values[lines[i].results[0]] for i in inner}
            self.values.update({lines[i].results[0]: texts[i] for i in inner})
            texts.append(self._expression(line, self.arguments[place]))
            while inner and not self._fits([lines[i] for i in inner], line, texts[place]):
                first, *rest = inner  # what is read last may stand there alone
                left = [first] if len(line.operands) < MANY else inner
                self.values.update((lines[i].results[0], before[lines[i].results[0]]) for i in left)
                texts[place] = self._expression(line, self.arguments[place])
                inner = rest if len(line.operands) < MANY else []
            for i in inner:
                self.places[i] = place
        for place in reversed(range(len(lines))):
            self.places[place] = self.places[self.places[place]]
        self._survey()

    @cached_property
    def _readers(self) -> Mapping[str, list[int]]:
        """The lines that read each value, once for each time."""
        found: dict[str, list[int]] = {}
        for place, line in enumerate(self.block.lines):
            for name in line.operands:
                found.setdefault(name, []).append(place)
        return found

    def _survey(self) -> None:
        """What each statement reads, with all that is written into it, and which statement comes after each line."""
        last = len(self.block.lines)
        self.following = [last] * last
        read: dict[int, set[str]] = {}
        made: dict[int, set[str]] = {}
        for place in reversed(range(last)):
            if place + 1 < last:
                is_statement = self.places[place + 1] == place + 1
                self.following[place] = place + 1 if is_statement else self.following[place + 1]
            line = self.block.lines[place]
            read.setdefault(self.places[place], set()).update(line.operands)
            made.setdefault(self.places[place], set()).update(line.results)
        self.wide = {place for place in read if len(read[place] - made[place]) >= MANY}

    def _expression(self, line: Line, arguments: Sequence[str | None]) -> Written:
        form = line.form
        if line.attribute and not line.loop:
            form = Form(form.template.replace("{self}", f"self.{line.attribute}"), form.arguments)
        operands = [self.values[name].within(form) for name in line.operands]
        if form.template == "{0} + {1}" and operands[1].isidentifier() and not operands[0].isidentifier():
            operands.reverse()  # x + self.branch(x), as people write it
        return Written(form.text(operands, arguments), form.binding)

    def _reader(self, place: int) -> int | None:
        """The only line that reads the result of a line."""
        results = self.block.lines[place].results
        if len(results) != 1 or results[0] in self.block.results:
            return None
        reads = self._readers.get(results[0], [])
        return reads[0] if len(reads) == 1 else None

    def _fits(self, inner: Sequence[Line], reader: Line, expression: Written) -> bool:
        """Whether a line is short with all that it alone reads; in the whole network, all of one line of the file."""
        if reader.loop or any(line.loop for line in inner):
            return False
        if self.whole and any(line.row != reader.row for line in inner):
            return False
        if reader.attribute and any(line.attribute for line in inner):
            return len(expression.text) <= LONGEST // 2 and expression.text.count("self.") <= 2 and not self.whole
        return len(expression.text) <= (LONGEST_ROW if self.whole else LONGEST)

    # ---- names ----

    def _reads(self, value: str) -> list[int]:
        """Where a value is read, as places of written lines; behind all lines for a result."""
        places = [self.places[i] for i in self._readers.get(value, [])]
        return [*places, *([len(self.block.lines)] if value in self.block.results else [])]

    def _targets(self, place: int, variables: dict[str, str]) -> list[str]:
        line = self.block.lines[place]
        names: list[str] = []
        for value in line.results:
            names.append("_" if value == "_" else self._variable(place, value, line, variables, names))
        return names

    def _variable(self, place: int, value: str, line: Line, variables: dict[str, str], others: list[str]) -> str:
        """`x` for a value that only the next statement reads, if nothing else needs it; else a name of its own."""
        wanted = self.named.get(value) or (line.name if len(line.results) == 1 else word(value.rpartition(".")[2]))
        if len(line.results) == 1 and value not in self.named:
            held = variables.get("x")
            following = self.following[place]
            is_next = all(read == following for read in self._reads(value)) and following not in self.wide
            if is_next and (held is None or not self._is_read_after(place, held)):
                return "x"
        if wanted in variables and not self._is_read_after(place, variables[wanted]) and wanted not in others:
            return wanted
        return free(wanted, {*variables, *others, "x"})

    def _is_read_after(self, place: int, value: str) -> bool:
        return any(read > place for read in self._reads(value))


def _pattern(line: Line, names: Sequence[str]) -> str:
    if not line.pattern:
        return ", ".join(names)
    found = line.pattern
    for place, name in enumerate(names):
        found = found.replace(f"{{{place}}}", name)
    return found.replace("(_, _)", "_")
