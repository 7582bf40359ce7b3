"""ONNX Runtime as an engine for graphs and for files. The only file that imports onnxruntime, when it is first used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

import numpy as np

from cnngraph.diagnostics import error
from cnngraph.interop.onnx.writing import Options, boundary, to_model, write_onnx
from cnngraph.ir.graph import Graph
from cnngraph.ir.op import Array

Forward: TypeAlias = Callable[[Mapping[str, Array]], dict[str, Array]]
LARGE_BYTES = 1_500_000_000  # a model in memory is one protocol buffer, which holds no 2 GB
ERRORS_ALONE = 3  # of ONNX Runtime's levels of what is logged
KINDS = {
    "tensor(float)": "float32", "tensor(double)": "float64", "tensor(float16)": "float16", "tensor(bool)": "bool",
    "tensor(int64)": "int64", "tensor(int32)": "int32", "tensor(int8)": "int8", "tensor(uint8)": "uint8",
}  # fmt: skip


def forward(graph: Graph, states: Mapping[str, Array], threads: int) -> Forward:
    """What runs a graph in ONNX Runtime, on arrays as ours. Errors: E0603 where it cannot; E0803 as for any export."""
    require_onnxruntime()
    if sum(array.nbytes for array in states.values()) < LARGE_BYTES:
        run = Session(to_model(graph, states).SerializeToString(), threads)
    else:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "model.onnx"
            write_onnx(path, graph, states, Options(external=True))
            run = Session(path, threads)
    inputs, outputs = boundary(graph)

    def ours(feeds: Mapping[str, Array]) -> dict[str, Array]:
        found = run({name: axes.theirs(feeds[name]) for name, axes in inputs.items()})
        return {name: axes.ours(found[name]) for name, axes in outputs.items()}

    return ours


class Session:
    """An ONNX model that runs: `session(feeds)`, on arrays in its own order. Errors: E0603.

    `sizes` has, for each input, the sizes that the model states, None where one is open.
    """

    def __init__(self, model: bytes | Path, threads: int = 1) -> None:
        require_onnxruntime()
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.log_severity_level = threads, ERRORS_ALONE
        source = model if isinstance(model, bytes) else str(model)
        self._opened = _asked(lambda: onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"]))
        self._kinds = {value.name: KINDS.get(value.type) for value in self._opened.get_inputs()}
        self._outputs = [value.name for value in self._opened.get_outputs()]
        self.sizes: Mapping[str, tuple[int | None, ...]] = {
            value.name: tuple(size if isinstance(size, int) else None for size in value.shape)
            for value in self._opened.get_inputs()
        }

    def __call__(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        given = {name: np.asarray(array, self._kinds.get(name)) for name, array in feeds.items()}
        found = _asked(lambda: self._opened.run(self._outputs, given))
        return dict(zip(self._outputs, found, strict=True))


def require_onnxruntime() -> None:
    """Raise E0603 unless ONNX Runtime is installed."""
    if find_spec("onnxruntime") is None:
        raise error("E0603", "the engine onnxruntime is not installed", "pip install 'cnngraph[onnxruntime]'")


def _asked(question: Callable[[], Any]) -> Any:
    """The answer; ONNX Runtime's refusals, which share no class but Exception, as E0603."""
    try:
        return question()
    except Exception as refusal:
        if not type(refusal).__module__.startswith("onnxruntime"):
            raise
        raise error("E0603", f"the engine onnxruntime cannot run this: {refusal}", "take --engine numpy") from refusal
