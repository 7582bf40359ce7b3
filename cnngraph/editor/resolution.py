"""The pass that finds what each name means: definitions of the file first, then bodies from top to bottom.

It follows the elaborator without computing anything, so that it works on files that are wrong. What it cannot know
(the arguments of a layer that is itself a parameter) it leaves open.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from cnngraph.diagnostics import Span
from cnngraph.editor.bindings import ArgumentName, Binding, Open, Region
from cnngraph.editor.words import VALUE_ON_THE_LEFT, checked_figures
from cnngraph.elaborate.parameters import capitals, is_tensor_parameter
from cnngraph.syntax import ast

SIZE = re.compile(r"[A-Z][0-9]*")


class Resolution:
    """What the names of a module mean; `check` lines are read last, for they see all of their body."""

    def __init__(self, module: ast.Module) -> None:
        self.file = Region(module.span)
        self.regions = [self.file]
        self.bindings: list[Binding] = []
        self.arguments: list[ArgumentName] = []
        self.open: list[Open] = []
        self._checks: list[tuple[Region, ast.Expr]] = []
        self._bodies: dict[str, Region] = {}
        self._module(module)

    # ---- items ----

    def _module(self, module: ast.Module) -> None:
        for item in module.items:
            match item:
                case ast.Import():
                    for name in item.names:
                        self._import(name)
                case ast.Definition():
                    self._define(self.file, item.name, item.kind, item)
                case ast.Let():
                    for let_name in item.names:
                        self._define(self.file, let_name, "let", item)
        for item in module.items:
            if isinstance(item, ast.Definition):
                self._definition(item)
            elif isinstance(item, ast.Let):
                self._pipe(self.file, item.pipe)
        for section in (item for item in module.items if isinstance(item, ast.Section)):
            self._section(section)
        for argument in self.arguments:
            self._parameter_of(argument)

    def _import(self, name: ast.ImportName) -> None:
        span, shown = name.span, name.alias or name.name
        start = span.end - len(shown) if name.alias else span.start
        place = Span(span.source, start, start + len(shown))
        self._bind(self.file, shown, "import", place, name)

    def _definition(self, item: ast.Definition) -> None:
        region = self._region(item.span, self.file)
        self._bodies.setdefault(item.name.text, region)
        for parameter in item.parameters:
            self._define(region, parameter.name, "parameter", parameter)
        for parameter in item.parameters:
            if parameter.type is not None and is_tensor_parameter(parameter):
                self._sizes(region, parameter.type, parameter)
            if parameter.type is not None and not _is_type(parameter.type):
                self._expr(region, parameter.type)
            if parameter.default is not None:
                self._expr(region, parameter.default)
        self._all(region, item.where)
        self._statements(region, item.body.statements)
        for where, condition in self._checks:
            self._expr(where, condition, frozenset(checked_figures()))
        self._checks.clear()

    def _sizes(self, region: Region, shape: ast.Expr, parameter: ast.Parameter) -> None:
        """The capitals of a shape that nothing else defines are sizes that the input leaves open."""
        wanted = [name for name in dict.fromkeys(capitals(shape)) if region.find(name) is None]
        for match in SIZE.finditer(shape.span.text):
            if match[0] in wanted and match[0] not in region.names:
                self._bind(region, match[0], "size", _within(shape.span, match), parameter)

    def _section(self, section: ast.Section) -> None:
        """In a train section the names of the body of its net are seen, and the names of its results."""
        nets = [b for b in self.file.names.values() if b.kind == "net"]
        binding = self.file.names.get(section.name.text) if section.name else (nets[-1] if nets else None)
        if section.name is not None:
            self._use(self.file, section.name.text, section.name.span)
        body = self._bodies.get(binding.name) if binding else None
        self._entries(self._region(section.span, body or self.file), section)

    def _entries(self, region: Region, section: ast.Section) -> None:
        for entry in section.entries:
            if isinstance(entry, ast.Entry):
                self._pipe(region, entry.value)
            elif isinstance(entry, ast.Section):
                self._entries(region, entry)

    # ---- bodies ----

    def _statements(self, region: Region, statements: Sequence[ast.Statement]) -> None:
        for statement in statements:
            match statement:
                case ast.Flow():
                    if statement.label is not None:
                        self._define(region, statement.label, "label", statement)
                    self._pipe(region, statement.pipe)
                case ast.Let():
                    self._pipe(region, statement.pipe)
                    for name in statement.names:
                        self._define(region, name, "let", statement)
                case ast.Shared():
                    self._pipe(region, statement.pipe)
                    self._define(region, statement.name, "shared", statement)
                case ast.Return():
                    for result in statement.results:
                        self._pipe(region, result.pipe)
                    for result in statement.results:
                        if result.name is not None:
                            self._result(region, result.name, result)
                case ast.Check():
                    self._checks.append((region, statement.condition))

    def _result(self, region: Region, name: ast.Name, result: ast.Result) -> None:
        """`return score = a`: a name for the loss only, and only where the body has no such name."""
        if region.find(name.text) is None:
            self._define(region, name, "result", result)

    def _inner(self, outer: Region, body: ast.Body) -> None:
        self._statements(self._region(body.span, outer), body.statements)

    def _pipe(self, region: Region, pipe: ast.Pipe) -> None:
        for unit in pipe.units:
            self._head(region, unit.head)
            if unit.shape is not None:
                self._expr(region, unit.shape)

    def _head(self, region: Region, head: ast.UnitHead) -> None:
        match head:
            case ast.Merge():
                self._expr(region, head.head)
                for lane in head.lanes:
                    self._lane(region, lane)
            case ast.Residual():
                self._inner(region, head.body)
                self._all(region, [head.project] if head.project else [])
            case ast.Repeat():
                self._expr(region, head.count)
                self._inner(region, head.body)
            case ast.For():
                self._expr(region, head.values)
                inner = self._region(head.span, region)
                for name in head.names:
                    self._define(inner, name, "loop", head)
                self._statements(inner, head.body.statements)
            case ast.If():
                self._expr(region, head.condition)
                self._inner(region, head.then)
                if isinstance(head.otherwise, ast.If):
                    self._head(region, head.otherwise)
                elif head.otherwise is not None:
                    self._inner(region, head.otherwise)
            case ast.Region():
                self._inner(region, head.body)
            case _:
                self._expr(region, head)

    def _lane(self, region: Region, lane: ast.Lane) -> None:
        inner = self._region(lane.span, region)
        if lane.each is not None:
            self._expr(region, lane.each.values)
            for name in lane.each.names:
                self._define(inner, name, "loop", lane)
        self._statements(inner, lane.statements)

    # ---- expressions ----

    def _all(self, region: Region, exprs: Iterable[ast.Expr]) -> None:
        for expr in exprs:
            self._expr(region, expr)

    def _expr(self, region: Region, expr: ast.Expr, words: frozenset[str] = frozenset()) -> None:
        """Use the names of an expression; `words` mean something else in it."""
        match expr:
            case ast.Name(text=text):
                if text not in words:
                    self._use(region, text, expr.span)
            case ast.Dims():
                for match in SIZE.finditer(expr.span.text):
                    self._use(region, match[0], _within(expr.span, match))
            case ast.Call():
                self._expr(region, expr.function, words)
                self._arguments(region, expr, words)
            case ast.Binary():
                self._expr(region, expr.left, words)
                self._expr(region, expr.right, words)
            case ast.Unary():
                self._expr(region, expr.operand, words)
            case ast.Choose():
                for part in (expr.then, expr.condition, expr.otherwise):
                    self._expr(region, part, words)
            case ast.Attribute():
                self._expr(region, expr.value, words)
            case ast.Group():
                self._pipe(region, expr.pipe)
            case ast.Tuple() | ast.List():
                for item in expr.items:
                    self._expr(region, item, words)

    def _arguments(self, region: Region, call: ast.Call, words: frozenset[str]) -> None:
        function = call.function
        while isinstance(function, ast.Call):
            function = function.function
        called = function.text if isinstance(function, ast.Name) else ""
        for argument in call.arguments:
            if argument.name is not None:
                start = argument.span.start
                place = Span(argument.span.source, start, start + len(argument.name))
                self.arguments.append(ArgumentName(place, called, region.find(called)))
            self._expr(region, argument.value, words)

    def _parameter_of(self, argument: ArgumentName) -> None:
        """An argument by name is a use of the parameter, where the block stands in this file."""
        if argument.binding is not None and argument.binding.kind in ("block", "net"):
            parameter = self._bodies[argument.function].names.get(argument.span.text)
            if parameter is not None and parameter.kind == "parameter":
                parameter.uses.append(argument.span)

    # ---- names ----

    def _region(self, span: Span, parent: Region) -> Region:
        region = Region(span, parent)
        self.regions.append(region)
        return region

    def _define(self, region: Region, name: ast.Name, kind: str, item: ast.Located) -> None:
        if name.text != "_":
            self._bind(region, name.text, kind, name.span, item)

    def _bind(self, region: Region, name: str, kind: str, span: Span, item: ast.Located) -> None:
        """A name that is defined twice keeps its first meaning; the second one is a binding that nothing uses."""
        binding = Binding(name, kind, span, item, region)
        self.bindings.append(binding)
        region.names.setdefault(name, binding)

    def _use(self, region: Region, name: str, span: Span) -> None:
        binding = region.find(name)
        if binding is None:
            self.open.append(Open(name, span, region))
        elif span != binding.span and name != VALUE_ON_THE_LEFT:
            binding.uses.append(span)


def _is_type(type_: ast.Expr) -> bool:
    """`int`, `layer`, `tensor`: a word, not a size."""
    return isinstance(type_, ast.Name) and SIZE.fullmatch(type_.text) is None


def _within(span: Span, match: re.Match[str]) -> Span:
    return Span(span.source, span.start + match.start(), span.start + match.end())
