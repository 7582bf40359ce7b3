"""Where each position of a sequence lies, added as waves: what `folding/waves.py` finds."""

from __future__ import annotations

from collections.abc import Mapping

from cnngraph.interop.onnx.reading.call import Call
from cnngraph.interop.onnx.reading.tables import Meaning
from cnngraph.interop.onnx.reading.values import Tensor
from cnngraph.ops.add_positions import AddPositions


def add_positions(call: Call) -> Tensor:
    """`AddPositions` of (N, T, d)."""
    x = call.tensor(0)
    call.need(x.rank == 3, "waves along other than a sequence")
    sequence = call.arranged(x, [[0], [1], [2]])
    return call.result(call.apply(AddPositions(), [sequence.ref]), [[0], [1], [2]], 3)


MEANINGS: Mapping[str, Meaning] = {"cnngraph.AddPositions": add_positions}
