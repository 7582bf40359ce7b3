"""A recurrent layer of a sequence that was turned round reads it from its end.

Before:

    f = Slice(x, -1, ..., axes 0, steps -1)    r = LSTM(f, W, R, B)    y = Slice(r, -1, ..., axes 0, steps -1)

After:

    y = LSTM(x, W, R, B, direction = reverse)

Between the turns and the layer there may be transposes, and axes of size 1 that go. A result that is not turned back
is needed as it is: then nothing is changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from cnngraph.interop.onnx.reading.folding.pattern import Matcher, without_unread
from cnngraph.interop.onnx.reading.foreign import Foreign, ForeignNode
from cnngraph.ir.op import Array

PLACE = 46
TURNED = {"forward": "reverse", "reverse": "forward"}
FAR = -(2**31)  # an end before the first place


def unite(net: Foreign) -> Foreign:
    for node in net.nodes:
        if node.operator in ("LSTM", "GRU", "RNN"):
            net = _unturned(net, node)
    return without_unread(net)


def _unturned(net: Foreign, layer: ForeignNode) -> Foreign:
    """The graph with the layer reading from the end what was turned round for it; the same where it is not so."""
    direction = TURNED.get(str(layer.attributes.get("direction", "forward")))
    maker = {name: node for node in net.nodes for name in node.outputs}
    before = _turn_before(layer.inputs[0], maker, net.constants)
    behind = list(_turns_behind(layer.outputs[0], 0, net))
    if direction is None or layer.attributes.get("layout") or before is None or None in behind:
        return net
    turn, moves = before
    back = [node for node in behind if node is not None]
    changes = {id(node): replace(node, operator="Identity", inputs=node.inputs[:1]) for node in back}
    name = turn.inputs[0]
    made: list[ForeignNode] = []
    for i, move in enumerate(moves):
        made.append(replace(move, inputs=(name, *move.inputs[1:]), outputs=(f"{layer.outputs[0]}/{i}",)))
        name = made[-1].outputs[0]
    reverse = replace(layer, inputs=(name, *layer.inputs[1:]), attributes={**layer.attributes, "direction": direction})
    nodes: list[ForeignNode] = []
    for node in net.nodes:
        nodes += [*made, reverse] if node is layer else [changes.get(id(node), node)]
    return replace(net, nodes=nodes)


def _turn_before(
    name: str, maker: Mapping[str, ForeignNode], constants: Mapping[str, Array]
) -> tuple[ForeignNode, Sequence[ForeignNode]] | None:
    """The node that turns time, axis 0 of this value, and the transposes between the two, in their order."""
    axis = 0
    moves: list[ForeignNode] = []
    while (node := maker.get(name)) is not None and node.operator == "Transpose" and node.attributes.get("perm"):
        axis = node.attributes["perm"][axis]
        moves.insert(0, node)
        name = node.inputs[0]
    return (node, moves) if node is not None and _turns(node, axis, constants) else None


def _turns_behind(name: str, axis: int, net: Foreign) -> Iterator[ForeignNode | None]:
    """The nodes that turn time back; None where something reads the value as it is."""
    if name and any(output.name == name for output in net.outputs):
        yield None
    for node in net.nodes:
        if not name or name not in node.inputs or node.operator == "Shape":
            continue
        if _turns(node, axis, net.constants):
            yield node
        elif node.operator == "Transpose" and node.attributes.get("perm"):
            yield from _turns_behind(node.outputs[0], list(node.attributes["perm"]).index(axis), net)
        elif axis == 0 and node.operator == "Reshape" and _keeps_first(node, net):
            yield from _turns_behind(node.outputs[0], 0, net)
        elif node.operator == "Squeeze" and (gone := _squeezed(node, net)) and axis not in gone:
            yield from _turns_behind(node.outputs[0], axis - sum(place < axis for place in gone), net)
        else:
            yield None


def _squeezed(node: ForeignNode, net: Foreign) -> list[int]:
    """The axes that go, counted from the first; none where that is not known."""
    axes = net.constants.get(node.inputs[1]) if len(node.inputs) == 2 else None
    found = [] if axes is None else [int(place) for place in axes.reshape(-1)]
    return found if all(place >= 0 for place in found) else []


def _keeps_first(reshape: ForeignNode, net: Foreign) -> bool:
    """Whether the first size of a shape that is put together is that of the value itself."""
    matcher = Matcher(net)
    sizes = matcher.maker.get(reshape.inputs[1])
    first = matcher.maker.get(sizes.inputs[0]) if sizes is not None and sizes.operator == "Concat" else None
    if first is None:
        return False
    return any(found.values["x"] == reshape.inputs[0] for found in matcher.matches(first, "Slice(Shape(x), 0, 1)"))


def _turns(node: ForeignNode, axis: int, constants: Mapping[str, Array]) -> bool:
    """Whether a node is a slice of all places of one axis, from the last to the first."""
    if node.operator != "Slice" or len(node.inputs) != 5:
        return False
    starts, ends, axes, steps = (constants.get(name) for name in node.inputs[1:])
    if starts is None or ends is None or axes is None or steps is None or axes.size != 1:
        return False
    whole = int(starts.reshape(-1)[0]) == -1 and int(ends.reshape(-1)[0]) < FAR
    return whole and int(steps.reshape(-1)[0]) == -1 and int(axes.reshape(-1)[0]) == axis
