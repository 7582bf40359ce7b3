"""The cell of a scan as equations: `let c2 = sigmoid(f) * c + sigmoid(i) * tanh(g)`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from cnngraph.interop.flat.names import words_of_a_file
from cnngraph.interop.flat.words import literal
from cnngraph.interop.readable.naming import numbered
from cnngraph.interop.readable.text import Writer
from cnngraph.interop.readable.web import Step, Value, Web
from cnngraph.ir.registry import registry

PIPE, SUM, PRODUCT, ATOM = range(4)
"""How tightly the parts of a text hold together."""

SIGNS = {"add": ("+", SUM), "mul": ("*", PRODUCT)}
PARTS = "abcdefgh"


@dataclass(frozen=True)
class Term:
    """The text of a value; where that is something with the other sign, also the text of it."""

    text: str
    binds: int = ATOM
    negated: str = ""

    def within(self, binds: int) -> str:
        return self.text if self.binds >= binds else f"({self.text})"


@dataclass
class Equations:
    """Writes a body line by line; the values of the graph keep their order. `inputs` are the names of its inputs."""

    web: Web
    inputs: Sequence[str]
    terms: dict[Value, Term] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.readers = self.web.users()
        self.uses = Counter(value for step in self.web.steps for value in step.operands)
        self.uses.update(self.web.results.values())

    def lines(self) -> Iterator[str]:
        """A `let` for each value that is read several times, or by something that no equation is; then the results."""
        names = {value: f"{name}2" for name, value in self.web.results.items()}
        taken = {*words_of_a_file(), *self.inputs, *names.values()}
        inputs = iter(self.inputs)
        for i, step in enumerate(self.web.steps):
            value = Value(i)
            if step.layer is None:
                self.terms[value] = Term(next(inputs))
            elif step.count > 1:
                parts = [numbered(PARTS[k % len(PARTS)], taken) if k in step.types else "_" for k in range(step.count)]
                self.terms |= {Value(i, k): Term(name) for k, name in enumerate(parts)}
                yield f"let {', '.join(parts)} = {self._term(step).text}"
            else:
                self.terms[value] = self._term(step)
                if not self._is_part(value):
                    name = names.get(value) or numbered("y", taken)
                    yield f"let {name} = {self.terms[value].text}"
                    self.terms[value] = Term(name)
        yield f"return {', '.join(self.terms[value].text for value in self.web.results.values())}"

    def _is_part(self, value: Value) -> bool:
        """Whether a value is written where it is read."""
        readers = self.readers[value.step]
        if self.uses[value] != 1 or not readers:
            return False
        return self.terms[value].binds > PIPE or len(self.web.steps[readers[0]].operands) == 1

    def _term(self, step: Step) -> Term:
        assert step.layer is not None
        layer, read = step.layer, [self.terms[value] for value in step.operands]
        values = dict(layer.leaves)
        if layer.word in SIGNS and len(read) == 2:
            sign, binds = SIGNS[layer.word]
            if layer.word == "add" and read[1].negated:
                return Term(f"{read[0].within(SUM)} - {read[1].negated}", SUM)
            return Term(f"{read[0].within(binds)} {sign} {read[1].within(binds + 1)}", binds)
        if layer.word == "shift" and read[0].binds > PIPE:
            if read[0].negated:
                return Term(f"{literal(values['amount'])} - {read[0].negated}", SUM)
            sign = "-" if values["amount"] < 0 else "+"
            return Term(f"{read[0].text} {sign} {literal(abs(values['amount']))}", SUM)
        if layer.word == "scale" and read[0].binds > PIPE:
            if values["factor"] == -1.0:
                return Term(f"-{read[0].within(ATOM)}", PRODUCT, read[0].within(PRODUCT))
            return Term(f"{literal(values['factor'])} * {read[0].within(ATOM)}", PRODUCT)
        if len(read) > 1:
            named = replace(layer, tensors=tuple(term.text for term in read[1:]))
            return Term(Writer({term.text: term.text for term in read}, {}).unit(named, read[0].text))
        op = registry().get(layer.word)
        if op is not None and op.pointwise and not layer.leaves and read[0].binds > PIPE:
            return Term(f"{layer.word}({read[0].text})")
        return Term(f"{read[0].text} -> {Writer({}, {}).unit(layer)}", PIPE)
