"""Classes as text: each with a docstring that says its shapes, `__init__` and `forward`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cnngraph.interop.pytorch_source.classes import Class, Types, inner_names
from cnngraph.interop.pytorch_source.docs import about_of, shapes_of
from cnngraph.interop.pytorch_source.form import REQUIRED, Argument
from cnngraph.interop.pytorch_source.forward import Forward
from cnngraph.interop.pytorch_source.naming import word
from cnngraph.interop.pytorch_source.numbers import Column, Expression, Parameter, literal
from cnngraph.interop.pytorch_source.parts import Block, Chain, Choice, Leaf, Module
from cnngraph.interop.pytorch_source.wrapping import WIDTH, wrapped

Numbers = Iterator[Expression]


@dataclass(frozen=True)
class Whole:
    """What the class of the whole network has beside: its docstring, and names of its results."""

    about: Sequence[str]
    results: Mapping[str, str]


def class_text(made: Class, types: Types, whole: Whole | None = None) -> str:
    """The source of a class; of the `whole` network each line of `forward` says the shape."""
    return "\n".join(_Writer(made, types, whole).lines())


@dataclass
class _Writer:
    made: Class
    types: Types
    whole: Whole | None

    def lines(self) -> Iterator[str]:
        block = self.made.model
        base = "nn.Module" if block.lines else "nn.Sequential"
        yield f"class {self.made.name}({base}):"
        yield from _docstring(self.whole.about if self.whole else self._about())
        yield ""
        numbers = iter(self.made.expressions)
        yield from wrapped(f"def __init__({self._signature()}) -> None:", 4)
        if not block.lines:
            members = [_module(part, numbers) for part in block.attributes.values()]
            yield from wrapped(f"super().__init__({', '.join(repeated(members))})", 8)
            return
        yield "        super().__init__()"
        attributes = [(name, _attribute(part, numbers)) for name, part in block.attributes.items()]
        inner = list(numbers)
        kept = dict.fromkeys(name for expression in inner for name in expression.names)
        for name in kept:
            yield f"        self.{name} = {name}"
        for name, text in attributes:
            yield from _assigned(name, text)
        yield ""
        yield from self._forward(inner)

    def _about(self) -> list[str]:
        return [*about_of(self.made.model), shapes_of(self.made, self.types)]

    def _signature(self) -> str:
        return ", ".join(["self", *map(_parameter, self.made.parameters)])

    def _forward(self, numbers: list[Expression]) -> Iterator[str]:
        block = self.made.model
        names = inner_names(block) if self.whole is None else [word(name) for name in block.inputs]
        left = iter(numbers)
        arguments = [[_argument(a, next(left), "self.") for a in line.form.arguments] for line in block.lines]
        result = "Tensor" if len(block.results) == 1 else f"tuple[{', '.join(['Tensor'] * len(block.results))}]"
        listed = ", ".join(f"{name}: Tensor" for name in names)
        yield from wrapped(f"def forward(self, {listed}) -> {result}:", 4)
        named = self.whole.results if self.whole else {}
        statements = list(Forward(block, names, arguments, self.whole is not None, named).statements())
        widest = max((len(s.shape) for s in statements), default=0)
        beside = [len(s.text) for s in statements if s.shape and 8 + len(s.text) + 4 + widest <= WIDTH]
        for statement in statements:
            if self.whole is not None and statement.shape and len(statement.text) in beside:
                yield f"        {statement.text:<{max(beside)}}  # {statement.shape}"
            else:
                yield from wrapped(statement.text, 8)


def _docstring(lines: Sequence[str]) -> Iterator[str]:
    if len(lines) == 1 and len(lines[0]) <= WIDTH - 10:
        yield f'    """{lines[0]}"""'
        return
    first, *rest = lines
    yield f'    """{first}'
    yield from (f"    {line}".rstrip() for line in ["", *rest])
    yield '    """'


def _parameter(parameter: Parameter) -> str:
    default = "" if parameter.default is REQUIRED else f" = {literal(parameter.default)}"
    return f"{parameter.name}: {_kind(parameter.values)}{default}"


def _kind(values: Column) -> str:
    kinds = dict.fromkeys(_type_of(value) for value in values if value is not None)
    return " | ".join(sorted(kinds))


