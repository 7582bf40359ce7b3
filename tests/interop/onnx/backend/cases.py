"""The test cases that ONNX brings along, and what becomes of each."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper
from onnx.backend.test.loader import load_model_tests

from cnngraph.diagnostics import CnnGraphError
from cnngraph.interop.onnx.backend import prepare
from cnngraph.ir.op import Array

SUITES = ("node", "pytorch-converted", "pytorch-operator", "simple")
KINDS = {
    TensorProto.STRING: "string", TensorProto.FLOAT16: "", TensorProto.BFLOAT16: "",
    TensorProto.FLOAT: "", TensorProto.DOUBLE: "", TensorProto.BOOL: "booleans", TensorProto.INT64: "integers",
    TensorProto.INT32: "integers", TensorProto.INT16: "integers", TensorProto.INT8: "integers",
    TensorProto.UINT8: "integers", TensorProto.UINT16: "integers", TensorProto.UINT32: "integers",
    TensorProto.UINT64: "integers", TensorProto.COMPLEX64: "complex", TensorProto.COMPLEX128: "complex",
}  # fmt: skip
"""What is no number of this language, by the type of a result; all others are numbers of a few bits."""


FAMILIES = {
    "bits": "BitCast BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor",
    "control flow": "If Loop Scan",
    "detection": "NonMaxSuppression RoiAlign",
    "encoders and trees": "ai.onnx.ml.ArrayFeatureExtractor ai.onnx.ml.Binarizer ai.onnx.ml.LabelEncoder "
    "ai.onnx.ml.TreeEnsemble",
    "image files": "ImageDecoder",
    "lengths of each sample": "ReverseSequence",
    "optional values": "OptionalGetElement OptionalHasElement",
    "quantized": "ConvInteger DequantizeLinear DynamicQuantizeLinear MatMulInteger QLinearConv QLinearMatMul "
    "QuantizeLinear",
    "random": "Bernoulli",
    "rounding": "Ceil Floor Mod Round",
    "running sums": "CumProd CumSum",
    "sampling": "AffineGrid GridSample DeformConv MaxUnpool Col2Im",
    "scattering": "GatherElements GatherND Scatter ScatterElements ScatterND TensorScatter",
    "sequences": "SequenceInsert SequenceMap SplitToSequence",
    "signals": "BlackmanWindow DFT HammingWindow HannWindow MelWeightMatrix STFT",
    "sizes alone": "Constant ConstantOfShape EyeLike Range Shape Size",
    "sorting": "Compress Hardmax NonZero OneHot TopK Unique",
    "text": "RegexFullMatch StringConcat StringNormalizer StringSplit TfIdfVectorizer",
    "trigonometry": "Acos Acosh Asin Asinh Atan Atanh Det",
}
"""What a case is about that is not attempted, in a word."""

WORDS = {
    "has the id": "labels that are none of the classes",
    "receives ids(": "arithmetic on labels",
    "cannot be inlined": "functions that ONNX cannot inline",
}
"""What some messages come down to."""

PRECISE, PRECISION = ("float32", "float64"), 1e-5
NOTHING = 1e-3  # the scale of smaller arrays
WRITTEN = {"test_averagepool_2d_ceil_last_window_starts_on_pad": 1e-3}
"""Cases whose numbers are written with four digits."""

ROUNDED = {"bfloat16": 2.0**-6}
"""Larger differences of numbers than ONNX itself allows: rounded to 8 bits once here, and more often there."""


@dataclass(frozen=True)
class Case:
    """One case: of the suite, about the operator, a model with lists of inputs and of outputs that belong together."""

    suite: str
    name: str
    operator: str
    model: Any
    pairs: Sequence[tuple[Sequence[Any], Sequence[Any]]]
    relative: float
    absolute: float


@dataclass(frozen=True)
class Outcome:
    """`state` is passed, wrong or refused; `why` says for the last two what is the matter."""

    case: Case
    state: str
    why: str = ""


@cache
def all_cases() -> Sequence[Case]:
    """All but the light networks, which take files."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the making of the cases
        found = [(suite, case) for suite in SUITES for case in load_model_tests(kind=suite)]
    plain = {case.name: _operator(case.model) for suite, case in found if suite == "node"}
    return [_case(suite, case, plain) for suite, case in found]


