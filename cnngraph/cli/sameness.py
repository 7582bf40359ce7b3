"""By how much a net of ours and a model of another tool differ, on the same random input."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cnngraph.interop.imported import Axes, Imported
    from cnngraph.ir.graph import Graph
    from cnngraph.net import Net

SIZE = 32  # of an axis that is open
RUNS = ".onnx"  # what there is an engine for beside cnngraph


def must_be_checkable(model: Path) -> None:
    """Refuse what no engine here runs, before the work. Errors: E0603."""
    from cnngraph.diagnostics import error
    from cnngraph.interop.onnx.runtime import require_onnxruntime

    if model.suffix.lower() != RUNS:
        why = f"{model}: --check compares with ONNX Runtime, which runs {RUNS} files"
        raise error("E0603", why, "leave out --check")
    require_onnxruntime()


def checked(model: Path, net: Net, source: Imported, seed: int) -> str:
    """The largest difference between the outputs of the net and those of the model, in words.

    Inputs and outputs of model, `source` and net are the same in the same order, but not always by name. Errors: E0603.
    """
    import numpy as np

    from cnngraph.cli.run import feeds_of
    from cnngraph.interop.onnx.runtime import Session

    session = Session(model)
    axes = [source.inputs[node.name] for node in source.graph.inputs]
    graph = source.graph.bind(**sizes_of(source.graph, axes, list(session.sizes.values())))
    feeds = list(feeds_of(graph, {}, None, seed).values())
    fed = (each.theirs(array) for each, array in zip(axes, feeds, strict=True))
    theirs = session(dict(zip(session.sizes, fed, strict=True)))
    given: Any = net(*feeds)
    ours = list(given.values()) if isinstance(given, dict) else [given]
    worst = (-1.0, "", 0.0)
    for name, array, other in zip(graph.outputs, ours, theirs.values(), strict=True):
        expected = source.outputs[name].ours(other)
        same = (array == expected) | (np.isnan(array) & np.isnan(expected))
        with np.errstate(invalid="ignore"):
            gaps = np.where(same, 0.0, np.abs(array - expected))
        difference = float(np.nan_to_num(gaps, nan=np.inf).max(initial=0.0))  # a number that only one of them has
        worst = max(worst, (difference, name, float(np.nanmax(np.abs(expected), initial=0.0))))
    return f"check: largest difference {worst[0]:.2g}, in {worst[1]}, whose values go up to {worst[2]:.3g}"


def sizes_of(graph: Graph, axes: Sequence[Axes], stated: Sequence[Sequence[int | None]]) -> dict[str, int]:
    """A number for each size that is open in the graph: what the model states, 2 samples, else one that is allowed."""
    from cnngraph.ir.size import symbols

    found = {"batch": 2}
    for node, places, numbers in zip(graph.inputs, axes, stated, strict=True):
        for symbol in (symbol for size in node.type.shape for symbol in symbols(size)):
            if symbol.name not in found:
                found[symbol.name] = -(-max(SIZE, symbol.at_least) // symbol.multiple_of) * symbol.multiple_of
        for place, size in zip(places.places, numbers, strict=True):
            if place is not None and size is not None and (named := str(node.type.shape[place])) in found:
                found[named] = size
    return found
