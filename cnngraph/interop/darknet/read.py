"""The way in: a cfg, and its file of weights if there is one, as a network of ours."""

from __future__ import annotations

from pathlib import Path

from cnngraph.diagnostics import Source, error
from cnngraph.interop.darknet.importer import Importer
from cnngraph.interop.darknet.layers import ENDS, TABLE
from cnngraph.interop.darknet.sections import MAX_BYTES, read_sections
from cnngraph.interop.darknet.weights import read_weights
from cnngraph.interop.imported import Imported


def read_darknet(cfg: Path, weights: Path | None = None) -> Imported:
    """The network that a cfg describes, with the numbers of a file of weights, if given.

    Raises E0801 where a file is damaged, E0802 once for each thing that cannot be expressed, and E0703 where the
    weights are those of another network.
    """
    try:
        if cfg.stat().st_size > MAX_BYTES:
            raise error("E0801", f"{cfg}: a cfg cannot have more than {MAX_BYTES:,} bytes")
        text = cfg.read_bytes().decode("utf-8", "replace")  # comments may be in any encoding
    except OSError as problem:
        raise error("E0801", f"{cfg}: the network cannot be read: {problem.strerror}") from problem
    importer = Importer(TABLE, ENDS, cfg.stem)
    graph, inputs, outputs = importer.run(read_sections(Source.of(cfg.name, text)))
    found = {} if weights is None else read_weights(weights, importer.pieces)
    states = {node.name: found[node.name] for node in graph.states if found}
    return Imported(graph, states, inputs, outputs, tuple(importer.assembly.notes))
