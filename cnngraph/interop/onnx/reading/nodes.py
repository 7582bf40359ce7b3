"""The nodes of a foreign graph read one after the other: each by the meaning of its operator."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from cnngraph.interop.onnx.reading.call import Call
from cnngraph.interop.onnx.reading.convert import defaults
from cnngraph.interop.onnx.reading.foreign import Foreign, ForeignNode
from cnngraph.interop.onnx.reading.names import paths_of
from cnngraph.interop.onnx.reading.reading import Reading, Refusal, Refused
from cnngraph.interop.onnx.reading.sizes import known_before, understood
from cnngraph.interop.onnx.reading.tables import meanings
from cnngraph.interop.onnx.reading.values import Value
from cnngraph.ir.op import OpError

BROKEN = (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
"""What the meaning of a sound node never raises: a node that breaks the rules of its operator is refused as others."""


def read_nodes(net: Foreign, reading: Reading) -> list[Value | None]:
    """The values of the graph's outputs; what is refused is noted down, and what hangs on it stays unknown."""
    reading.nets.append(net)
    paths, wanted = paths_of(net), net.wanted()
    for node in net.nodes:
        try:
            values = _values(node, reading, paths[id(node)], wanted)
        except Refused as refused:
            values = _refused(node, reading, refused.why, refused.helps)
        except OpError as refused:
            values = _refused(node, reading, refused.message, refused.helps)
        except BROKEN as problem:
            why = f"it is not what its operator asks for ({type(problem).__name__}: {problem})"
            values = _refused(node, reading, why, ())
        reading.values.update(zip(node.outputs, values, strict=True))
    outputs = [_output(output.name, reading) for output in net.outputs]
    reading.nets.pop()
    return outputs


def _output(name: str, reading: Reading) -> Value | None:
    try:
        return reading.known(name)
    except Refused:
        reading.refusals.append(Refusal("output", name, "nothing gives it"))
        return None


def _values(node: ForeignNode, reading: Reading, path: str, wanted: Collection[str]) -> Sequence[Value | None]:
    """The values of the node's outputs; None for all of them where an input is unknown."""
    meaning = meanings().get(node.operator)
    if meaning is None and not understood(node.operator):
        raise Refused("there is no such operator in the language")
    inputs = [reading.known(name) if name else None for name in node.inputs]
    if any(value is None for name, value in zip(node.inputs, inputs, strict=True) if name):
        return [None] * len(node.outputs)
    call = Call(reading, node, inputs, {**defaults(node.operator), **node.attributes}, path)
    known = known_before(call)
    found: list[Value | None]
    if known is None:
        call.need(meaning, "it is computed from what is fed")
        assert meaning is not None
        made = meaning(call)
        found = list(made) if isinstance(made, tuple) else [made]
    else:
        found = list(known)
    values = [*found, *[None] * len(node.outputs)][: len(node.outputs)]
    lacking = [name for name, value in zip(node.outputs, values, strict=True) if value is None and name in wanted]
    call.need(not lacking or _is_unknown(node), f"its result `{', '.join(lacking)}` has no counterpart")
    return values


def _is_unknown(node: ForeignNode) -> bool:
    """Whether a result may be unknown because of a refusal inside of the node."""
    return any(isinstance(value, Foreign) for value in node.attributes.values())


def _refused(node: ForeignNode, reading: Reading, why: str, helps: tuple[str, ...]) -> Sequence[None]:
    name = node.name or next(filter(None, node.outputs), "")
    reading.refusals.append(Refusal(node.operator, name, why, helps))
    return [None] * len(node.outputs)
