"""Every operator that names its ONNX counterpart against the reference implementation of ONNX.

pytest tests/ops/test_onnx.py -s               a table of the largest errors (samples, and a few drawn settings)
pytest tests/ops/test_onnx.py -s -m sweep      the same of many settings, each time others
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from operator import ge
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings

onnx = pytest.importorskip("onnx", reason="the reference implementation of ONNX is the oracle of these tests")

from ops.drawn import Setting, settings_of  # noqa: E402
from ops.one_node import WAYS, by_onnx  # noqa: E402

from cnngraph.ir.op import Array, rng  # noqa: E402
from cnngraph.ir.registry import registry  # noqa: E402
from cnngraph.ir.types import TensorType  # noqa: E402

QUICK, MANY = 5, 100
TOLERANCE = {"float32": 1e-5, "float64": 5e-7}  # attributes of ONNX are float32, whatever the arrays are
FLOAT32_ONLY = ("constant",)
NOTHING = 1e-3  # the scale of smaller arrays


def beyond_the_reference(setting: Setting) -> str | None:
    """Why the reference of ONNX 1.23 does not compute what ONNX defines, if it does not."""
    op: Any = setting.op
    x: Any = setting.operands[0] if setting.operands else None
    rank = len(x.positions) if x else 0
    match op.name:
        case "lrn" if setting.batch > op.infer(x).channels:
            return "sums over channels as many as there are samples"
        case "upconv" if op.groups > 1 and (op.bias or not op.groups == x.channels == op.features):
            return "gives each group one feature, from the weights and the bias of others"
        case "avgpool" | "l2pool" if reaches_over(op, x) > (0 if op.name == "l2pool" else 1):
            return "lets a last window of `ceil` reach over at both sides, and counts its positions as if they were"
        case "upconv" if any(map(ge, op.added(rank), op.geometry(rank).stride)):
            return "has no output padding as large as the stride, which ONNX allows below a dilation"
        case "maxpool" if set(op.geometry(x).stride) == {1} and any(map(any, op.geometry(x).pad)):
            return "takes a padding for that of `same` where the stride is 1"
    return None


def reaches_over(op: Any, x: TensorType) -> int:
    g = op.geometry(x)
    return max(int(b - a) for (_, a), (_, b) in zip(g.pad, g.covering(x.positions).pad, strict=True))


NAMED = [name for name, op in registry().items() if any(s.op.onnx() for s in op.samples())]
DRAWN = [name for name in NAMED if name != "normalize"]  # which is drawn with an epsilon that ONNX does not have
worst: dict[str, dict[str, float]] = {}


@pytest.fixture(autouse=True, scope="module")
def table() -> Iterator[None]:
    yield
    lines = [
        f"{name:24}" + "".join(f"{errors.get(d, 0):>12.1e}" for d in TOLERANCE)
        for name, errors in sorted(worst.items())
    ]
    print("", f"{'operator':24}" + "".join(f"{d:>12}" for d in TOLERANCE), *lines, sep="\n")


def test_every_operator_with_a_counterpart_has_a_way_to_it() -> None:
    assert sorted(WAYS) == NAMED


@pytest.mark.parametrize("name", NAMED)
def test_the_counterpart_is_defined_as_named(name: str) -> None:
    for sample in registry()[name].samples():
        found = sample.op.onnx()
        if found is not None:
            schema = onnx.defs.get_schema(found.operator, found.opset)
            assert schema.since_version == found.opset
            assert not schema.deprecated
            assert set(found.attributes) <= set(schema.attributes)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", NAMED)
def test_the_samples_agree(name: str, dtype: str) -> None:
    named = [s for s in registry()[name].samples() if s.op.onnx()]
    settings_ = [Setting(s.op, s.inputs, s.batch, s.domain) for s in named]
    within = [setting for setting in settings_ if not beyond_the_reference(setting)]
    assert within
    for setting in within:
        compare(setting, dtype)


@pytest.mark.parametrize("name", DRAWN)
def test_drawn_settings_agree(name: str) -> None:
    examine(name, QUICK, derandomize=True)


@pytest.mark.sweep
@pytest.mark.parametrize("name", DRAWN)
def test_many_drawn_settings_agree(name: str) -> None:
    examine(name, MANY, derandomize=False)


def examine(name: str, count: int, derandomize: bool) -> None:
    @settings(
        max_examples=count, derandomize=derandomize, deadline=None, database=None,
        phases=[Phase.generate, Phase.shrink], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(settings_of(name))
    def check(setting: Setting) -> None:
        assume(setting.op.onnx() and not beyond_the_reference(setting))
        compare(setting, "float64")  # in float32 some are rounded by more than they differ

    check()


def compare(setting: Setting, dtype: str) -> None:
    op: Any = setting.op.bind({"batch": setting.batch})
    if hasattr(op, "dtype") and op.name not in FLOAT32_ONLY:
        op = replace(op, dtype=dtype)
    values = drawn(op, setting, dtype)
    found, expected = np.asarray(op.apply(values)[0]), by_onnx(op, values)
    assert found.shape == expected.shape
    assert found.dtype == expected.dtype
    scale = max(np.abs(expected).max(initial=0), NOTHING)
    error = float(np.abs(found - expected).max(initial=0) / scale)
    errors = worst.setdefault(op.name, {})
    errors[dtype] = max(error, errors.get(dtype, 0))
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
