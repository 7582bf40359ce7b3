"""The lines of a `forward`: values get names, and what is read once stands where it is read.

    h = self.conv1(x)
    return F.relu(self.branch(h) + self.shortcut(h))
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from cnngraph.interop.pytorch_source.form import Binding, Form
from cnngraph.interop.pytorch_source.modules import Block, Line
from cnngraph.interop.pytorch_source.naming import free, word

LONGEST = 88  # characters of an expression, before it is cut into several lines


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
    values: dict[str, Written] = field(default_factory=dict)

    def statements(self) -> Iterator[Statement]:
        lines, block = self.block.lines, self.block
        self.values = {name: Written(text) for name, text in zip(block.inputs, self.inputs, strict=True)}
        variables = dict(zip(self.inputs, block.inputs, strict=True))  # what each variable holds
        for place, line in enumerate(lines):
            expression = self._expression(line, self.arguments[place])
            reader = self._reader(place)
            if reader is not None and self._fits(line, lines[reader], expression):
                self.values[line.results[0]] = expression
                continue
            if line.results == block.results and place == len(lines) - 1:
                yield Statement(f"return {expression.text}", line.shape)
                return
            names = self._targets(place, variables)
            for value, name in zip(line.results, names, strict=True):
                if value != "_":
                    self.values[value] = Written(name)
                    variables[name] = value
            yield Statement(f"{_pattern(line, names)} = {expression.text}", line.shape)
        yield Statement(f"return {', '.join(self.values[name].text for name in block.results)}")

    def _expression(self, line: Line, arguments: Sequence[str | None]) -> Written:
        form = line.form
        if line.attribute:
            form = Form(form.template.replace("{self}", f"self.{line.attribute}"), form.arguments)
        operands = [self.values[name].within(form) for name in line.operands]
        return Written(form.text(operands, arguments), form.binding)

    def _reads(self, value: str) -> list[int]:
        """The places of the lines that read a value, once for each time; behind all lines for a result."""
        places = [i for i, line in enumerate(self.block.lines) for name in line.operands if name == value]
        return [*places, *([len(self.block.lines)] if value in self.block.results else [])]

    def _reader(self, place: int) -> int | None:
        """The only line that reads the result of a line."""
        results = self.block.lines[place].results
        reads = self._reads(results[0]) if len(results) == 1 else []
        return reads[0] if len(reads) == 1 and reads[0] < len(self.block.lines) else None

    def _fits(self, line: Line, reader: Line, expression: Written) -> bool:
        """Whether an expression stands where it is read: short, and in the whole network on one line of the file."""
        if self.whole and line.row != reader.row:
            return False
        others = [self.values[name].text for name in reader.operands if name in self.values]
        length = len(expression.text) + sum(map(len, others)) + len(reader.form.template) + len(reader.attribute or "")
        nested = expression.text.count("(")
        if reader.attribute and line.attribute and len(reader.operands) == 1:
            return length <= LONGEST // 2 and nested < 2
        return length <= LONGEST

    def _targets(self, place: int, variables: dict[str, str]) -> list[str]:
        line = self.block.lines[place]
        names: list[str] = []
        for value in line.results:
            names.append("_" if value == "_" else self._variable(place, value, line, variables, names))
        return names

    def _variable(self, place: int, value: str, line: Line, variables: dict[str, str], others: list[str]) -> str:
        """`x` for a value that the next lines read up, if what `x` holds is not read any more; else a name of its own."""
        if len(line.results) == 1:
            later = self._reads(value)
            ends = value in self.block.results
            is_next = not ends and all(read <= self._next_statement(place) for read in later)
            held = variables.get("x")
            if is_next and "x" not in others and (held is None or not self._is_read_after(place, held)):
                return "x"
            wanted = line.name
        else:
            wanted = word(value.rpartition(".")[2])
        if wanted in variables and not self._is_read_after(place, variables[wanted]) and wanted not in others:
            return wanted
        return free(wanted, {*variables, *others, "x"})

    def _next_statement(self, place: int) -> int:
        """The next line that is not written into another."""
        for later in range(place + 1, len(self.block.lines)):
            reader = self._reader(later)
            if reader is None or (self.whole and self.block.lines[later].row != self.block.lines[reader].row):
                return later
        return len(self.block.lines)

    def _is_read_after(self, place: int, value: str) -> bool:
        return any(read > place for read in self._reads(value))


def _pattern(line: Line, names: Sequence[str]) -> str:
    if not line.pattern:
        return ", ".join(names)
    found = line.pattern
    for place, name in enumerate(names):
        found = found.replace(f"{{{place}}}", name)
    return found.replace("(_, _)", "_")
