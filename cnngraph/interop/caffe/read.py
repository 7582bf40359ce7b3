"""The way in: a prototxt, and the weights of a caffemodel if there are any, as a network of ours."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from cnngraph.diagnostics import CnnGraphError, Diagnostic, Source, error
from cnngraph.interop.caffe.caffemodel import read_blobs
from cnngraph.interop.caffe.importer import Importer
from cnngraph.interop.caffe.importer import Source as Origin
from cnngraph.interop.caffe.meaning import TABLE
from cnngraph.interop.caffe.network import read_network
from cnngraph.interop.caffe.prototxt import MAX_BYTES
from cnngraph.interop.caffe.pruning import pruned
from cnngraph.interop.imported import Imported
from cnngraph.ir.graph import Graph
from cnngraph.ir.op import Array


def read_caffe(prototxt: Path, weights: Path | None = None) -> Imported:
    """The network that a prototxt describes in the phase TEST, with the weights of a caffemodel, if given.

    Raises E0801 where a file is damaged, E0802 once for each thing that cannot be expressed, and E0703 once for each
    weight that is missing or has another shape.
    """
    network, notes = pruned(read_network(Source.of(prototxt.name, _text(prototxt))))
    importer = Importer(network, TABLE)
    graph, inputs, outputs = importer.run()
    states = {} if weights is None else _states(graph, importer.sources, weights)
    return Imported(graph, states, inputs, outputs, (*notes, *importer.assembly.notes))


def _text(path: Path) -> str:
    """Comments may be in any encoding: what is not UTF-8 is replaced."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise error("E0801", f"{path}: a prototxt cannot have more than {MAX_BYTES:,} bytes")
        return path.read_bytes().decode("utf-8", "replace")
    except OSError as problem:
        raise error("E0801", f"{path}: the network cannot be read: {problem.strerror}") from problem


def _states(graph: Graph, sources: Mapping[str, Origin | Array], weights: Path) -> dict[str, Array]:
    """An array for each state, out of the blobs of the layers. Raises E0703 with all that is missing or unfit."""
    blobs = read_blobs(weights)
    states, wrong = {}, {}
    for node in graph.states:
        source = sources[node.name]
        if not isinstance(source, Origin):
            states[node.name] = source
        elif source.layer not in blobs and source.filled is not None:
            states[node.name] = source.turn(source.filled)
        elif problem := _misfit(source, blobs.get(source.layer, [])):
            wrong[problem] = Diagnostic("E0703", f"{weights}: {problem}")
        else:
            arrays = [blobs[source.layer][i].reshape(shape) for i, shape in source.blobs.items()]
            states[node.name] = np.ascontiguousarray(source.turn(*arrays))
    if wrong:
        raise CnnGraphError(wrong.values())
    return states


def _misfit(source: Origin, blobs: list[Array]) -> str | None:
    """What is wrong with the blobs of a layer; axes of size 1 before the others are no difference."""
    for index, shape in source.blobs.items():
        if index >= len(blobs):
            return f"layer {source.layer} lacks blob {index}, of shape {shape}"
        if _core(blobs[index].shape) != _core(shape):
            return f"blob {index} of layer {source.layer} has the shape {blobs[index].shape}, not {shape}"
    return None


def _core(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Without leading axes of size 1: before 2014 every blob had four axes."""
    first = next((i for i, size in enumerate(shape) if size != 1), len(shape))
    return shape[first:]
