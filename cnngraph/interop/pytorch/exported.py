"""Modules that PyTorch exported or traced, by way of ONNX: file -> program -> ModelProto -> `Imported`.

    .pt2   torch.export.save(program, path)    what its shapes leave open stays open
    .pt    torch.jit.trace(...).save(path)     knows no shapes: they are given; the first axis of an input is the batch

No pickle is read: `archive` says what is taken from a file instead. A traced module is a program in PyTorch's own
language, which its reader in C++ loads; it is run on noise of the given shapes, as whoever traced it ran it.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import logging
import math
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from cnngraph.diagnostics import CnnGraphError, error
from cnngraph.interop.imported import Imported
from cnngraph.interop.onnx.reading import read_model, read_onnx
from cnngraph.interop.pytorch.archive import kind_of, plain_program

MAX_NUMBERS = 2**26  # in an input of a traced module, which is run on it
MAX_INPUTS = 6  # of a traced module: whether each of them takes numbers or ids is tried
FAILURES = (RuntimeError, ValueError, TypeError, LookupError)
"""What PyTorch raises where a traced module does not take an input; anything else is a defect of ours."""


def read_torch(path: str | Path, shapes: Sequence[tuple[int, ...]] | None = None) -> Imported:
    """The network of an exported program or, with the shapes of its inputs, of a traced module.

    Raises E0801 where the file cannot be read, E0802 where ONNX or the language has no words for a part of it.
    """
    path = Path(path)
    if kind_of(path) == "program":
        return read_model(_of_program(path))
    if not shapes:
        said = f"say that of each input: `cnngraph import {path.name} --input 1x3x224x224`"
        raise error("E0801", f"{path} is a traced module, which tells no shapes", said)
    return _of_traced(path, shapes)


def _of_program(path: Path) -> Any:
    content = plain_program(path)
    with _quiet(), _told("E0801", f"{path} cannot be read by PyTorch"):
        program = torch.export.load(io.BytesIO(content))
    with _quiet(), _told("E0802", "PyTorch cannot write this program as ONNX"):
        # Not optimised: that folds batch norms into convolutions, and who trains the network further wants them.
        found = torch.onnx.export(program, dynamo=True, verbose=False, optimize=False)
        assert found is not None, "what has no file is handed back"
        return found.model_proto


def _of_traced(path: Path, shapes: Sequence[tuple[int, ...]]) -> Imported:
    with _quiet(), _told("E0801", f"{path} cannot be read by PyTorch"):
        module = torch.jit.load(path, map_location="cpu").eval()
    inputs = _example(path, module, shapes)
    try:
        return _by_onnx(module, inputs, {0: "batch"})
    except CnnGraphError:  # its batch may be another axis, or of a fixed size
        return _by_onnx(module, inputs, {})


def _by_onnx(module: Any, inputs: Sequence[torch.Tensor], axes: dict[int, str]) -> Imported:
    names = [f"input{i}" for i in range(len(inputs))] if len(inputs) > 1 else ["input"]
    with TemporaryDirectory() as folder:
        file = Path(folder) / "traced.onnx"
        with _quiet(), _told("E0802", "PyTorch cannot write this module as ONNX"):
            torch.onnx.export(
                module, tuple(inputs), file, dynamo=False, input_names=names,
                dynamic_axes={name: axes for name in names if axes},
            )  # fmt: skip
        return read_onnx(file)


def _example(path: Path, module: Any, shapes: Sequence[tuple[int, ...]]) -> list[torch.Tensor]:
    """An input for each shape: numbers, or ids where the module takes nothing else."""
    if len(shapes) > MAX_INPUTS:
        raise error("E0801", f"{path}: {len(shapes)} inputs of a traced module; {MAX_INPUTS} can be tried")
    if large := [shape for shape in shapes if math.prod(shape) > MAX_NUMBERS]:
        said = "its sizes are only an example: smaller ones do as well"
        raise error("E0801", f"{path}: an input of the shape {large[0]} has more than {MAX_NUMBERS:,} numbers", said)
    why: Exception | None = None
    for kinds in itertools.product((torch.float32, torch.int64), repeat=len(shapes)):
        inputs = [torch.zeros(shape, dtype=kind) for shape, kind in zip(shapes, kinds, strict=True)]
        try:
            with _quiet(), torch.no_grad():
                module(*inputs)
            return inputs
        except FAILURES as problem:
            why = why or problem
    text = str(why).strip().splitlines()
    raise error("E0801", f"{path} does not run on inputs of the shapes {list(shapes)}", *text[-1:])


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without what the exporters print and warn of: what matters is told by what they give."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "torch.export", "torch._export")]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.CRITICAL)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)


@contextlib.contextmanager
def _told(code: str, message: str) -> Iterator[None]:
    """PyTorch's exceptions, of whatever kind, as ours."""
    try:
        yield
    except Exception as problem:
        text = str(problem).strip().splitlines()
        raise error(code, message, *(line.strip() for line in text[:1])) from problem
