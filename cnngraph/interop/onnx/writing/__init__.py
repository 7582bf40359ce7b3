"""A graph with its weights as an ONNX model. `onnx` is imported where a model is first written, and only there.

    graph + states -> ModelProto                        to_model
    graph + states -> model.onnx (and model.onnx.data)  write_onnx
    graph -> how arrays of the model become ours        boundary

The model takes and gives values with two or more axes of positions channels first, as (N, C, H, W), all others as they
are here: (N, C), (N, T, C), ids (N, T).
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnngraph.interop.imported import Axes
from cnngraph.interop.onnx.installed import require_onnx
from cnngraph.interop.onnx.writing.options import Options
from cnngraph.ir.graph import Graph
from cnngraph.ir.op import Array
from cnngraph.ir.types import TensorType

if TYPE_CHECKING:
    import onnx

USUAL = Options()


def to_model(graph: Graph, states: Mapping[str, Array], options: Options = USUAL) -> onnx.ModelProto:
    """The model, its weights inside.

    Errors: E0603 without onnx; E0803 with all nodes that it has no words for; E0703 a state that is missing.
    """
    return _module("model").to_model(graph, states, options)


def write_onnx(path: Path, graph: Graph, states: Mapping[str, Array], options: Options = USUAL) -> None:
    """Write the model to a new file, which then takes the place of `path`; large weights into `path`.data beside it.

    Errors: as `to_model`. No weight is in memory twice.
    """
    _module("file").write_onnx(path, graph, states, options)


def boundary(graph: Graph) -> tuple[Mapping[str, Axes], Mapping[str, Axes]]:
    """By name, how each input and each output of the model becomes ours."""
    inputs = {node.name: axes_at_the_boundary(node.type) for node in graph.inputs}
    return inputs, {name: axes_at_the_boundary(graph.type_of(ref)) for name, ref in graph.outputs.items()}


def axes_at_the_boundary(type_: TensorType) -> Axes:
    """The axes of an input or output: (N, C, positions...) where it has two or more axes of positions.

    >>> axes_at_the_boundary(TensorType.of(3, (224, 224))).places
    (0, 3, 1, 2)
    >>> axes_at_the_boundary(TensorType.of(512, (10,))).places
    (0, 1, 2)
    """
    rank = len(type_.shape)
    return Axes((0, rank - 1, *range(1, rank - 1)) if is_image(type_) else tuple(range(rank)), rank)


def is_image(type_: TensorType) -> bool:
    """Whether a value has channels at positions along two or more axes."""
    return type_.batched and type_.vocabulary is None and len(type_.positions) >= 2


def _module(name: str) -> Any:
    require_onnx()
    return importlib.import_module(f"{__name__}.{name}")


__all__ = ["Options", "axes_at_the_boundary", "boundary", "is_image", "to_model", "write_onnx"]
