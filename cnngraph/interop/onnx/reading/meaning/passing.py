"""What passes values on: identity, dropout, and a branch of which it is known that it is taken."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cnngraph.interop.onnx.reading.call import Call
from cnngraph.interop.onnx.reading.meaning.elementwise import chained, short
from cnngraph.interop.onnx.reading.nodes import read_nodes
from cnngraph.interop.onnx.reading.values import Tensor, Value
from cnngraph.ops.dropout import Dropout
from cnngraph.ops.identity import Identity
from cnngraph.ops.scale import Scale
from cnngraph.ops.shift import Shift


def identity(call: Call) -> Value:
    """Other tools leave these behind; in a file of ours one stands for a shortcut."""
    x = call.value(0)
    return call.each(Identity(), x) if call.reading.ours and isinstance(x, Tensor) else x


def dropout(call: Call) -> tuple[Tensor, ...]:
    """Of a prediction, which keeps all: so says the mask, its further output."""
    rate, training = call.number(1, 0.5, "the ratio"), call.number(2, 0, "whether it trains")
    call.need(not training or rate == 0, "it draws random numbers of its own, in training mode")
    x = call.tensor(0)
    y = call.each(Dropout(short(rate)), x)
    return (y, chained(call, x, Scale(0.0), Shift(1.0))) if len(call.node.outputs) > 1 else (y,)


def branch(call: Call) -> tuple[Value | None, ...]:
    """The branch that is taken, its nodes read where the node stands."""
    taken = call["then_branch"] if call.constant(0, "the condition").reshape(()) else call["else_branch"]
    return tuple(read_nodes(taken, call.reading))


MEANINGS: Mapping[str, Callable[[Call], Value | tuple[Value | None, ...]]] = {
    "Dropout": dropout,
    "Identity": identity,
    "If": branch,
}