def _case(suite: str, case: Any, operators: dict[str, str]) -> Case:
    base = case.name.partition("_expanded")[0]
    if case.model is not None:
        operator = operators.get(base, operators[case.name])
        pairs = [(_plain(inputs), _plain(outputs)) for inputs, outputs in case.data_sets]
        return Case(suite, case.name, operator, case.model, pairs, case.rtol, case.atol)
    folder = Path(case.model_dir)
    model = onnx.load(folder / "model.onnx")
    pairs = [(_arrays(data, "input", model.graph.input), _arrays(data, "output", model.graph.output))
             for data in sorted(folder.glob("test_data_set_*"))]  # fmt: skip
    return Case(suite, case.name, suite, model, pairs, case.rtol, case.atol)


def _plain(values: Sequence[Any]) -> list[Any]:
    return [numpy_helper.to_array(value) if isinstance(value, TensorProto) else value for value in values]


def _operator(model: Any) -> str:
    node = model.graph.node[0]
    return f"{node.domain}.{node.op_type}" if node.domain else str(node.op_type)


def _arrays(folder: Path, word: str, values: Sequence[Any]) -> list[Any]:
    files = [folder / f"{word}_{i}.pb" for i in range(len(list(folder.glob(f"{word}_*.pb"))))]
    return [_value(path, value) for path, value in zip(files, values, strict=False)]


def _value(path: Path, value: Any) -> Any:
    if value.type.WhichOneof("value") == "tensor_type":
        return numpy_helper.to_array(onnx.load_tensor(path))
    return None  # a sequence, which nothing here takes


def outcome(case: Case) -> Outcome:
    """What becomes of a case: our outputs have to have the type, the shape and, nearly, the numbers that it says."""
    try:
        prepared = prepare(case.model)
        for inputs, expected in case.pairs:
            found = prepared.run(inputs)
            if problem := difference(found, expected, case):
                return Outcome(case, "wrong", problem)
    except CnnGraphError as refused:
        return Outcome(case, "refused", reason(case, refused))
    return Outcome(case, "passed")


def difference(found: Sequence[Array], expected: Sequence[Any], case: Case) -> str:
    """What is wrong with our results, if anything."""
    if len(found) != len(expected):
        return f"{len(found)} outputs instead of {len(expected)}"
    for ours, theirs in zip(found, expected, strict=True):
        if ours.shape != theirs.shape or ours.dtype != theirs.dtype:
            return f"{ours.dtype} {ours.shape} instead of {theirs.dtype} {theirs.shape}"
        relative = max(case.relative, ROUNDED.get(theirs.dtype.name, 0.0))
        near = np.isclose(ours.astype(float), theirs.astype(float), rtol=relative, atol=case.absolute, equal_nan=True)
        if not near.all() or not _precise(ours, theirs, case.name):
            return f"a difference of {np.nanmax(np.abs(ours.astype(float) - theirs.astype(float))):.1e}"
    return ""


def _precise(ours: Array, theirs: Array, name: str) -> bool:
    """Whether the largest difference is that of rounding: ONNX allows single numbers a thousandth."""
    if theirs.dtype.name not in PRECISE or not theirs.size:
        return True
    scale = max(np.abs(theirs[np.isfinite(theirs)]).max(initial=0), NOTHING)
    with np.errstate(invalid="ignore"):
        return bool(np.nanmax(np.abs(ours - theirs), initial=0) <= WRITTEN.get(name, PRECISION) * scale)


def reason(case: Case, refused: CnnGraphError) -> str:
    """Why a case is not attempted, in a word or a few."""
    if said := [family for family, operators in FAMILIES.items() if case.operator in operators.split()]:
        return said[0]
    graph = case.model.graph
    for value in (*graph.input, *graph.output):
        kind = value.type.WhichOneof("value")
        if kind != "tensor_type":
            return {"sequence_type": "sequences", "optional_type": "optional values"}.get(kind, str(kind))
    kinds = [KINDS.get(value.type.tensor_type.elem_type, "few bits") for value in (*graph.input[:1], *graph.output)]
    if said := [kind for kind in kinds if kind and (kind != "integers" or kind == kinds[0])]:
        return said[0]
    if any(getattr(array, "size", 1) == 0 for pair in case.pairs for arrays in pair for array in arrays):
        return "no numbers"
    message = refused.diagnostics[0].message
    return next((word for part, word in WORDS.items() if part in message), message.rpartition("`: ")[2])


def outcomes(cases: Sequence[Case]) -> Iterator[Outcome]:
    return map(outcome, cases)
