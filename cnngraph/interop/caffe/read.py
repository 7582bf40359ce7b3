"""The way in: a prototxt, and the weights of a caffemodel if there are any, as a network of ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path

import numpy as np

from cnngraph import diagnostics
from cnngraph.diagnostics import CnnGraphError, Diagnostic, error
from cnngraph.interop.caffe.caffemodel import read_blobs
from cnngraph.interop.caffe.importer import Importer, Known, Source
from cnngraph.interop.caffe.meaning import TABLE
from cnngraph.interop.caffe.network import read_network
from cnngraph.interop.caffe.prototxt import MAX_BYTES
from cnngraph.interop.caffe.pruning import pruned
from cnngraph.interop.imported import Imported
from cnngraph.ir.graph import Graph, Node
from cnngraph.ir.op import Array

MAX_FILLED = 2**28  # numbers of one weight that are not in its file


def read_caffe(prototxt: Path, weights: Path | None = None, shapes: Sequence[tuple[int, ...]] = ()) -> Imported:
    """The network that a prototxt describes in the phase TEST, with the weights of a caffemodel, if given.

    `shapes`, each with a batch, are those of data whose size the file does not say, in the order of the file.
    Raises E0801 where a file is damaged, E0802 once for each thing that cannot be expressed, and E0703 once for each
    weight that is missing or has another shape.
    """
    network, notes = pruned(read_network(diagnostics.Source.of(prototxt.name, _text(prototxt))))
    importer = Importer(network, TABLE, shapes)
    graph, inputs, outputs = importer.run()
    notes += importer.assembly.notes
    states = {} if weights is None else _states(graph, importer.sources, weights, notes)
    return Imported(graph, states, inputs, outputs, tuple(notes))


def _text(path: Path) -> str:
    """Comments may be in any encoding: what is not UTF-8 is replaced."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise error("E0801", f"{path}: a prototxt cannot have more than {MAX_BYTES:,} bytes")
        return path.read_bytes().decode("utf-8", "replace")
    except OSError as problem:
        raise error("E0801", f"{path}: the network cannot be read: {problem.strerror}") from problem


def _states(graph: Graph, sources: Mapping[str, Known], weights: Path, notes: list[str]) -> dict[str, Array]:
    """An array for each state, out of the blobs of the layers; layers that are not in the network are noted.

    Raises E0703 with all that is missing or unfit.
    """
    blobs = read_blobs(weights)
    read = {source.layer for source in sources.values() if isinstance(source, Source)}
    if unread := [name for name in blobs if name not in read]:
        notes.append(f"{weights.name} has weights of layers that the network does not have: {', '.join(unread)}")
    wrong = {problem for node in graph.states if (problem := _misfit(sources[node.name], blobs))}
    wrong |= {problem for node in graph.states if (problem := _excess(node, sources[node.name]))}
    if wrong:
        raise CnnGraphError(Diagnostic("E0703", f"{weights}: {problem}") for problem in sorted(wrong))
    return {node.name: _array(node, sources[node.name], blobs) for node in graph.states}


def _array(node: Node, source: Known, blobs: Mapping[str, list[Array]]) -> Array:
    if not isinstance(source, Source):
        return np.full(node.type.concrete, source, np.float32)
    if source.layer not in blobs and source.filled is not None:
        return np.array(source.turn(source.filled()), np.float32, order="C")
    arrays = [blobs[source.layer][index].reshape(shape) for index, shape in source.blobs.items()]
    return np.array(source.turn(*arrays), np.float32, order="C")  # a copy: a view would hold the whole file


def _excess(node: Node, source: Known) -> str | None:
    """What is wrong with numbers that are not in the file: too many of them."""
    read = sum(map(prod, source.blobs.values())) if isinstance(source, Source) and source.filled is None else 0
    made = prod(node.type.concrete) - read
    return f"{node.name} would be filled with {made:,} numbers" if made > MAX_FILLED else None


def _misfit(source: Known, blobs: Mapping[str, list[Array]]) -> str | None:
    """What is wrong with the blobs of a layer; axes of size 1 before the others are no difference."""
    if not isinstance(source, Source) or (source.filled is not None and source.layer not in blobs):
        return None
    if source.layer not in blobs:
        return f"there are no weights for layer {source.layer}"
    found = blobs[source.layer]
    for index, shape in source.blobs.items():
        if index >= len(found):
            return f"layer {source.layer} lacks blob {index}, of shape {shape}"
        if _core(found[index].shape) != _core(shape):
            return f"blob {index} of layer {source.layer} has the shape {found[index].shape}, not {shape}"
    return None


def _core(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Without leading axes of size 1: before 2014 every blob had four axes."""
    first = next((i for i, size in enumerate(shape) if size != 1), len(shape))
    return shape[first:]
