"""Scans: `nn.LSTM` and `nn.RNN` where a cell is exactly theirs, else a class for the cell and a loop over positions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from cnngraph.interop.pytorch_source.form import Argument, Form, made
from cnngraph.interop.pytorch_source.layout import Layout, Value
from cnngraph.interop.pytorch_source.site import Site, Unwritable, option
from cnngraph.interop.pytorch_source.step import Step, Turn, Weight
from cnngraph.ir.graph import Graph, Ref
from cnngraph.ir.leaves import Input, State
from cnngraph.ir.op import Array
from cnngraph.ir.size import number
from cnngraph.ops.cut import Cut
from cnngraph.ops.part import Part

COMMUTES = ("add", "mul")


@dataclass(frozen=True)
class Recurrent:
    """A module of PyTorch that a cell is exactly: its name, and which of our gates each of its gates is."""

    module: str
    gates: tuple[int, ...]


def recognised(cell: Graph) -> Recurrent | None:
    """`nn.LSTM` or `nn.RNN`, if the cell is one, whatever the order of its gates."""
    found = [_expression(cell, ref) for ref in cell.outputs.values()]
    linear = "dense(concat(input0, input1))"
    if found == [f"tanh({linear})"]:
        return Recurrent("nn.RNN", (0,))
    for i, f, g, o in permutations(range(4)):
        memory = _sum(
            _product("input2", f"sigmoid(part{f}of4({linear}))"),
            _product(f"sigmoid(part{i}of4({linear}))", f"tanh(part{g}of4({linear}))"),
        )
        if found == [_product(f"sigmoid(part{o}of4({linear}))", f"tanh({memory})"), memory]:
            return Recurrent("nn.LSTM", (i, f, g, o))
    return None


def _sum(*terms: str) -> str:
    return f"add({', '.join(sorted(terms))})"


def _product(*factors: str) -> str:
    return f"mul({', '.join(sorted(factors))})"


def _expression(cell: Graph, ref: Ref) -> str:
    """What a value of a cell is made of, as a text in which terms and factors have one order."""
    node = cell[ref.node]
    if isinstance(node.op, Input):
        return f"input{[other.name for other in cell.inputs].index(node.name)}"
    operands = [_expression(cell, r) for r in node.inputs if not isinstance(cell[r.node].op, State)]
    name = f"part{node.op.index}of{node.op.of}" if isinstance(node.op, Part) else node.op.name
    if name == "dense" and len(node.inputs) != 3:
        name = "dense without bias"
    return f"{name}({', '.join(sorted(operands) if name in COMMUTES else operands)})"


def scan(site: Site) -> None:
    known = recognised(site.op.graph) if not site.rank > 1 and site.types[0].vocabulary is None else None
    results = _results(site) if known else None
    if known and results:
        _module(site, known, results)
    else:
        _loop(site)


@dataclass(frozen=True)
class _Results:
    """Who reads the sequence of the first state, and the last value of each state."""

    sequence: list[Ref]
    last: list[list[Ref]]


def _results(site: Site) -> _Results | None:
    """The results of a scan as its readers take them; None where one of them takes what PyTorch does not give."""
    widths = [node.type.shape[-1] for node in site.op.graph.inputs[1:]]
    ends = [sum(widths[: i + 1]) for i in range(len(widths))]
    cuts = list(zip([0, *ends], ends, strict=False))
    final = 0 if site.op.reverse else -1
    whole = len(widths) == 1
    found = _Results([site.node.ref] if whole else [], [[] for _ in widths])
    for user in site.graph.users[site.node.name]:
        if not isinstance(user.op, Cut):
            if not whole:
                return None
            continue
        place = (user.op.start, user.op.stop)
        if user.op.position is None and place == cuts[0]:
            found.sequence.append(user.ref)
        elif user.op.position == final and place in cuts:
            found.last[cuts.index(place)].append(user.ref)
        elif not whole:
            return None
    read_whole = site.node.name in {ref.node for ref in site.graph.outputs.values()}
    return None if read_whole and not whole else found


def _module(site: Site, known: Recurrent, results: _Results) -> None:
    op, channels = site.op, site.types[0].channels
    hidden = op.graph.inputs[1].type.channels
    form = made(
        known.module,
        Argument.of("input_size", channels),
        Argument.of("hidden_size", hidden),
        option("batch_first", True, False),
    )
    count = len(op.graph.inputs) - 1
    states = [site.take(Layout.STATE, place) for place in range(1, 1 + count)] if op.started else []
    listed = ", ".join(f"{{{place}}}" for place in range(1, 1 + len(states)))
    given = f", ({listed})" if count > 1 and states else f", {listed}" if states else ""
    turned = ".flip(1)" if op.reverse else ""
    kind = known.module.removeprefix("nn.").lower()
    path = (*site.path[:-1], site.path[-1].replace("scan", kind, 1))
    names = [f"{site.node.name}.{result}" for result in ("sequence", "hidden", "memory")[: 1 + count]]
    site.steps.append(
        Step(
            path, (site.take(Layout.LAST), *states), tuple(names), (form,), None,
            tuple(_weights(site, known, len(op.operands), number(channels))),
            call=Form(f"{{self}}({{0}}{turned}{given})"),
            pattern="{0}, ({1}, {2})" if count > 1 else "{0}, {1}",
            origin=site.node.origin,
            word=kind,
        )
    )  # fmt: skip
    sequence = names[0]
    if op.reverse and (results.sequence and _is_read(site, results.sequence)):
        sequence = site.before(Form("{0}.flip(1)"), names[0])
    for ref in results.sequence:
        site.values[ref] = Value(sequence, Layout.LAST)
        site.types_of[sequence] = (site.graph.type_of(ref), Layout.LAST)
    for name, refs in zip(names[1:], results.last, strict=True):
        site.values.update((ref, Value(name, Layout.STATE)) for ref in refs)


def _is_read(site: Site, refs: list[Ref]) -> bool:
    ends = {ref.node for ref in site.graph.outputs.values()}
    return any(site.graph.users[ref.node] or ref.node in ends for ref in refs)


def _weights(site: Site, known: Recurrent, place: int, channels: int) -> Iterator[Weight]:
    """(channels + hidden, gates * hidden) and one bias -> a matrix for the input, one for the state, and two biases."""

    def ordered(array: Array) -> Array:
        parts = np.split(array, len(known.gates), axis=-1)
        return np.concatenate([parts[gate] for gate in known.gates], axis=-1)

    turns: Mapping[str, tuple[int, Turn]] = {
        "weight_ih_l0": (0, lambda w: np.ascontiguousarray(ordered(w[:channels]).T)),
        "weight_hh_l0": (0, lambda w: np.ascontiguousarray(ordered(w[channels:]).T)),
        "bias_ih_l0": (1, ordered),
        "bias_hh_l0": (1, np.zeros_like),
    }
    for attribute, (offset, turn) in turns.items():
        yield site.weight(attribute, place + offset, turn)


def _loop(site: Site) -> None:
    op, count = site.op, len(site.op.operands)
    if site.rank > 1:
        raise Unwritable("a scan over a grid of more than one axis")
    states = op.graph.inputs[1:]
    if any(node.type.positions or node.type.vocabulary is not None for node in states):
        raise Unwritable("a scan whose states have positions")
    sizes = tuple(node.type.channels for node in states)
    names = [node.name for node in op.graph.states]
    inner = {name: site.weight("", place).state for place, name in enumerate(names, start=count)}
    cell = site.cell(op.graph, inner)
    form = Form("Scan({cell}, {})", (Argument.of("sizes", sizes), option("reverse", op.reverse, False)))
    inputs = [site.take(Layout.LAST), *(site.take(Layout.FIRST, place) for place in range(1, count))]
    site.add(inputs, form, layout=Layout.LAST, cell=cell)


MEANING: Mapping[str, Callable[[Site], None]] = {"scan": scan}
"""Recurrent layers."""