def _type_of(value: object) -> str:
    if isinstance(value, tuple):
        return f"tuple[{', '.join(_type_of(part) for part in value)}]"
    return "str" if isinstance(value, str) else type(value).__name__


def _attribute(module: Module, numbers: Numbers) -> tuple[str, str]:
    """What makes a module, and the condition on which it is there; none where it always is."""
    if not isinstance(module, Choice):
        return _module(module, numbers), ""
    condition = next(numbers).text()
    return _module(module.module, numbers), condition


def _assigned(name: str, made: tuple[str, str]) -> Iterator[str]:
    text, condition = made
    if condition:
        yield f"        self.{name} = nn.Identity()"
        yield f"        if {condition}:"
    yield from wrapped(f"self.{name} = {text}", 12 if condition else 8)


def _module(module: Module, numbers: Numbers) -> str:
    """What makes a module."""
    match module:
        case Leaf():
            cell = _module(module.cell, numbers) if module.cell else ""
            arguments = [_argument(argument, next(numbers)) for argument in module.form.arguments]
            return module.form.text([], arguments).replace("{cell}", cell)
        case Chain():
            return _chain(module.name, [_module(part, numbers) for part in module.members])
        case Choice():
            raise AssertionError("only an attribute has a choice")
        case Block(form=None):
            return _chain("nn.Sequential", [_module(part, numbers) for part in module.attributes.values()])
        case Block(form=form):
            assert form is not None
            return form.text([], [_argument(argument, next(numbers)) for argument in form.arguments])


def _chain(name: str, members: Sequence[str]) -> str:
    if name == "nn.Sequential":
        return f"{name}({', '.join(repeated(members))})"
    texts = repeated(members)
    return f"{name}({texts[0].removeprefix('*')})" if len(texts) == 1 else f"{name}([{', '.join(texts)}])"


def _argument(argument: Argument, expression: Expression, before: str = "") -> str | None:
    """The text of an argument; None where it is the default."""
    if argument.default is not REQUIRED and not expression.names and expression.text() == literal(argument.default):
        return None
    return expression.text(before)


FEWEST = 3


def repeated(texts: Sequence[str]) -> list[str]:
    """Equal modules in a row as a repetition, and those of which one number grows evenly.

    >>> repeated(["A(1)", "B(2)", "B(2)", "B(2)"]), repeated(["B(8)", "B(10)", "B(12)"])
    (['A(1)', '*[B(2) for _ in range(3)]'], ['*[B(channels) for channels in range(8, 14, 2)]'])
    """
    found: list[str] = []
    place = 0
    while place < len(texts):
        count, text = _run(texts[place:])
        found.append(text)
        place += count
    return found


def _run(texts: Sequence[str]) -> tuple[int, str]:
    """How many of the first texts are one repetition, and what it says."""
    equal = next((i for i, text in enumerate(texts) if text != texts[0]), len(texts))
    if equal >= FEWEST:
        return equal, f"*[{texts[0]} for _ in range({equal})]"
    count, place, step = _growing(texts)
    if count < FEWEST:
        return 1, texts[0]
    parts = re.split(NUMBER, texts[0])
    start = int(parts[place])
    name = "channels" if "channels" not in texts[0] else "n"
    parts[place] = name
    return count, f"*[{''.join(parts)} for {name} in range({start}, {start + count * step}, {step})]"


NUMBER = r"(?<![\w.])(\d+)(?![\w.])"


def _growing(texts: Sequence[str]) -> tuple[int, int, int]:
    """How many texts differ in one number that grows evenly; where it stands, and by how much it grows."""
    split = [re.split(NUMBER, text) for text in texts]
    if len(split) < FEWEST or len(split[0]) != len(split[1]):
        return 1, 0, 0
    places = [i for i, (a, b) in enumerate(zip(split[0], split[1], strict=True)) if a != b]
    if len(places) != 1 or places[0] % 2 == 0:
        return 1, 0, 0
    (place,) = places
    step = int(split[1][place]) - int(split[0][place])
    count = 1
    for parts in split[1:]:
        expected = [*split[0][:place], str(int(split[0][place]) + count * step), *split[0][place + 1 :]]
        if parts != expected:
            break
        count += 1
    return (count, place, step) if step > 0 else (1, 0, 0)


