"""Whether two graphs are the same whatever their nodes are called, and which state of one is which of the other."""

from __future__ import annotations

from cnngraph.interop.readable.leaves import leaves_of
from cnngraph.ir.graph import Graph, Ref
from cnngraph.ir.leaves import State


def states_in(written: Graph, given: Graph) -> dict[str, str]:
    """For each state that leads to a result of `given`, its name in `written`.

    Both graphs are walked from their results at once, the inputs of each node in order. A difference raises an
    AssertionError: the text that was compiled to `written` is ours, and so is the fault.

    >>> from cnngraph.elaborate.elaborate import elaborate
    >>> from cnngraph.elaborate.modules import load_text
    >>> a = elaborate(load_text("net n(x: 4) { first: dense(3); relu }"))
    >>> b = elaborate(load_text("net n(x: 4) { second: dense(3); relu }"))
    >>> states_in(a, b)
    {'second.weight': 'first.weight', 'second.bias': 'first.bias'}
    """
    assert list(written.outputs) == list(given.outputs), "other results"
    assert [(n.name, n.type) for n in written.inputs] == [(n.name, n.type) for n in given.inputs], "other inputs"
    partner: dict[str, str] = {}
    back: dict[str, str] = {}
    waiting = [(ref, written.outputs[name]) for name, ref in given.outputs.items()]
    while waiting:
        theirs, ours = waiting.pop()
        assert theirs.index == ours.index, f"{theirs} and {ours} are other results"
        if theirs.node in partner:
            assert partner[theirs.node] == ours.node, f"{theirs.node} is {partner[theirs.node]} and {ours.node}"
            continue
        assert ours.node not in back, f"{ours.node} is {back.get(ours.node)} and {theirs.node}"
        partner[theirs.node], back[ours.node] = ours.node, theirs.node
        waiting += _inputs_of(given, theirs, written, ours)
    return {node.name: partner[node.name] for node in given.states if node.name in partner}


def _inputs_of(given: Graph, theirs: Ref, written: Graph, ours: Ref) -> list[tuple[Ref, Ref]]:
    a, b = given[theirs.node], written[ours.node]
    assert a.op.name == b.op.name, f"{a.name} is {a.op}, but {b.name} is {b.op}"
    same = isinstance(a.op, State) or leaves_of(a.op, given.input_types(a)) == leaves_of(b.op, written.input_types(b))
    assert same, f"{a.name} is {a.op}, but {b.name} is {b.op}"
    assert a.types == b.types, f"{a.name} gives {a.types}, but {b.name} {b.types}"
    assert a.device == b.device, f"{a.name} is on {a.device}, but {b.name} on {b.device}"
    assert len(a.inputs) == len(b.inputs), f"{a.name} and {b.name} read other inputs"
    return list(zip(a.inputs, b.inputs, strict=True))

