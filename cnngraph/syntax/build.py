"""From the parser's tree to `ast.py`: one method for each rule and alias of the grammar.

The tree is walked from its leaves up, without recursion, so that a hostile file cannot exhaust the stack. What is
nested more deeply than `MAX_DEPTH` becomes `Broken` at its line, so that whoever walks the typed tree may recurse.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from cnngraph.diagnostics import Diagnostic, Label, Source, Span
from cnngraph.syntax import ast
from cnngraph.syntax.literals import Literals
from cnngraph.syntax.tokens import Token

MAX_DEPTH = 250

LINES = frozenset({"flow", "let_", "shared", "return_", "check", "entry", "net", "block", "section"})


class Tree(Protocol):
    """A node of the parser: the rule, its children (trees, tokens, or None for what was left out), and its place."""

    @property
    def data(self) -> Any: ...
    @property
    def children(self) -> list[Any]: ...
    @property
    def meta(self) -> Any: ...
    def iter_subtrees(self) -> Iterable[Any]: ...


@dataclass(frozen=True)
class _TooDeep:
    """Stands for a tree that is nested too deeply, on the way up to its line."""

    span: Span


def build(tree: Tree, source: Source, comments: Sequence[Token]) -> tuple[ast.Module, list[Diagnostic]]:
    """The typed tree of a whole file, and what is wrong with single numbers, strings and depths."""
    builder = _Builder(source, _documentation(source, comments))
    built: dict[int, Any] = {}
    depths: dict[int, int] = {}
    for node in tree.iter_subtrees():
        below = [child for child in node.children if id(child) in built]
        depth = max((depths[id(child)] for child in below), default=0) + 1
        children = [built.get(id(child), child) for child in node.children]
        value = builder.value(node, children, depth)
        built[id(node)] = value
        depths[id(node)] = 0 if isinstance(value, ast.Broken) else depth
    module: ast.Module = built[id(tree)]
    return module, builder.diagnostics


def _documentation(source: Source, comments: Sequence[Token]) -> dict[int, str]:
    """The text of each `##` comment that has a line of its own, by line."""
    found = {}
    for comment in comments:
        line = source.line_at(comment.start_pos)
        if comment.value.startswith("##") and source.line(line).strip().startswith("##"):
            found[line] = comment.value[2:].removeprefix(" ").rstrip()
    return found


class _Builder:
    """The methods are named after rules; each gets the span of its rule and the children, punctuation left out."""

    def __init__(self, source: Source, documentation: dict[int, str]) -> None:
        self.source = source
        self.documentation = documentation
        self.literals = Literals(source)
        self.diagnostics: list[Diagnostic] = self.literals.diagnostics

    def value(self, node: Tree, children: list[Any], depth: int) -> Any:
        rule = str(node.data)
        if rule == "start":
            return ast.Module(Span(self.source, 0, len(self.source.text)), tuple(children))
        span = Span(self.source, node.meta.start_pos, node.meta.end_pos)
        deep = next((child for child in children if isinstance(child, _TooDeep)), None)
        if deep is None and depth > MAX_DEPTH:
            deep = _TooDeep(span)
        if deep is None:
            return getattr(self, rule)(span, *children)
        return self._too_deep(span, deep) if rule in LINES else deep

    def _too_deep(self, span: Span, deep: _TooDeep) -> ast.Broken:
        label = Label(deep.span, f"the tree of this has more than {MAX_DEPTH} levels")
        help_ = "split it with `let`, or with a block"
        self.diagnostics.append(Diagnostic("E0002", "this line is nested too deeply", label, helps=(help_,)))
        return ast.Broken(span)

    def _span(self, token: Token) -> Span:
        return Span(self.source, token.start_pos, token.end_pos)

    def _name(self, token: Token) -> ast.Name:
        return ast.Name(self._span(token), token.value)

    def _maybe(self, token: Token | None) -> ast.Name | None:
        return self._name(token) if token is not None else None

    # ---- items

    def version(self, span: Span, number: Token) -> ast.Version:
        return ast.Version(span, self.literals.whole(number))

    def import_(self, span: Span, *parts: Any) -> ast.Import:
        *names, path = parts
        return ast.Import(span, tuple(names), ast.String(self._span(path), self.literals.string(path)))

    def import_name(self, span: Span, name: Token, alias: Token | None) -> ast.ImportName:
        return ast.ImportName(span, name.value, alias.value if alias is not None else None)

    def net(self, span: Span, *parts: Any) -> ast.Definition:
        return self._definition("net", span, *parts)

    def block(self, span: Span, *parts: Any) -> ast.Definition:
        return self._definition("block", span, *parts)

    def _definition(self, kind: str, span: Span, name: Token, parameters: Any, where: Any, body: Any) -> ast.Definition:
        if isinstance(body, ast.Pipe):
            body = ast.Body(body.span, (ast.Flow(body.span, None, body),))
        return ast.Definition(
            span, kind, self._name(name), parameters or (), where or (), body, self._comment_above(span)
        )

    def _comment_above(self, span: Span) -> str | None:
        first = line = span.line
        if self.source.line(line)[: span.column - 1].strip():
            return None  # it belongs to what begins the line
        while first - 1 in self.documentation:
            first -= 1
        return "\n".join(self.documentation[number] for number in range(first, line)) or None

    def parameters(self, span: Span, *parts: ast.Parameter | None) -> tuple[ast.Parameter, ...]:
        return tuple(part for part in parts if part is not None)

    def parameter(self, span: Span, name: Token, type_: ast.Expr | None, default: ast.Expr | None) -> ast.Parameter:
        return ast.Parameter(span, self._name(name), type_, default)

    def where(self, span: Span, *facts: ast.Expr) -> tuple[ast.Expr, ...]:
        return facts

    def section(self, span: Span, kind: Token, name: Token | None, *entries: Any) -> ast.Section:
        kept = tuple(entry for entry in entries if entry is not None)
        return ast.Section(span, self._name(kind), self._maybe(name), kept)

    def entry(self, span: Span, key: Token, value: ast.Pipe) -> ast.Entry:
        return ast.Entry(span, self._name(key), value)

    def broken(self, span: Span, error: Token) -> ast.Broken:
        return ast.Broken(span)

    # ---- statements

    def body(self, span: Span, *statements: ast.Statement | None) -> ast.Body:
        return ast.Body(span, tuple(statement for statement in statements if statement is not None))

    def flow(self, span: Span, label: Token | None, pipe: ast.Pipe) -> ast.Flow:
        return ast.Flow(span, self._maybe(label), pipe)

    def let_(self, span: Span, names: tuple[ast.Name, ...], pipe: ast.Pipe) -> ast.Let:
        return ast.Let(span, names, pipe)

    def shared(self, span: Span, name: Token, pipe: ast.Pipe) -> ast.Shared:
        return ast.Shared(span, self._name(name), pipe)

    def return_(self, span: Span, *results: ast.Result) -> ast.Return:
        return ast.Return(span, results)

    def result(self, span: Span, name: Token | None, pipe: ast.Pipe) -> ast.Result:
        return ast.Result(span, self._maybe(name), pipe)

    def check(self, span: Span, condition: ast.Expr) -> ast.Check:
        return ast.Check(span, condition)

    def names(self, span: Span, *names: Token) -> tuple[ast.Name, ...]:
        return tuple(self._name(name) for name in names)

    # ---- units

    def pipe(self, span: Span, *parts: Any) -> ast.Pipe:
        *units, device = parts
        return ast.Pipe(span, tuple(units), self._device(device) if device is not None else None)

    def _device(self, token: Token) -> str:
        return self.literals.string(token) if token.type == "STRING" else token.value

    def unit(self, span: Span, head: ast.UnitHead, shape: ast.Expr | None) -> ast.Unit:
        return ast.Unit(span, head, shape)

    def shape(self, span: Span, value: ast.Expr) -> ast.Expr:
        return value

    def merge(self, span: Span, head: ast.Expr, *lanes: ast.Lane) -> ast.Merge:
        return ast.Merge(span, head, lanes)

    def lane(self, span: Span, each: ast.Each | None, *statements: ast.Statement) -> ast.Lane:
        return ast.Lane(span, each, statements)

    def each(self, span: Span, names: tuple[ast.Name, ...], values: ast.Expr) -> ast.Each:
        return ast.Each(span, names, values)

    def residual(self, span: Span, body: ast.Body, project: ast.Expr | None) -> ast.Residual:
        return ast.Residual(span, body, project, Span(self.source, span.start, span.start + len("residual")))

    def repeat(self, span: Span, count: ast.Expr, body: ast.Body) -> ast.Repeat:
        return ast.Repeat(span, count, body)

    def for_(self, span: Span, names: tuple[ast.Name, ...], values: ast.Expr, body: ast.Body) -> ast.For:
        return ast.For(span, names, values, body)

    def if_(self, span: Span, condition: ast.Expr, then: ast.Body, otherwise: ast.Body | ast.If | None) -> ast.If:
        return ast.If(span, condition, then, otherwise)

    def region(self, span: Span, device: Token, body: ast.Body) -> ast.Region:
        return ast.Region(span, self._device(device), body)

    # ---- expressions

    def choose(self, span: Span, then: ast.Expr, condition: ast.Expr, otherwise: ast.Expr) -> ast.Choose:
        return ast.Choose(span, then, condition, otherwise)

    def binary(self, span: Span, left: ast.Expr, operator: Token, right: ast.Expr) -> ast.Binary:
        return ast.Binary(span, operator.value, left, right)

    def unary(self, span: Span, operator: Token, operand: ast.Expr) -> ast.Unary:
        return ast.Unary(span, operator.value, operand)

    def attribute(self, span: Span, value: ast.Expr, name: Token) -> ast.Attribute:
        return ast.Attribute(span, value, name.value)

    def call(self, span: Span, function: ast.Expr, *arguments: ast.Argument | None) -> ast.Call:
        return ast.Call(span, function, tuple(argument for argument in arguments if argument is not None))

    def argument(self, span: Span, name: Token | None, value: ast.Expr) -> ast.Argument:
        return ast.Argument(span, name.value if name is not None else None, value)

    def group(self, span: Span, pipe: ast.Pipe) -> ast.Group:
        return ast.Group(span, pipe)

    def tuple_(self, span: Span, *items: ast.Expr) -> ast.Tuple:
        return ast.Tuple(span, items)

    def list_(self, span: Span, *items: ast.Expr | None) -> ast.List:
        return ast.List(span, tuple(item for item in items if item is not None))

    def name(self, span: Span, token: Token) -> ast.Name:
        return ast.Name(span, token.value)

    def integer(self, span: Span, token: Token) -> ast.Int:
        return ast.Int(span, self.literals.whole(token))

    def decimal(self, span: Span, token: Token) -> ast.Float:
        return ast.Float(span, self.literals.decimal(token))

    def sizes(self, span: Span, token: Token) -> ast.Dims:
        return ast.Dims(span, self.literals.sizes(token))

    def string(self, span: Span, token: Token) -> ast.String:
        return ast.String(span, self.literals.string(token))

    def boolean(self, span: Span, token: Token) -> ast.Bool:
        return ast.Bool(span, token.value == "true")
