"""`where`: what is known of the sizes that an input leaves open.

`H % 16 == 0` and `T >= 5` become part of the symbol; any other fact is decided now, or kept and checked when sizes are
bound.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import lcm

from cnngraph.elaborate.expressions import value_of
from cnngraph.elaborate.frame import Frame
from cnngraph.elaborate.numbers import COMPARE, decide
from cnngraph.elaborate.parameters import capitals, is_tensor_parameter
from cnngraph.elaborate.values import Problem, Unknown, kind_of, problem
from cnngraph.ir.graph import Fact
from cnngraph.ir.size import Size, symbol
from cnngraph.syntax import ast


def symbols_of(definition: ast.Definition, taken: set[str]) -> dict[str, Size]:
    """A symbol for each capital in the input shapes that is no parameter, with what `where` says of it alone."""
    names = [n for p in definition.parameters if is_tensor_parameter(p) and p.type for n in capitals(p.type)]
    multiples = dict.fromkeys(names, 1)
    lows = dict.fromkeys(names, 1)
    for fact in _conjuncts(definition):
        match fact:
            case ast.Binary(
                operator="==",
                left=ast.Binary(operator="%", left=ast.Name(text=name), right=ast.Int(value=n)),
                right=ast.Int(value=0),
            ) if n > 0:
                multiples[name] = lcm(multiples.get(name, 1), n)
            case ast.Binary(operator=">=" | ">" as sign, left=ast.Name(text=name), right=ast.Int(value=n)):
                lows[name] = max(lows.get(name, 1), n + (sign == ">"))
    return {name: symbol(name, multiples[name], lows[name]) for name in names if name not in taken}


def facts_of(frame: Frame, definition: ast.Definition) -> tuple[Fact, ...]:
    """The facts that no symbol carries; one that is false for all sizes is a problem."""
    kept: list[Fact] = []
    for fact in _conjuncts(definition):
        try:
            kept += _fact(frame, fact)
        except Problem as found:
            frame.session.report(found.diagnostic)
    return tuple(kept)


def _fact(frame: Frame, fact: ast.Expr) -> Iterator[Fact]:
    if not isinstance(fact, ast.Binary) or fact.operator not in COMPARE:
        raise problem("E0401", "a fact compares sizes, as in `H % 16 == 0`", fact.span)
    left, right = value_of(frame, fact.left), value_of(frame, fact.right)
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return
    if not isinstance(left, (int, Size)) or not isinstance(right, (int, Size)):
        raise problem("E0401", f"a fact compares sizes, not {kind_of(left)} and {kind_of(right)}", fact.span)
    truth = decide(fact.operator, left, right)
    if truth is False:
        false = f"{left} {fact.operator} {right} is false"
        raise problem("E0401", f"the fact {fact.span.text} does not hold", fact.span, false)
    if truth is None:
        yield Fact(fact.operator, left, right)


def _conjuncts(definition: ast.Definition) -> Iterator[ast.Expr]:
    pending = list(reversed(definition.where))
    while pending:
        fact = pending.pop()
        if isinstance(fact, ast.Binary) and fact.operator == "and":
            pending += [fact.right, fact.left]
        else:
            yield fact
