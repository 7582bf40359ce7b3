"""Every operator as a model of ONNX, against the reference implementation of ONNX and against ONNX Runtime.

pytest tests/ops/test_onnx.py -s               a table of the largest errors (samples, and a few drawn settings)
pytest tests/ops/test_onnx.py -s -m sweep      the same of many settings, each time others
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import prod
from operator import ge
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings

onnx = pytest.importorskip("onnx", reason="the reference implementation of ONNX is an oracle of these tests")
pytest.importorskip("onnxruntime", reason="ONNX Runtime is an oracle of these tests")

from ops.drawn import Setting, settings_of  # noqa: E402
from ops.written import by_reference, by_runtime, computed, graph_of, model_of  # noqa: E402

from cnngraph.diagnostics import CnnGraphError  # noqa: E402
from cnngraph.interop.onnx.writing import Options  # noqa: E402
from cnngraph.ir.op import Array, Op, OpError, rng  # noqa: E402
from cnngraph.ir.registry import registry  # noqa: E402
from cnngraph.ir.size import Dim, symbol  # noqa: E402
from cnngraph.ir.types import TensorType  # noqa: E402

QUICK, MANY = 5, 100
TOLERANCE = {"float32": 1e-5, "float64": 5e-7}  # attributes of ONNX are float32, whatever the arrays are
ENGINES = {"float32": (by_reference, by_runtime), "float64": (by_reference,)}  # the runtime has kernels for float32
ROUNDED = 2e-3  # by as much some drawn settings are rounded in float32
NOTHING = 1e-3  # the scale of smaller arrays
OF_TRAINING = {
    "adagrad", "adam", "adamw", "clip_norm", "join_layers", "joint_norm", "moments", "moving_average", "rmsprop", "sgd",
    "square_sum",
}  # fmt: skip
OF_EXECUTION = {"affine", "batch_line", "fold_norm", "norm_line", "plane", "slope_plane", "slope_sums"}
"""What passes make for the machine here: a net is written without them."""
OF_EXAMINATION = {"weighted_sum"}
"""What is added to look into a net."""
NEVER_WRITTEN = OF_TRAINING | OF_EXECUTION | OF_EXAMINATION
OF_FIXED_SIZES = {"medianpool", "adaptive_avgpool", "adaptive_maxpool"}
"""What ONNX has no words for where positions are open."""


def beyond(engine: object, setting: Setting) -> str | None:
    """Why an engine does not compute what ONNX defines, if it does not."""
    return beyond_the_reference(setting) if engine is by_reference else beyond_the_runtime(setting)


def beyond_the_reference(setting: Setting) -> str | None:
    """Why the reference of ONNX 1.23 does not."""
    op: Any = setting.op
    x: Any = setting.operands[0] if setting.operands else None
    rank = len(x.shape) - 2 if x else 0
    match op.name:
        case "lrn" if setting.batch != op.infer(x).channels:
            return "sums over channels as many as there are samples"
        case "globalmaxpool" if rank != 2:
            return "knows images only"
        case "resize" if any(n & (n - 1) for n in x.positions):
            return "rounds the ratio of sizes to float32"
        case "medianpool" if prod(op.geometry(x).size) > 60:
            return "gathers from few places only"
        case "scan":
            return "goes along the first axis only"
        case "upconv" if op.groups > 1 and (op.bias or not op.groups == x.channels == op.features):
            return "gives each group one feature, from the weights and the bias of others"
        case "avgpool" | "l2pool" if reaches_over(op, x) > (0 if op.name == "l2pool" else 1):
            return "lets a last window of `ceil` reach over at both sides, and counts its positions as if they were"
        case "upconv" if any(map(ge, op.added(rank), op.geometry(rank).stride)):
            return "has no output padding as large as the stride, which ONNX allows below a dilation"
        case "maxpool" | "minpool" if set(op.geometry(x).stride) == {1} and any(map(any, op.geometry(x).pad)):
            return "takes a padding for that of `same` where the stride is 1"
    return None


def beyond_the_runtime(setting: Setting) -> str | None:
    """Why ONNX Runtime 1.31 does not."""
    op: Any = setting.op
    if op.name == "upconv":
        g, added = op.geometry(rank := len(setting.operands[0].positions)), op.added(rank)
        if any(n >= step and n > after for n, step, (_, after) in zip(added, g.stride, g.pad, strict=True)):
            return "has no output padding as large as the stride"
    if op.name == "lrn" and op.alpha == 0:
        return "wants an alpha above 0"
    if op.name == "resize" and op.mode == "cubic" and len(setting.operands[0].positions) != 2:
        return "draws cubic curves through images only"
    return None


def reaches_over(op: Any, x: TensorType) -> int:
    g = op.geometry(x)
    return max(int(b - a) for (_, a), (_, b) in zip(g.pad, g.covering(x.positions).pad, strict=True))


OPERATORS = {name: op for name, op in registry().items() if op.__module__.startswith("cnngraph.") and op.samples()}
WRITTEN = [name for name in OPERATORS if name not in NEVER_WRITTEN]
NAMED = [name for name, op in OPERATORS.items() if any(s.op.onnx() for s in op.samples())]
worst: dict[str, dict[str, float]] = {}


@pytest.fixture(autouse=True, scope="module")
def table() -> Iterator[None]:
    yield
    columns = [f"{dtype} {engine.__name__}" for dtype, engines in ENGINES.items() for engine in engines]
    lines = [f"{name:24}" + "".join(f"{errors.get(c, 0):>22.1e}" for c in columns) for name, errors in worst.items()]
    print("", f"{'operator':24}" + "".join(f"{c:>22}" for c in columns), *sorted(lines), sep="\n")


def samples_of(name: str) -> list[Setting]:
    """What the contract test knows of an operator, in the form that predicts."""
    found = [s for s in OPERATORS[name].samples() if not getattr(s.op, "training", False)]
    return [Setting(s.op, s.inputs, s.batch, s.domain) for s in found]


@pytest.mark.parametrize("name", NAMED)
def test_the_counterpart_is_defined_as_named(name: str) -> None:
    for setting in samples_of(name):
        found = setting.op.onnx()
        if found is not None:
            schema = onnx.defs.get_schema(found.operator, found.opset)
            assert schema.since_version == found.opset
            assert not schema.deprecated
            assert set(found.attributes) <= set(schema.attributes)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", WRITTEN)
def test_the_samples_agree(name: str, dtype: str) -> None:
    for setting in samples_of(name):
        compare(setting, dtype)


@pytest.mark.parametrize("name", WRITTEN)
def test_the_samples_agree_where_sizes_are_open(name: str) -> None:
    for setting in samples_of(name):
        if (types := opened(setting)) is not None:
            compare(setting, "float32", types)


@pytest.mark.parametrize("opset", [21, 24])
@pytest.mark.parametrize("name", WRITTEN)
def test_the_samples_agree_in_other_opsets(name: str, opset: int) -> None:
    compare(samples_of(name)[0], "float32", options=Options(opset=opset))


@pytest.mark.parametrize("name", sorted(NEVER_WRITTEN))
def test_the_others_are_refused(name: str) -> None:
    setting = Setting(*next((s.op, s.inputs, s.batch, s.domain) for s in OPERATORS[name].samples()))
    with pytest.raises(CnnGraphError, match="E0803"):
        compare(setting, "float32")


@pytest.mark.parametrize("name", WRITTEN)
def test_drawn_settings_agree(name: str) -> None:
    examine(name, QUICK, derandomize=True)


@pytest.mark.sweep
@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", WRITTEN)
def test_many_drawn_settings_agree(name: str, dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TOLERANCE, "float32", ROUNDED)
    examine(name, MANY, derandomize=False, dtype=dtype)


def examine(name: str, count: int, derandomize: bool, dtype: str = "float64") -> None:
    @settings(
        max_examples=count, derandomize=derandomize, deadline=None, database=None,
        phases=[Phase.generate, Phase.shrink], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(settings_of(name))
    def check(setting: Setting) -> None:
        assume(not getattr(setting.op, "training", False))
        compare(setting, dtype)

    check()


def opened(setting: Setting) -> tuple[TensorType, ...] | None:
    """The operands with a symbol for each number of positions, where the operator takes that."""
    sizes = {size for t in setting.operands if t.batched for size in t.positions}
    symbols: dict[Dim, Dim] = {size: symbol(f"P{size}", at_least=size) for size in sizes}
    if not symbols or setting.op.name in OF_FIXED_SIZES:
        return None
    types = tuple(replace(t, shape=tuple(symbols.get(size, size) for size in t.shape)) for t in setting.operands)
    try:
        setting.op.output_types(types)
    except OpError:
        return None
    return types


def compare(
    setting: Setting, dtype: str, types: tuple[TensorType, ...] | None = None, options: Options | None = None
) -> None:
    """All engines that can, against what the operator gives; `types` are written instead of those of the setting."""
    op = in_kind(setting.op.bind({"batch": setting.batch}), dtype)
    values = drawn(op, setting, dtype)
    written = tuple(t if t.vocabulary is not None else replace(t, dtype=dtype) for t in types or setting.operands)
    graph = graph_of(in_kind(setting.op, dtype), written)
    model = model_of(graph, values, options or Options())
    engines = [engine for engine in ENGINES[dtype] if beyond(engine, setting) is None]
    expected = np.asarray(op.apply(values)[0])
    for engine in engines:
        agree(op, computed(graph, model, values, engine), expected, dtype, f"{dtype} {engine.__name__}")


def in_kind(op: Any, dtype: str) -> Any:
    return replace(op, dtype=dtype) if hasattr(op, "dtype") else op


def agree(op: Op, found: Array, expected: Array, dtype: str, column: str) -> None:
    assert found.shape == expected.shape
    assert found.dtype == expected.dtype
    scale = max(np.abs(expected).max(initial=0), NOTHING)
    error = float(np.abs(found - expected).max(initial=0) / scale)
    errors = worst.setdefault(op.name, {})
    errors[column] = max(error, errors.get(column, 0))
    assert error < TOLERANCE[dtype]


def drawn(op: Any, setting: Setting, dtype: str) -> list[Array]:
    """Numbers for the operands and the weights."""
    operands = tuple(t if t.vocabulary is not None else replace(t, dtype=dtype) for t in setting.operands)
    names = op.input_names(len(operands))
    weights = {name: weight.type for name, weight in op.weight_types(*operands).items()}
    types = dict(zip(names, operands, strict=False)) | weights
    domains = [setting.domain] * len(operands) + [None] * len(weights)
    return [numbers(n, i, t, setting.batch, domains[i]) for i, (n, t) in enumerate(types.items())]


def numbers(name: str, place: int, type_: TensorType, batch: int, domain: tuple[float, float] | None) -> Array:
    type_, draw = type_.bind(batch=batch), rng(0, place)
    if type_.dtype == "int64":
        return draw.integers(0, type_.vocabulary or 2, type_.concrete)
    found = draw.uniform(*domain, type_.concrete) if domain else draw.normal(size=type_.concrete)
    return np.asarray(np.abs(found) + 0.25 if name == "variance" else found, type_.dtype)
