"""Residual units that are repeated without a block of their own: each becomes a scope, so that they are one class.

    repeat n { residual { conv(c, 1x1) -> conv(2*c, 3x3) } }     n times: the class Residual
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from cnngraph.diagnostics import Span, Use
from cnngraph.interop.pytorch_source.scopes import Flow, Scope, is_run
from cnngraph.interop.pytorch_source.step import Step

WORD = "residual"


def with_residuals(scope: Scope, flow: Flow) -> Scope:
    """The scope, and all in it, with scopes for repeated residual units."""
    return _wrapped(scope, flow, frozenset(_repeated(scope, flow)))


def _repeated(scope: Scope, flow: Flow) -> Iterator[Span]:
    """The places in the file whose sums follow each other somewhere."""
    units = [items[-1] for items in _parted(scope.items, flow) if len(items) > 1]
    sums = [(unit, unit.origin.span) for unit in units if isinstance(unit, Step) and unit.origin]
    for (before, span), (after, other) in pairwise(sums):
        if span == other and before.results[0] in after.inputs:
            yield span
    for item in scope.items:
        if isinstance(item, Scope):
            yield from _repeated(item, flow)


def _wrapped(scope: Scope, flow: Flow, spans: Collection[Span]) -> Scope:
    items: list[Step | Scope] = []
    inner = tuple(_wrapped(item, flow, spans) if isinstance(item, Scope) else item for item in scope.items)
    number = 0
    for part in _parted(inner, flow):
        last = part[-1]
        if len(part) > 1 and isinstance(last, Step) and last.origin and last.origin.span in spans:
            number += 1
            path = (*part[0].path[: scope.depth], f"{WORD}[{number}]")
            items.append(Scope(path, Use(WORD, last.origin.span), tuple(part), scope.depth))
        else:
            items += part
    return replace(scope, items=tuple(items))


def _parted(items: Sequence[Step | Scope], flow: Flow) -> Iterator[Sequence[Step | Scope]]:
    """Items that are a residual unit together; each other item by itself."""
    place = 0
    while place < len(items):
        furthest = min(len(items), place + MOST_ITEMS + 1)
        end = next((e for e in range(place + 1, furthest) if _is_unit(items[place : e + 1], flow)), place)
        yield items[place : end + 1]
        place = end + 1


MOST_ITEMS = 16


def _is_unit(items: Sequence[Step | Scope], flow: Flow) -> bool:
    """Whether the last item adds the value that the first reads to the value of those between."""
    *branch, last = items
    if not isinstance(last, Step) or last.word != "add" or not is_run(branch, flow):
        return False
    (source,), (result,) = flow.inputs(branch[0]), flow.results(branch[-1])
    return sorted(last.inputs) == sorted((source, result)) and flow.reads[result] == 1 and result not in flow.ends
