"""What a user feeds and fetches: checked against the types of a graph, with the numbers (E0705)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cnngraph.diagnostics import CnnGraphError, Diagnostic
from cnngraph.ir.graph import Graph
from cnngraph.ir.op import Array
from cnngraph.ir.size import Dim, Size, Symbol
from cnngraph.ir.types import TensorType
from cnngraph.spelling import did_you_mean


def checked_feeds(wanted: Mapping[str, TensorType], feeds: Mapping[str, Any]) -> dict[str, Array]:
    """The feeds as arrays of the wanted types, whose sizes are numbers; all that is wrong is said in one error."""
    found = missing_or_unknown(list(wanted), feeds)
    arrays = {name: np.asarray(feeds[name]) for name in wanted if name in feeds}
    for name, array in arrays.items():
        found += _against(name, wanted[name], array)
    if found:
        raise CnnGraphError(found)
    return arrays


def missing_or_unknown(wanted: Sequence[str], feeds: Mapping[str, Any]) -> list[Diagnostic]:
    """Findings about the names of the feeds."""
    if set(wanted) == feeds.keys():
        return []
    inputs = f"the inputs are {', '.join(wanted)}" if wanted else "the graph has no inputs"
    unknown = [
        Diagnostic("E0705", f"no input is named `{name}`", helps=(did_you_mean(name, wanted, inputs),))
        for name in feeds
        if name not in wanted
    ]
    missing = [
        Diagnostic("E0705", f"the input `{name}` is not fed", helps=(f"feed an array for each of {', '.join(wanted)}",))
        for name in wanted
        if name not in feeds
    ]
    return unknown + missing


def checked_fetch(graph: Graph, names: Sequence[str]) -> tuple[str, ...]:
    """The names, if each is an output or a node of the graph."""
    known = [*graph.outputs, *graph.by_name]
    outputs = f"the outputs are {', '.join(graph.outputs)}"
    found = [
        Diagnostic("E0705", f"nothing to fetch is named `{name}`", helps=(did_you_mean(name, known, outputs),))
        for name in names
        if name not in graph.outputs and name not in graph
    ]
    if found:
        raise CnnGraphError(found)
    return tuple(names)


def sizes_of(graph: Graph, feeds: Mapping[str, Any]) -> dict[str, int]:
    """Numbers for the symbols of the graph's inputs, from the shapes of what is fed; feeds may hold more."""
    sizes: dict[str, int] = {}
    seen_in: dict[str, str] = {}
    found: list[Diagnostic] = []
    for node in graph.inputs:
        given = np.shape(feeds[node.name])
        if len(given) != len(node.type.shape):
            found.append(_wrong_rank(node.name, node.type, given))
            continue
        for size, number in zip(node.type.shape, given, strict=True):
            for symbol, value in _solved(size, number).items():
                if sizes.setdefault(symbol, value) != value:
                    both = f"{symbol} = {sizes[symbol]} in `{seen_in[symbol]}`, but {value} in `{node.name}`"
                    found.append(Diagnostic("E0705", both, helps=("feed arrays of one batch and one size",)))
                seen_in.setdefault(symbol, node.name)
    if found:
        raise CnnGraphError(found)
    return sizes


def _solved(size: Dim, number: int) -> dict[str, int]:
    """The symbol of a linear size such as `2*H+1`, if it has just one and the number fits; else nothing."""
    if not isinstance(size, Size):
        return {}
    constant = next((c for m, c in size.terms if not m), 0)
    rest = [(m, c) for m, c in size.terms if m]
    if len(rest) != 1 or len(rest[0][0]) != 1 or not isinstance(symbol := rest[0][0][0], Symbol):
        return {}
    value = (number - constant) / rest[0][1]
    return {symbol.name: int(value)} if value.denominator == 1 else {}


def _against(name: str, type_: TensorType, array: Array) -> list[Diagnostic]:
    if array.ndim != len(type_.shape):
        return [_wrong_rank(name, type_, array.shape)]
    if array.shape != type_.concrete:
        text = f"`{name}` has shape {array.shape}, but {type_.concrete} is needed"
        return [Diagnostic("E0705", text, helps=("arrays are channels last: (batch, positions..., channels)",))]
    if not np.can_cast(array.dtype, type_.dtype, "safe"):
        text = f"`{name}` has numbers of type {array.dtype}, but {type_.dtype} is needed"
        return [Diagnostic("E0705", text, helps=(f"convert them: {name}.astype({type_.dtype!r})",))]
    if type_.vocabulary is not None and array.size:
        low, high = int(array.min()), int(array.max())
        if low < 0 or high >= type_.vocabulary:
            wrong = low if low < 0 else high
            text = f"`{name}` has the id {wrong}, but ids go from 0 to {type_.vocabulary - 1}"
            return [Diagnostic("E0705", text, helps=("ids count from 0",))]
    return []


def _wrong_rank(name: str, type_: TensorType, given: Sequence[int]) -> Diagnostic:
    needed = f"({', '.join(map(str, type_.shape))}{',' if len(type_.shape) == 1 else ''})"
    text = f"`{name}` has shape {tuple(given)}, but {needed} is needed"
    one = f"for a single sample, add the axis of the batch: {name}[None]"
    return Diagnostic("E0705", text, helps=(one if len(given) == len(type_.shape) - 1 else "arrays are channels last",))
