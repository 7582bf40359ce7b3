"""A network with its weights as files of other tools; the ending of the name says which.

    .onnx    an ONNX model; weights that pass its 2 GB in .onnx.data beside it
    folder   with a partition: an ONNX model for each device, and parts.json, which says how they go together
    .py      PyTorch source, and its state dict in .pytorch.safetensors beside it
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cnngraph.diagnostics import error
from cnngraph.interop.imported import Axes
from cnngraph.interop.onnx.installed import require_onnx
from cnngraph.interop.onnx.writing import Options, boundary, write_onnx
from cnngraph.interop.pytorch_source import to_pytorch
from cnngraph.interop.safetensors import save_weights
from cnngraph.ir.graph import Graph
from cnngraph.ir.op import Array
from cnngraph.ir.types import TensorType
from cnngraph.partition.partition import Partition

ENDINGS = {"onnx": ".onnx", "pytorch": ".py"}


@dataclass(frozen=True)
class Exported:
    """Files that were written, and how arrays of the inputs and outputs become ours."""

    files: list[Path]
    inputs: Mapping[str, Axes]
    outputs: Mapping[str, Axes]


def export(
    path: Path, graph: Graph, states: Mapping[str, Array], options: Options, partition: Partition | None = None
) -> Exported:
    """Write the network, as the ending of the path says.

    With a partition of this graph, whatever its sizes, a model says which device runs what; a path without an ending is
    the folder for a model of each device. Errors: E0803 all nodes that the format has no words for, or an ending that
    is no format; E0603 without `onnx`.
    """
    if path.suffix not in ENDINGS.values() and (path.suffix or partition is None):
        known = " and ".join(f"{ending} ({format_})" for format_, ending in ENDINGS.items())
        raise error("E0803", f"{path}: which format is this? cnngraph writes {known}")
    try:
        (path.parent if path.suffix else path).mkdir(parents=True, exist_ok=True)
        if path.suffix == ENDINGS["pytorch"]:
            return _export_pytorch(path, graph, states)
        require_onnx()
        return Exported(_onnx_files(path, graph, states, options, partition), *boundary(graph))
    except OSError as problem:
        raise error("E0803", f"{path} cannot be written: {problem.strerror}") from problem


def _onnx_files(
    path: Path, graph: Graph, states: Mapping[str, Array], options: Options, partition: Partition | None
) -> list[Path]:
    if partition is None:
        return write_onnx(path, graph, states, options)
    from cnngraph.interop.onnx.parts import write_parts
    from cnngraph.interop.onnx.placement import place_file

    if not path.suffix:
        return write_parts(path, graph, states, partition, options)
    files = write_onnx(path, graph, states, options)
    place_file(path, partition)
    return files


def _export_pytorch(path: Path, graph: Graph, states: Mapping[str, Array]) -> Exported:
    weights = path.with_suffix(".pytorch.safetensors")  # net.safetensors has ours
    source = to_pytorch(graph, states, weights.name)
    save_weights(weights, source.states)
    path.write_text(source.text, encoding="utf-8")
    return Exported([path, weights], source.inputs, source.outputs)


def layout_text(type_: TensorType, axes: Axes) -> str:
    """The sizes of a value in the order of a foreign array, and in ours where that is another.

    >>> layout_text(TensorType.of(3, (224, 224)), Axes((0, 3, 1, 2), 4))
    '(batch, 3, 224, 224), which is (batch, 224, 224, 3) here'
    """
    theirs = _sizes([1 if place is None else type_.shape[place] for place in axes.places])
    ours = _sizes(type_.shape)
    return theirs if theirs == ours else f"{theirs}, which is {ours} here"


def _sizes(sizes: object) -> str:
    assert isinstance(sizes, list | tuple)
    return f"({', '.join(map(str, sizes))})"
