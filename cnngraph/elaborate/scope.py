"""Names in sight: the words of the language, then a file, then a body and the bodies inside it. Nothing is shadowed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

from cnngraph.diagnostics import Diagnostic, Label, Source, Span, Suggestion, error
from cnngraph.elaborate.foreign import meant
from cnngraph.elaborate.values import (
    BlockLayer,
    Function,
    OpLayer,
    Pending,
    Problem,
    ScanLayer,
    SplitLayer,
    Unknown,
    Value,
    problem,
)
from cnngraph.ir.notation import KINDS
from cnngraph.ir.op import Op
from cnngraph.ir.registry import register, registry
from cnngraph.ir.window import PADDINGS
from cnngraph.spelling import nearest
from cnngraph.syntax.tokens import WORDS

Operator = TypeVar("Operator", bound=Op)
FUNCTIONS = ("floor", "ceil", "sqrt")
FORMS = ("split", "fork", "it", "ids", "tensor")
PRINTED = ("batch", "inf", "nan", *KINDS)
"""Names that the printed form of graphs has for other things."""

TAKEN = frozenset((*WORDS, *FORMS, *FUNCTIONS, *PADDINGS, *PRINTED))
"""Words that no operator can have for its name."""


@dataclass
class Scope:
    """Names defined here, with their places; `parent` is the next scope outwards."""

    parent: Scope | None = None
    names: dict[str, tuple[Value, Span | None]] = field(default_factory=dict)
    incomplete: bool = False  # a definition here did not parse, so a name may well exist

    def chain(self) -> Iterator[Scope]:
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent

    def find(self, name: str) -> tuple[Value, Span | None] | None:
        return next((s.names[name] for s in self.chain() if name in s.names), None)

    def define(self, name: str, value: Value, span: Span) -> None:
        """Bind a new name; `_` is thrown away. Raises where it is taken; the name of a net is free inside bodies."""
        if name == "_":
            return
        found = self.find(name)
        if found is not None and not (_is_net(found[0]) and name not in self.names):
            _, other = found
            secondary = (Label(other, f"`{name}` is defined here"),) if other else ()
            what = "is defined twice" if other else "is the name of a layer or a word of the language"
            raise Problem(Diagnostic("E0102", f"`{name}` {what}", Label(span, "choose another name"), secondary))
        self.names[name] = (value, span)

    def look_up(self, name: str, span: Span) -> Value:
        found = self.find(name)
        if found is not None and isinstance(found[0], Pending):
            raise problem("E0101", f"`{name}` has no value yet", span, "this is its own line")
        if found is not None:
            return found[0]
        if any(scope.incomplete for scope in self.chain()):
            return Unknown()
        raise self._unknown(name, span)

    def _unknown(self, name: str, span: Span) -> Problem:
        known = [n for scope in self.chain() for n in scope.names]
        better: str | None
        if name in ("True", "False", "None"):
            message, better = "the words of the language are `true` and `false`", name.lower()
            better = better if better != "none" else None
        elif found := meant(name, known):
            message, better = found
        elif close := nearest(name, known, 0.7):
            message, better = f"did you mean `{close}`?", close
        elif (len(name) == 2 and name[1] == "x") or set(name) == {"k", "x"}:
            message = "sizes with names are written in capitals, `KxK`; `k` alone is a square window"
            better = "k" if name == "kxk" and "k" in known else None
        else:
            return problem("E0101", f"unknown name `{name}`", span, "not a layer, block or tensor")
        return Problem(
            Diagnostic(
                "E0101",
                f"unknown name `{name}`",
                Label(span, "not a layer, block or tensor"),
                helps=(message,),
                suggestion=Suggestion(span, better) if better else None,
            )
        )


def _is_net(value: Value) -> bool:
    return isinstance(value, BlockLayer) and value.definition.kind == "net"


def words_of_the_language() -> Scope:
    """The outermost scope: every operator of the registry, padding words, functions of numbers."""
    scope, nowhere = Scope(), Span(Source("language", ""), 0, 0)
    for name, op in registry().items():
        require_free(name)
        if not op.internal:
            scope.names[name] = (OpLayer(op, (), nowhere), None)
    scope.names["split"] = (SplitLayer((), nowhere), None)
    scope.names["scan"] = (ScanLayer((), nowhere), None)
    for word in PADDINGS:
        scope.names[word] = (word, None)
    for word in FUNCTIONS:
        scope.names[word] = (Function(word), None)
    return scope


def require_free(name: str) -> None:
    """Raise CnnGraphError where the name of an operator is a word of the language, or of the printed form of graphs."""
    if name in TAKEN:
        message = f"`{name}` is a word of the language and cannot be the name of an operator"
        raise error("E0102", message, "choose another name")


@dataclass_transform(frozen_default=True)
def operator(cls: type[Operator]) -> type[Operator]:
    """A decorator: the class, an operator, is a word of all texts that are read from now on.

    It becomes a frozen dataclass where it is none. Raises CnnGraphError for what is no operator, and for a name that is
    taken.
    """
    plain = isinstance(cls, type) and issubclass(cls, Op) and "__dataclass_params__" not in vars(cls)
    made = dataclass(frozen=True)(cls) if plain else cls
    require_free(str(getattr(made, "name", "")))
    register(made)
    return made
