'''ONNX models into graphs of ours: `read_onnx(path)`, or `read_model(model)`, gives an `Imported`.

    file -> load        a checked ModelProto within limits, functions inlined         E0801
         -> convert     a `Foreign` graph: plain data, in the form of the newest opset
         -> folding     rules with `unite`: several foreign nodes as one (a decomposed gelu as Gelu)
         -> reading     one function for each operator (`meaning/`), over the axes that the inputs may have     E0802
         -> folding     rules with `fold`: our graph, simpler
         -> Imported

**A meaning** is a function in a file of the folder `meaning/`, named in the table `MEANINGS` of that file; all tables
are found by listing the folder. It gets a `Call` and gives the value of the node's output, or a tuple for several:

    from cnngraph.interop.onnx.reading.call import Call
    from cnngraph.interop.onnx.reading.values import Tensor
    from cnngraph.ops.layernorm import LayerNorm

    def layer_normalization(call: Call) -> Tensor:
        x = call.features(call.tensor(0), call["axis"])      # our features are that foreign axis; moved if need be
        scale = call.constant(1, "the scale")                # refuses where it is computed
        shift = call.optional(2)
        weights = {"scale": scale, "shift": np.zeros_like(scale) if shift is None else shift}
        return call.keep(x, call.apply(LayerNorm(call["epsilon"]), [x.ref], weights))

    MEANINGS = {"LayerNormalization": layer_normalization, "com.microsoft.FastGelu": fast_gelu}

`call.need(condition, "why not")` refuses; what our operator itself refuses (`OpError`) is caught and told. Attributes
are Python values with the defaults of the newest opset, texts as `str`, tensors as arrays, graphs as `Foreign`; nodes
of older opsets were brought to the newest form before (`versions.py`). Values are `Constant`, `Sizes` or `Tensor`
(`values.py`); a node whose inputs are all `Constant` never reaches a meaning. Weights are given in our shapes; their
names are those of the operator, and initializers that several nodes read become shared states by themselves.

**A rule** is a module of the folder `folding/` with a number `PLACE` (the lowest is run first) and one function:

    def unite(net: Foreign) -> Foreign        before the meanings, on foreign nodes
    def fold(found: Imported) -> Imported     after them, on our graph and its arrays
'''

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnngraph.interop.imported import Imported
from cnngraph.interop.onnx.installed import require_onnx

if TYPE_CHECKING:
    from onnx import ModelProto


def read_onnx(path: Path) -> Imported:
    """The network of a file.

    Errors: E0603 without onnx; E0801 a file that cannot be read; E0802 all parts that cannot be expressed.
    """
    found: Imported = _module().read_onnx(path)
    return found


def read_model(model: ModelProto, folder: Path | None = None) -> Imported:
    """The same of a model in memory; `folder` is where its external data lies, if it has any."""
    found: Imported = _module().read_model(model, folder)
    return found


def _module() -> Any:
    require_onnx()
    return importlib.import_module(f"{__name__}.read")


__all__ = ["read_model", "read_onnx"]
