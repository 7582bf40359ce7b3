"""PyTorch as an engine for graphs. `torch` is imported where a graph is first run by it, and only there."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any, TypeAlias

from cnngraph.diagnostics import error
from cnngraph.ir.graph import Graph
from cnngraph.ir.op import Array

Forward: TypeAlias = Callable[[Mapping[str, Array]], dict[str, Array]]


def forward(graph: Graph, states: Mapping[str, Array], threads: int) -> Forward:
    """What runs a graph without gradients in PyTorch, on arrays as ours. Errors: E0603 where PyTorch cannot."""
    if find_spec("torch") is None:
        raise error("E0603", "the engine torch is not installed", "pip install 'cnngraph[torch]'")
    meaning: Any = importlib.import_module("cnngraph.interop.pytorch.meaning")
    if lacking := sorted({node.op.name for node in graph if node.inputs} - meaning.MEANING.keys()):
        raise error("E0603", f"the engine torch does not know {', '.join(lacking)}", "take --engine numpy")
    interpreter: Any = importlib.import_module("cnngraph.interop.pytorch.interpreter")
    run: Forward = interpreter.prediction(graph, states, threads)
    return run
