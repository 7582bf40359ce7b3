"""The entries of a train section, or of a step in it: keys against a schema, values one by one."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from math import isfinite
from typing import TypeVar

from cnngraph.diagnostics import Diagnostic, Label, Span
from cnngraph.elaborate.arguments import configure, match, signature_of
from cnngraph.elaborate.elaborate import Elaborated, named_results
from cnngraph.elaborate.expressions import value_of
from cnngraph.elaborate.numbers import is_number
from cnngraph.elaborate.scope import Scope
from cnngraph.elaborate.training_spec import Setting
from cnngraph.elaborate.values import OpLayer, Problem, Tensor, Unknown, Value, kind_of, problem, show
from cnngraph.ir.op import Op, OpError
from cnngraph.ir.registry import registry
from cnngraph.ir.types import TensorType
from cnngraph.spelling import misspelled
from cnngraph.syntax import ast

T = TypeVar("T")


class Entries:
    """The entries of one section by key, and readers of their values. What is wrong with a key is reported at once."""

    def __init__(self, read: Elaborated, section: ast.Section | None, keys: Collection[str], where: str) -> None:
        self.read = read
        self.where = where
        self.frame = replace(read.frame, missing_ok=False, it=None, path=f"{where}.")
        self.span = section.span if section else read.definition.name.span
        self.keys = keys
        self.sections: list[ast.Section] = []
        self.entries: dict[str, ast.Entry] = {}
        for entry in section.entries if section else ():
            self._enter(entry)

    def attempt(self, read: Callable[[], T]) -> T | None:
        """One key of the section; its problem is reported, and the others are read all the same."""
        try:
            return read()
        except Problem as found:
            self.frame.session.report(found.diagnostic)
            return None

    def _enter(self, entry: ast.Entry | ast.Section | ast.Broken) -> None:
        if isinstance(entry, ast.Broken):
            return
        key = entry.kind if isinstance(entry, ast.Section) else entry.key
        nested = key.text == "step"
        if key.text not in self.keys or isinstance(entry, ast.Section) != nested:
            self._wrong_key(key, nested and "step" in self.keys)
        elif isinstance(entry, ast.Section):
            self.sections.append(entry)
        elif key.text in self.entries:
            first = Label(self.entries[key.text].key.span, "given here")
            twice = Diagnostic("E0112", f"`{key.text}` is given twice", Label(key.span, "again"), (first,))
            self.frame.session.report(twice)
        else:
            self.entries[key.text] = entry

    def _wrong_key(self, key: ast.Name, needs_braces: bool) -> None:
        article = "a train section" if "step" in self.keys else "a step"
        message, otherwise = f"{article} has no key `{key.text}`", f"the keys are {', '.join(self.keys)}"
        if needs_braces:
            finding = Diagnostic("E0112", "a step has a name and braces", Label(key.span, "here"),
                                 helps=("write `step discriminate { loss: ... }`",))  # fmt: skip
        elif key.text in self.keys:
            finding = Diagnostic("E0112", f"`{key.text}` has a value and no braces", Label(key.span, "here"),
                                 helps=(f"write `{key.text}: ...`",))  # fmt: skip
        else:
            finding = misspelled("E0112", message, key.span, self.keys, otherwise)
        self.frame.session.report(finding)

    # ---- values ----

    def loss(self) -> Tensor:
        """The loss of the section, or cross-entropy of the first output."""
        frame = replace(self.frame, scope=self.scope(), missing_ok=True)
        entry = self.entries.get("loss")
        if entry is not None:
            value = self.frame.session.run_pipe(frame, entry.value)
            span = entry.value.span
        else:
            name, first = named_results(self.read.results)[0]
            span = self.read.definition.name.span
            maker = frame.session.builder.nodes[first.ref.node].op
            if maker.name != "softmax":
                raise problem(
                    "E0112", f"`{self.read.definition.name.text}` has no loss", span,
                    f"`{name}` gives no probabilities",
                    "a softmax as the last layer gives them, and cross-entropy is the loss then",
                    f"or say the loss in its train section: `loss: mse({name}, target)`",
                )
            value = value_of(frame, _text_call("cross_entropy", name, "label", span))
        if isinstance(value, Unknown) and not self.frame.session.found:
            raise problem("E0112", "the loss has no value", span)
        if isinstance(value, Tensor) and value.type.shape == ():
            return value
        if isinstance(value, Unknown):
            raise Problem(self.frame.session.found[-1])
        raise problem("E0112", f"a loss is one number, not {_describe(value)}", span)

    def scope(self) -> Scope:
        """The names of the net's body, and its outputs where they have no name in the body."""
        scope = Scope(self.read.frame.scope)
        for name, tensor in named_results(self.read.results):
            if scope.find(name) is None:
                scope.names[name] = (tensor, None)
        return scope

    def optimizer(self) -> Op | None:
        entry = self.entries.get("optimizer")
        if entry is None:
            return None
        value = self._value(entry)
        if not isinstance(value, OpLayer) or not value.op.optimizer:
            known = ", ".join(name for name, op in registry().items() if op.optimizer)
            raise problem("E0112", "this is not an optimizer", entry.value.span, "here", f"cnngraph has {known}")
        plain, _ = match(signature_of(value.op), value.given, entry.value.span)
        op = configure(value.op, plain)
        if isinstance(op, Unknown):
            raise Problem(self.frame.session.found[-1])
        number = TensorType(())
        try:
            op.output_types([number, number, number])
        except OpError as refused:
            raise problem(refused.code, refused.message, entry.value.span, "here", *refused.helps) from refused
        return op

    def whole(self, key: str, default: int, least: int = 0) -> int:
        entry = self.entries.get(key)
        if entry is None:
            return default
        value = self._value(entry)
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise problem("E0112", f"`{key}` is a whole number from {least}, not {show(value)}", entry.value.span)
        return value

    def _value(self, entry: ast.Entry) -> Value:
        if len(entry.value.units) != 1 or not isinstance(entry.value.units[0].head, ast.Expr):
            raise problem("E0112", f"`{entry.key.text}` is one value", entry.value.span)
        return value_of(self.frame, entry.value.units[0].head)

    def setting(self, key: str) -> Setting | None:
        found = self.settings(key)
        if len(found) > 1:
            raise problem("E0112", f"`{key}` is one call", found[1].span, "a second one")
        return found[0] if found else None

    def numbers_or_setting(self, key: str) -> Setting | tuple[float, ...] | None:
        """`[1, 2.5, 1]`, each above 0, or a call."""
        entry = self.entries.get(key)
        if entry is None or not isinstance(entry.value.units[0].head, ast.List | ast.Tuple):
            return self.setting(key)
        values = self._value(entry)
        if not values or not all(is_number(value) and isfinite(value) and value > 0 for value in values):
            raise problem("E0112", f"`{key}` are numbers above 0", entry.value.span)
        return tuple(float(value) for value in values)

    def settings(self, key: str, names: bool = False) -> tuple[Setting, ...]:
        """The calls of an entry, `shift(2) -> rotate(10)`. With `names` those of tensors stand for themselves."""
        return tuple(self._call(unit, names) for unit in self.units(key))

    def units(self, key: str) -> tuple[ast.Unit, ...]:
        """What stands between the arrows of an entry."""
        entry = self.entries.get(key)
        return entry.value.units if entry else ()

    def _call(self, unit: ast.Unit, names: bool) -> Setting:
        match unit.head:
            case ast.Name(text=text):
                return Setting(text, (), {}, unit.span)
            case ast.Call(function=ast.Name(text=text), arguments=arguments):
                named: dict[str, object] = {}
                for argument in arguments:
                    if argument.name in named:
                        raise problem("E0106", f"{text} receives `{argument.name}` twice", argument.span)
                    if argument.name is not None:
                        named[argument.name] = self._argument(argument.value, names)
                positional = tuple(self._argument(a.value, names) for a in arguments if a.name is None)
                return Setting(text, positional, named, unit.span)
        if isinstance(unit.head, ast.String):
            word = unit.head.value
            raise problem("E0112", "a name or a call belongs here, not a string", unit.span, "", f"write `{word}(...)`")
        raise problem("E0112", "a call such as `step(every = 5)` belongs here", unit.span)

    def _argument(self, expr: ast.Expr, names: bool) -> object:
        """The value of an argument; with `names` the name of a tensor, or of what only the data has, as a text."""
        if names and isinstance(expr, ast.Name):
            found = self.scope().find(expr.text)
            if found is None or isinstance(found[0], Tensor):
                return expr.text
        return value_of(self.frame, expr)


def _text_call(function: str, *names_and_span: str | Span) -> ast.Call:
    """`function(a, b)` as a tree, for a loss that the file leaves out."""
    *names, span = names_and_span
    assert isinstance(span, Span)
    arguments = tuple(ast.Argument(span, None, ast.Name(span, str(name))) for name in names)
    return ast.Call(span, ast.Name(span, function), arguments)


def _describe(value: Value) -> str:
    return str(value.type) if isinstance(value, Tensor) else kind_of(value)
