"""A graph with its weights as an ONNX model. `onnx` is imported where a model is first written, and only there.

    graph + states -> ModelProto                        to_model
    graph + states -> model.onnx (and model.onnx.data)  write_onnx
    graph -> how arrays of the model become ours        boundary

The model takes and gives values with two or more axes of positions channels first, as (N, C, H, W), all others as they
are here: (N, C), (N, T, C), ids (N, T).

Nodes, values and weights have our names; the last value has that of the output. Blocks are told by a remark on each
node, `namespace`, as PyTorch writes it: viewers show it, runtimes pass it over. They are no functions of the model: a
runtime puts the bodies of functions in their places under other names, so that nobody could ask for a value inside
by its name any more, and a body would be shared only where all of its sizes agree.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnngraph.interop.onnx.installed import require_onnx
from cnngraph.interop.onnx.writing.boundary import axes_at_the_boundary, boundary
from cnngraph.interop.onnx.writing.options import Options
from cnngraph.ir.graph import Graph
from cnngraph.ir.op import Array

if TYPE_CHECKING:
    import onnx

USUAL = Options()


def to_model(graph: Graph, states: Mapping[str, Array], options: Options = USUAL) -> onnx.ModelProto:
    """The model, its weights inside.

    Errors: E0603 without onnx; E0803 with all nodes that it has no words for; E0703 states that are missing or do not
    fit.
    """
    made: onnx.ModelProto = _module("model").to_model(graph, states, options)
    return made


def write_onnx(path: Path, graph: Graph, states: Mapping[str, Array], options: Options = USUAL) -> list[Path]:
    """Write the model to a new file, which then takes the place of `path`; large weights into `path`.data beside it.

    Gives the files that were written. Errors: as `to_model`. No weight is in memory twice.
    """
    files: list[Path] = _module("file").write_onnx(path, graph, states, options)
    return files


def _module(name: str) -> Any:
    require_onnx()
    return importlib.import_module(f"{__name__}.{name}")


__all__ = ["Options", "axes_at_the_boundary", "boundary", "to_model", "write_onnx"]
