"""From a file to `Imported`: the stages in order."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from onnx import ModelProto

from cnngraph.diagnostics import CnnGraphError, Diagnostic
from cnngraph.interop.imported import Imported
from cnngraph.interop.onnx.reading.attempt import best
from cnngraph.interop.onnx.reading.convert import foreign
from cnngraph.interop.onnx.reading.fold import folded
from cnngraph.interop.onnx.reading.load import checked, load, unreadable
from cnngraph.interop.onnx.reading.reading import Refusal
from cnngraph.interop.onnx.reading.regained import regained
from cnngraph.interop.onnx.reading.tables import foldings, unitings
from cnngraph.interop.onnx.reading.tensors import Tensors


def read_onnx(path: Path) -> Imported:
    """The network of a file. Raises E0801 where it cannot be read, E0802 for each part that cannot be expressed."""
    return _read(load(path), path.parent, str(path))


def read_model(model: ModelProto, folder: Path | None = None) -> Imported:
    """The same of a model in memory; `folder` is where its external data lies, if it has any."""
    return _read(checked(model, "the model"), folder, "the model")


def _read(model: ModelProto, folder: Path | None, file: str) -> Imported:
    net = folded(foreign(model, Tensors(folder, partial(unreadable, file))))
    for unite in unitings():
        net = folded(unite(net))
    attempt = best(net)
    if attempt.refusals:
        raise CnnGraphError([_diagnostic(refusal, file) for refusal in attempt.refusals])
    found = attempt.imported()
    for fold in foldings():
        found = fold(found)
    return regained(found) if net.ours else found


def _diagnostic(refusal: Refusal, file: str) -> Diagnostic:
    message = f"{file}: {refusal.operator} `{refusal.node}`: {refusal.why}"
    return Diagnostic("E0802", message, helps=refusal.helps)

