"""The test cases that ONNX brings along, computed by our operators, where their fields can say what a case asks for.

pytest tests/ops/test_onnx_cases.py -s        a table: how many cases of each operator, the largest error, what is left
"""

from __future__ import annotations

import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="the cases come with ONNX")

from onnx.backend.test.case import node as cases  # noqa: E402
from onnx.helper import get_attribute_value  # noqa: E402
from ops.from_onnx import MEANING, Inexpressible  # noqa: E402

FILES = {
    "AveragePool": "averagepool", "BatchNormalization": "batch_normalization", "ConvTranspose": "convtranspose",
    "ReduceMax": "reducemax", "InstanceNormalization": "instance_normalization",
    "SoftmaxCrossEntropyLoss": "softmax_cross_entropy_loss",
}  # fmt: skip
"""Where the cases of an operator are, if not in a file of its name in small letters."""

TOLERANCE = 1e-5
ROUNDED = {"test_averagepool_2d_ceil_last_window_starts_on_pad": 1e-3}  # its numbers are written with four digits
NOTHING = 1e-3  # the scale of smaller arrays
AT_LEAST = {"Conv": 6, "ConvTranspose": 11, "AveragePool": 14, "MaxPool": 14, "SoftmaxCrossEntropyLoss": 20,
            "HardSigmoid": 0}  # fmt: skip
"""How many cases of an operator our fields say, if not at least one; those of HardSigmoid have other slopes."""

covered: Counter[str] = Counter()
worst: dict[str, float] = defaultdict(float)
left: dict[str, Counter[str]] = defaultdict(Counter)


@pytest.fixture(autouse=True, scope="module")
def table() -> Iterator[None]:
    yield
    for kind in MEANING:
        why = "; ".join(f"{count} {reason}" for reason, count in left[kind].items())
        print(f"{kind:26}{covered[kind]:4} of {covered[kind] + left[kind].total():3}{worst[kind]:10.1e}  {why}")
    print(f"{covered.total()} cases of {len(+covered)} operators; {sum(c.total() for c in left.values())} not said")


def cases_of(kind: str) -> list[Any]:
    """The cases of one node, of this operator. (To collect all of ONNX, as its own loader does, takes ten seconds.)"""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import_module(f"{cases.__name__}.{FILES.get(kind, kind.lower())}")
    found = [c for c in cases._NodeTestCases if [n.op_type for n in c.model.graph.node] == [kind]]
    return [c for c in found if "_expanded" not in c.name]


@pytest.mark.parametrize("kind", MEANING)
def test_the_cases_agree(kind: str) -> None:
    found = cases_of(kind)
    assert found
    for case in found:
        try:
            error = error_of(case)
        except Inexpressible as reason:
            left[kind][str(reason)] += 1
            continue
        covered[kind] += 1
        worst[kind] = max(worst[kind], error)
        assert error < ROUNDED.get(case.name, TOLERANCE), case.name
    assert covered[kind] >= AT_LEAST.get(kind, 1)


def error_of(case: Any) -> float:
    (node,) = case.model.graph.node
    ((inputs, outputs),) = case.data_sets
    remaining = iter(inputs)
    values = [next(remaining) if name else None for name in node.input]
    found, expected = MEANING[node.op_type](attributes_of(node, case.model), *values), outputs[0]
    assert found.shape == expected.shape, case.name
    assert found.dtype == expected.dtype, case.name
    return float(np.abs(found - expected).max(initial=0) / max(np.abs(expected).max(initial=0), NOTHING))


def attributes_of(node: Any, model: Any) -> SimpleNamespace:
    """The attributes by name, with their defaults; None where one has neither."""
    (version,) = [o.version for o in model.opset_import if o.domain == ""]
    schema = onnx.defs.get_schema(node.op_type, version)
    defaults = {name: a.default_value for name, a in schema.attributes.items()}
    known = {name: get_attribute_value(a) if a.name else None for name, a in defaults.items()}
    given = {a.name: get_attribute_value(a) for a in node.attribute}
    return SimpleNamespace(**known | given, outputs=len(node.output))
