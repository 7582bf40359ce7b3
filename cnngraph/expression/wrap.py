"""An expression as a program: a pipe that begins with a shape is a net with that input.

    3@227x227 -> conv(96, 11x11/4)        net expression(input: 3@227x227) { input -> conv(96, 11x11/4) }
    a: 3@8x8; b: 5@8x8; concat(a, b)      net expression(a: 3@8x8, b: 5@8x8) { concat(a, b) }

The blocks of the standard library are in sight. All spans lie in the expression itself, so that messages show it alone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TypeVar

from cnngraph.diagnostics import Source, Span
from cnngraph.elaborate.modules import Program, load_file, load_text
from cnngraph.elaborate.parameters import is_capital
from cnngraph.elaborate.values import BlockLayer
from cnngraph.resources import resource
from cnngraph.syntax import ast
from cnngraph.syntax.parse import parse_tolerant
from cnngraph.syntax.tree import uses, walk

T = TypeVar("T")
NET = "expression"
BEFORE, AFTER = f"net {NET}(input: 1) {{ ", "\n}"


@dataclass(frozen=True)
class Wrapped:
    """An expression as a program with one net, and the statements of that net."""

    program: Program
    statements: tuple[ast.Statement, ...] = ()
    inputs: tuple[ast.Parameter, ...] = ()

    @property
    def only(self) -> ast.Expr | None:
        """The expression, where there is no more than one, and no input: a number, or a layer by itself."""
        if self.inputs or len(self.statements) != 1 or not isinstance(self.statements[0], ast.Flow):
            return None
        units = self.statements[0].pipe.units
        return units[0].head if len(units) == 1 and isinstance(units[0].head, ast.Expr) else None


def wrap(text: str) -> Wrapped:
    """Read an expression; what does not parse is in `program.found`.

    >>> wrapped = wrap("3@32x32 -> conv_bn(8, 3x3)")
    >>> print(wrapped.inputs[0].name.text, wrapped.inputs[0].type.span.text, list(wrapped.program.nets))
    input 3@32x32 ['expression']
    """
    module, found = moved(parse_tolerant(f"{BEFORE}{text}{AFTER}", NET), Source(NET, text))
    definition = next((item for item in module.items if isinstance(item, ast.Definition)), None)
    base = load_text(_imports(module), NET)
    program = replace(base, module=module, found=(*base.found, *found))
    if definition is None:
        return Wrapped(program)
    opening = _Opening()
    statements = tuple(opening.opened(definition.body.statements))
    inputs = tuple(opening.inputs)
    definition = replace(definition, parameters=inputs, body=replace(definition.body, statements=statements))
    base.scope.incomplete = bool(found)
    base.scope.names[NET] = (BlockLayer(definition, base.scope, (), definition.name.span), definition.name.span)
    return Wrapped(replace(program, module=replace(module, items=(definition,))), statements, inputs)


def moved(value: T, source: Source) -> T:
    """A tree or findings with all spans in `source`, which was read with `BEFORE` in front of it."""
    if isinstance(value, Span):
        start, end = (min(max(at - len(BEFORE), 0), len(source.text)) for at in (value.start, value.end))
        return Span(source, start, end)  # type: ignore[return-value]
    if isinstance(value, tuple):
        return tuple(moved(item, source) for item in value)  # type: ignore[return-value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        parts = {f.name: moved(getattr(value, f.name), source) for f in dataclasses.fields(value)}
        return dataclasses.replace(value, **parts)
    return value


@dataclass
class _Opening:
    """Turns the shapes that lines begin with into inputs."""

    inputs: list[ast.Parameter] = field(default_factory=list)

    def opened(self, statements: tuple[ast.Statement, ...]) -> Iterator[ast.Statement]:
        for statement in statements:
            if not isinstance(statement, ast.Flow | ast.Let) or not _is_shape(statement.pipe):
                yield statement
                continue
            first, *others = statement.pipe.units
            label = statement.label if isinstance(statement, ast.Flow) else statement.names[0]
            if label is not None and not others:  # `a: 3@8x8` names an input
                self._input(label.text, first)
                continue
            name = self._input("input", first)
            units = (replace(first, head=ast.Name(first.head.span, name)), *others)
            yield replace(statement, pipe=replace(statement.pipe, units=units))

    def _input(self, name: str, unit: ast.Unit) -> str:
        assert isinstance(unit.head, ast.Expr)
        taken = {parameter.name.text for parameter in self.inputs}
        free = next(n for n in (name, *(f"{name}_{i}" for i in range(2, len(taken) + 3))) if n not in taken)
        self.inputs.append(ast.Parameter(unit.span, ast.Name(unit.head.span, free), unit.head, None))
        return free


def _is_shape(pipe: ast.Pipe) -> bool:
    """Whether a pipe begins with a shape; a number is one if something follows it: `4096 -> dense(10)`."""
    head = pipe.units[0].head
    match head:
        case ast.Binary(operator="@") | ast.Call(function=ast.Name(text="ids")):
            return True
    return len(pipe.units) > 1 and _is_number(head)


def _is_number(expr: ast.UnitHead) -> bool:
    match expr:
        case ast.Int():
            return True
        case ast.Name(text=text):
            return is_capital(text)
        case ast.Binary(operator="+" | "-" | "*" | "/", left=left, right=right):
            return _is_number(left) and _is_number(right)
    return False


def _imports(tree: ast.Module) -> str:
    """Import lines for the blocks of the standard library that a tree names and does not define itself."""
    own = {node.label.text for node in walk(tree) if isinstance(node, ast.Flow) and node.label}
    own |= {name.text for node in walk(tree) if isinstance(node, ast.Let) for name in node.names}
    wanted = sorted((uses(tree).keys() - own) & standard_blocks().keys())
    return "\n".join(f'import {name} from "std/{standard_blocks()[name]}"' for name in wanted)


@cache
def standard_blocks() -> Mapping[str, str]:
    """The file of each block of the standard library; of two blocks with one name, the one in the first file."""
    found: dict[str, str] = {}
    for file in sorted(resource("specs", "blocks").glob("*.cnn")):
        for name in load_file(file).definitions:
            found.setdefault(name, file.name)
    return found
