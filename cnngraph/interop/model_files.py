"""Networks in the files of other tools, read by what the ending of the name says, into graphs or into our language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from cnngraph.diagnostics import error
from cnngraph.interop.endings import TOOLS, WEIGHTS
from cnngraph.interop.flat.names import legal
from cnngraph.interop.imported import Imported
from cnngraph.interop.readable.readable import readable
from cnngraph.ir.op import Array

OF_PYTORCH = ("torch", "onnx", "onnxscript")
"""PyTorch reads its own files, and writes them as ONNX with the last."""

UNTOLD = ("main_graph", "main", "graph", "torch_jit", "torch_jit_export", "tf2onnx", "net")
"""What tools call a network of which they were told no name: that of the file says more."""


@dataclass(frozen=True)
class Brought:
    """A model of another tool in our language: a readable text, weights by the names of the text, and the source."""

    text: str
    states: Mapping[str, Array]
    source: Imported


def bring(
    path: Path, weights: Path | None = None, shapes: Sequence[tuple[int, ...]] = (), placed: bool = False
) -> Brought:
    """A model as text and weights; `placed` on the devices that an ONNX model names. Errors: as `read_model`."""
    source = read_model(path, weights, shapes)
    graph = source.graph
    if placed:
        from cnngraph.interop.onnx.placement import placed_as

        graph = placed_as(path, graph)
    if graph.name in UNTOLD:
        graph = replace(graph, name=legal(path.stem).replace(".", "_"))
    written = readable(graph, {"source": "".join(c if c.isprintable() and c != '"' else "_" for c in path.name)})
    states = {new: source.states[old] for old, new in written.states.items() if old in source.states}
    return Brought(written.text, states, source)


def read_model(path: Path, weights: Path | None = None, shapes: Sequence[tuple[int, ...]] = ()) -> Imported:
    """The network of a model file; `weights` where the format keeps them apart, `shapes` of inputs where it has none.

    Errors: E0801 what cannot be read, E0802 all that has no words in the language, E0603 an extra that is missing.
    """
    suffix = path.suffix.lower()
    if suffix not in TOOLS:
        raise error("E0801", f"{path}: which tool wrote this? cnngraph reads {', '.join(TOOLS)}")
    if not path.is_file():
        raise error("E0801", f"{path}: there is no such file" if not path.exists() else f"{path} is no file")
    if weights is not None:
        _check_weights(path, weights)
    match TOOLS[suffix]:
        case "ONNX":
            from cnngraph.interop.onnx.installed import require_onnx

            require_onnx()
            from cnngraph.interop.onnx.reading import read_onnx

            return read_onnx(path)
        case "PyTorch":
            if lacking := [name for name in OF_PYTORCH if find_spec(name) is None]:
                needed = f"to read {path} needs the packages {', '.join(lacking)}"
                raise error("E0603", needed, "pip install 'cnngraph[torch]'")
            from cnngraph.interop.pytorch.exported import read_torch

            return read_torch(path, shapes or None)
        case "Caffe":
            from cnngraph.interop.caffe import read_caffe

            return read_caffe(path, weights, shapes)
        case _:
            from cnngraph.interop.darknet import read_darknet

            return read_darknet(path, weights)


def _check_weights(path: Path, weights: Path) -> None:
    suffix = WEIGHTS.get(path.suffix.lower())
    if suffix is None:
        raise error("E0703", f"{path} has its weights in itself", "leave out --weights")
    if weights.suffix.lower() != suffix:
        raise error("E0703", f"{weights}: the weights of a {path.suffix} are a {suffix}")
