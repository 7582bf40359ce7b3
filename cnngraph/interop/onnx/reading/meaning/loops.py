"""A graph along a sequence: `Scan` becomes our scan, whose cell is the body.

    ONNX   states before, sequences -> body(states, one position of each) -> states after, results at all positions
    here   sequence, states before  -> cell(position, states) -> next states; at all positions, side by side

What the body gives at each position is a next state; where it gives something else, that is a state which nobody reads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import accumulate, pairwise

from cnngraph.interop.onnx.reading.call import Call
from cnngraph.interop.onnx.reading.foreign import Foreign
from cnngraph.interop.onnx.reading.layout import Layout
from cnngraph.interop.onnx.reading.meaning.embedding import without_axis
from cnngraph.interop.onnx.reading.names import legal
from cnngraph.interop.onnx.reading.nodes import read_nodes
from cnngraph.interop.onnx.reading.reading import Reading
from cnngraph.interop.onnx.reading.tables import Meaning, unitings
from cnngraph.interop.onnx.reading.values import Constant, Tensor, Value
from cnngraph.ir.graph import Graph, Ref
from cnngraph.ir.size import number
from cnngraph.ir.text import to_text
from cnngraph.ir.types import BATCH, TensorType
from cnngraph.ops.cut import Cut
from cnngraph.ops.identity import Identity
from cnngraph.ops.scan import Scan


def scan(call: Call) -> tuple[Value | None, ...]:
    body: Foreign = call["body"]
    count = len(call.inputs) - int(call["num_scan_inputs"])
    call.need(call["num_scan_inputs"] == 1, "a scan along several sequences", "join them along their features")
    x, reverse = _sequence(call, count)
    given = [_before(call, i) for i in range(count)]
    call.need(len({state is None for state in given}) == 1, "some states that begin with zeros, and some that do not")
    inner = _inside(call, body)
    position = inner.fed(_word(body.inputs[count].name), _at_one_position(call.type_of(x.ref)))
    inner.values[body.inputs[count].name] = without_axis(x, _axis(call, count, "scan_input_axes", x.rank), position)
    for i, state in enumerate(given):
        layout = _layout_of_state(call, body, i, state)
        type_ = TensorType((BATCH, *(layout.size(group) for group in layout.groups[1:])), call.type_of(x.ref).dtype)
        inner.values[body.inputs[i].name] = Tensor(inner.fed(_word(body.inputs[i].name), type_), layout)
    ends = read_nodes(_united(body, call), inner)
    if inner.refusals:
        call.reading.refusals += inner.refusals
        return (None,) * len(call.node.outputs)
    return _made(call, x, reverse, given, inner, ends)


# ---- before ----


def _sequence(call: Call, place: int) -> tuple[Tensor, bool]:
    """The sequence with its time as our first positions, and whether it is read from the end."""
    x = call.tensor(place)
    axis = _axis(call, place, "scan_input_axes", x.rank)
    time, groups = x.layout.theirs[axis], x.layout.groups
    call.need(time and not set(time) & set(groups[0]), "a scan along the batch")
    rest = [kept for group in groups[1:] if (kept := tuple(f for f in group if f not in time))]
    arranged = call.reading.arranged(x, (groups[0], time, *(rest or [()])), call.path)
    return arranged, bool((call["scan_input_directions"] or [0])[0])


def _axis(call: Call, states: int, attribute: str, rank: int) -> int:
    """The axis of the first sequence that goes in, or of one that comes out."""
    axes = call[attribute] or []
    return call.axis(int(axes[0]) if axes else 0, rank)


def _at_one_position(type_: TensorType) -> TensorType:
    return replace(type_, shape=(type_.shape[0], *type_.shape[2:]))


def _before(call: Call, place: int) -> Tensor | None:
    """A first state; None for zeros."""
    if not call.has(place):
        return None
    value = call.value(place)
    if isinstance(value, Constant):
        call.need(not value.array.any(), "a first state of known numbers other than 0")
        return None
    x = call.tensor(place)
    call.need(x.rank >= 2, "a state without features")
    return call.arranged(x, [[axis] for axis in range(x.rank)])


def _layout_of_state(call: Call, body: Foreign, place: int, given: Tensor | None) -> Layout:
    """That of the value which it begins with; of zeros, what the body says of it: the batch, positions, features."""
    if given is not None:
        return given.layout
    shape = body.inputs[place].shape
    call.need(shape is not None and len(shape) > 1, "the body does not say how large its states are")
    assert shape is not None
    call.need(all(isinstance(n, int) for n in shape[1:]), "a state of open size that begins with zeros")
    return Layout.of((BATCH, *map(int, shape[1:])), [[axis] for axis in range(len(shape))])  # type: ignore[arg-type]


def _inside(call: Call, body: Foreign) -> Reading:
    """The reading of the body. It sees known numbers of the graphs around it, and no other value of theirs."""
    outer = call.reading
    nets = [replace(net, nodes=()) for net in outer.nets]
    known = {name: value for name, value in outer.values.items() if isinstance(value, Constant)}
    return Reading(outer.ours, outer.batch, outer.sample, values=dict(known), nets=nets)


def _united(body: Foreign, call: Call) -> Foreign:
    """The body after the rules, which see the known numbers around it too."""
    around = {name: array for net in call.reading.nets for name, array in net.constants.items()}
    found = replace(body, constants={**around, **body.constants})
    for unite in unitings():
        found = unite(found)
    own = f"{call.path}."  # our own files have the path of the scan before those of its cell
    return replace(found, nodes=[replace(node, name=node.name.removeprefix(own)) for node in found.nodes])


def _word(name: str) -> str:
    return legal(name).replace(".", "_").replace("-", "_")


# ---- after ----


def _made(
    call: Call, x: Tensor, reverse: bool, given: Sequence[Tensor | None], inner: Reading, ends: Sequence[Value | None]
) -> tuple[Value | None, ...]:
    """The scan, the last values of its states, and what was asked for at all positions."""
    count = len(given)
    names = [node.name for node in list(inner.builder.nodes.values())[1 : count + 1]]
    nexts = [_as_state(call, inner, end, names[i]) for i, end in enumerate(ends[:count])]
    places = [_place(call, inner, value, nexts) for value in ends[count:]]
    ends_by_name = dict(zip(names, (n.ref for n in nexts), strict=True))
    graph = _without_prefix(inner.builder.finish(_word(call["body"].name) or "cell", ends_by_name), f"{call.path}.")
    started = [state.ref for state in given if state is not None]
    op = Scan(to_text(graph), reverse, bool(started))
    weights = {name.removeprefix(f"{call.path}."): array for name, array in inner.arrays.items()}
    ref = call.apply(op, [x.ref, *started], weights)
    cuts = list(pairwise(accumulate((number(inner.type_of(n.ref).channels) for n in nexts), initial=0)))
    last = [
        Tensor(call.apply(Cut(*cut, 0 if reverse else -1), [ref], beside=True), n.layout)
        for cut, n in zip(cuts, nexts, strict=True)
    ]
    results = [_sequence_of(call, ref, nexts, cuts, place, i, reverse) for i, place in enumerate(places)]
    return (*last, *results)


def _without_prefix(graph: Graph, prefix: str) -> Graph:
    """The names of a cell without that of the node in which it is, where the file has it before all of them."""
    short = {node.name: node.name.removeprefix(prefix) for node in graph}
    if len(set(short.values())) < len(short):
        return graph
    nodes = tuple(
        replace(
            node, name=short[node.name], inputs=tuple(Ref(short[ref.node], ref.index) for ref in node.inputs),
            colocated=None if node.colocated is None else short[node.colocated],
        )
        for node in graph
    )  # fmt: skip
    return replace(graph, nodes=nodes, outputs={name: Ref(short[r.node], r.index) for name, r in graph.outputs.items()})


def _as_state(call: Call, inner: Reading, end: Value | None, name: str) -> Tensor:
    """A next state, laid out as the state itself."""
    call.need(isinstance(end, Tensor), "a state whose next value is known")
    assert isinstance(end, Tensor)
    found = inner.arranged(end, end.layout.foreign_axes([[axis] for axis in range(end.rank)]), name)
    same = inner.type_of(found.ref).shape == inner.type_of(Ref(name)).shape
    call.need(same, "a state that changes its shape")
    return found


def _place(call: Call, inner: Reading, value: Value | None, nexts: Sequence[Tensor]) -> int:
    """Which next state is given at all positions."""
    call.need(isinstance(value, Tensor), "a known result at each position")
    assert isinstance(value, Tensor)
    whole = [[axis] for axis in range(value.rank)]
    found = [i for i, state in enumerate(nexts) if state.layout.rank == value.rank]
    result = _under_names(inner, inner.arranged(value, value.layout.foreign_axes(whole), "result").ref)
    same = [i for i in found if result == _under_names(inner, nexts[i].ref)]
    call.need(same, "a result at each position that is no state")
    return same[0]


def _under_names(inner: Reading, ref: Ref) -> Ref:
    """What a value is a further name of: a body gives a state and a result at each position under two."""
    while isinstance((node := inner.builder.nodes[ref.node]).op, Identity):
        (ref,) = node.inputs
    return ref


def _sequence_of(
    call: Call,
    ref: Ref,
    nexts: Sequence[Tensor],
    cuts: Sequence[tuple[int, int]],
    state: int,
    place: int,
    reverse: bool,
) -> Tensor:
    """One state at all positions, its time where the node has it."""
    directions, axes = call["scan_output_directions"] or [], call["scan_output_axes"] or []
    turned = bool(directions[place]) if directions else False
    call.need(turned == reverse, "results in the other order than the sequence")
    if len(cuts) > 1:
        ref = call.apply(Cut(*cuts[state]), [ref], beside=True)
    layout = nexts[state].layout
    time = call.axis(int(axes[place]) if axes else 0, layout.rank + 1)
    count = len(layout.ours[0])
    theirs = [tuple(f + (f >= count) for f in factors) for factors in layout.theirs]
    theirs.insert(time, (count,))
    length = call.type_of(ref).shape[1]
    return Tensor(ref, Layout((layout.ours[0], (length,), *layout.ours[1:]), tuple(theirs)))


MEANINGS: Mapping[str, Meaning] = {"Scan": scan}
