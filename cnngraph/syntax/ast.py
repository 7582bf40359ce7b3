"""The typed tree of a `.cnn` file. Every node is frozen and has a span; no node knows an operator or a type rule.

The names follow the grammar: a `Module` holds items; a `Body` holds statements; a `Flow` is one line, a `Pipe` of units
joined by arrows; a unit is an expression or one of the brace forms, with an optional `[shape]` after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from cnngraph.diagnostics import Span


@dataclass(frozen=True)
class Located:
    """Anything that stands in the text."""

    span: Span


# ---- expressions ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Name(Located):
    text: str


@dataclass(frozen=True)
class Int(Located):
    value: int


@dataclass(frozen=True)
class Float(Located):
    value: float


@dataclass(frozen=True)
class Bool(Located):
    value: bool


@dataclass(frozen=True)
class String(Located):
    value: str


@dataclass(frozen=True)
class Dims(Located):
    """`3x3`, `HxW`: each part a number or the name of a size."""

    parts: tuple[int | str, ...]


@dataclass(frozen=True)
class Binary(Located):
    """`left operator right`; operator is one of `+ - * / % @ .. == != < <= > >= and or`."""

    operator: str
    left: Expr
    right: Expr


@dataclass(frozen=True)
class Unary(Located):
    """`-x` or `not x`."""

    operator: str
    operand: Expr


@dataclass(frozen=True)
class Choose(Located):
    """`then if condition else otherwise`."""

    then: Expr
    condition: Expr
    otherwise: Expr


@dataclass(frozen=True)
class Attribute(Located):
    """`it.c`."""

    value: Expr
    name: str


@dataclass(frozen=True)
class Argument(Located):
    name: str | None
    value: Expr


@dataclass(frozen=True)
class Call(Located):
    function: Expr
    arguments: tuple[Argument, ...]


@dataclass(frozen=True)
class Group(Located):
    """`(a -> b)`, or an expression in parentheses (a pipe of one unit)."""

    pipe: Pipe


@dataclass(frozen=True)
class Tuple(Located):
    items: tuple[Expr, ...]


@dataclass(frozen=True)
class List(Located):
    items: tuple[Expr, ...]


Expr: TypeAlias = (
    Name | Int | Float | Bool | String | Dims | Binary | Unary | Choose | Attribute | Call | Group | Tuple | List
)

# ---- units: what stands between arrows ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Each(Located):
    """`for k in [3, 4, 5]:` at the head of a lane."""

    names: tuple[Name, ...]
    values: Expr


@dataclass(frozen=True)
class Lane(Located):
    each: Each | None
    statements: tuple[Statement, ...]


@dataclass(frozen=True)
class Merge(Located):
    """`concat { | ... | ... }`; `head` is the expression before the brace."""

    head: Expr
    lanes: tuple[Lane, ...]


@dataclass(frozen=True)
class Residual(Located):
    """`residual { ... } project layer`; `word` is the span of the word itself."""

    body: Body
    project: Expr | None
    word: Span


@dataclass(frozen=True)
class Repeat(Located):
    count: Expr
    body: Body


@dataclass(frozen=True)
class For(Located):
    names: tuple[Name, ...]
    values: Expr
    body: Body


@dataclass(frozen=True)
class If(Located):
    condition: Expr
    then: Body
    otherwise: Body | If | None


@dataclass(frozen=True)
class Region(Located):
    """`on gpu0 { ... }`."""

    device: str
    body: Body


UnitHead: TypeAlias = Expr | Merge | Residual | Repeat | For | If | Region


@dataclass(frozen=True)
class Unit(Located):
    """One step of a pipe, and the shape that the right column states after it."""

    head: UnitHead
    shape: Expr | None


@dataclass(frozen=True)
class Pipe(Located):
    units: tuple[Unit, ...]
    device: str | None


# ---- statements ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Flow(Located):
    """One line: `label: pipe`."""

    label: Name | None
    pipe: Pipe


@dataclass(frozen=True)
class Let(Located):
    names: tuple[Name, ...]
    pipe: Pipe


@dataclass(frozen=True)
class Shared(Located):
    name: Name
    pipe: Pipe


@dataclass(frozen=True)
class Result(Located):
    name: Name | None
    pipe: Pipe


@dataclass(frozen=True)
class Return(Located):
    results: tuple[Result, ...]


@dataclass(frozen=True)
class Check(Located):
    condition: Expr


@dataclass(frozen=True)
class Broken(Located):
    """A stretch that did not parse; its error has been reported."""


Statement: TypeAlias = Flow | Let | Shared | Return | Check | Broken


@dataclass(frozen=True)
class Body(Located):
    statements: tuple[Statement, ...]


# ---- items --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Version(Located):
    number: int


@dataclass(frozen=True)
class ImportName(Located):
    name: str
    alias: str | None


@dataclass(frozen=True)
class Import(Located):
    names: tuple[ImportName, ...]
    path: String


@dataclass(frozen=True)
class Parameter(Located):
    name: Name
    type: Expr | None
    default: Expr | None


@dataclass(frozen=True)
class Definition(Located):
    """A `net` or a `block`. `body` holds one flow where the text says `= pipe`."""

    kind: str
    name: Name
    parameters: tuple[Parameter, ...]
    where: tuple[Expr, ...]
    body: Body
    documentation: str | None


@dataclass(frozen=True)
class Entry(Located):
    """`key: pipe` in a section."""

    key: Name
    value: Pipe


@dataclass(frozen=True)
class Section(Located):
    """`train lenet5 { ... }`, `about { ... }`; `name` is the word after the kind, if any."""

    kind: Name
    name: Name | None
    entries: tuple[Entry | Section | Broken, ...]


Item: TypeAlias = Version | Import | Definition | Let | Section | Broken


@dataclass(frozen=True)
class Module(Located):
    items: tuple[Item, ...]
