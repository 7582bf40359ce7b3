"""What operators and gradients say of parts of a batch (`samplewise`, `gathers`, `combine`), over all samples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from cnngraph.ir.op import Array, Op
from cnngraph.ir.registry import registry
from cnngraph.ir.types import TensorType
from cnngraph.ops.gradient import Gradient
from cnngraph.testing import Case, arrays, cases_of, wanted

PARTS = (2, 1)  # samples of each part, of three
TOLERANCE = 1e-12  # float64
WHOLE = {"batchnorm", "dropout"}  # in training: by statistics, by the place in the batch
SUMS = {"weighted_sum"}  # that its gradient follows from the parts is not claimed, because dy has no batch


def cases() -> Iterator[Any]:
    for name, cls in registry().items():
        for i, case in enumerate(cases_of(cls)):
            if any(t.batched for t in case.operands):
                yield pytest.param(replace(case.in_dtype("float64"), batch=sum(PARTS)), id=f"{name}-{i}")


@pytest.mark.parametrize("case", list(cases()))
def test_results_follow_from_those_of_the_parts(case: Case) -> None:
    found = follows(case.op, case.inputs, case.outputs, arrays(case))
    if any(t.batched for t in case.outputs):
        assert found == case.op.samplewise
    else:
        assert found == case.op.gathers


@pytest.mark.parametrize("case", list(cases()))
def test_gradients_follow_from_those_of_the_parts(case: Case) -> None:
    inputs = arrays(case)
    results = case.bound().op.apply(inputs)
    dy = np.asarray(np.cos(np.arange(results[0].size)).reshape(results[0].shape))
    values = dict(zip(case.op.outputs, zip(results, case.outputs, strict=True), strict=True))
    values |= dict(zip(case.names, zip(inputs, case.inputs, strict=True), strict=True))
    for name in wanted(case):
        gradient = Gradient(case.op, (name,), case.inputs, case.outputs)
        saved = [values[key] for key in gradient.saved]
        types = [case.outputs[0], *(type_ for _, type_ in saved)]
        found = follows(gradient, types, gradient.infer(), [dy, *(value for value, _ in saved)])
        assert found or not (gradient.samplewise or gradient.gathers)
        assert found == (gradient.samplewise or gradient.gathers) or case.op.loss or case.op.name in WHOLE | SUMS


def follows(op: Op, types: Sequence[TensorType], result_types: Sequence[TensorType], inputs: Sequence[Array]) -> bool:
    """Whether the results of the whole are those of the parts: one after the other, or combined."""
    whole = op.bind({"batch": sum(PARTS)}).apply(inputs)
    cuts = zip(PARTS, _cuts(types, inputs), strict=True)
    parts = [op.bind({"batch": samples}).apply(cut) for samples, cut in cuts]
    if any(t.batched for t in result_types):
        results = zip(result_types, zip(*parts, strict=True), whole, strict=True)
        return all(_close(np.concatenate(p), y) for t, p, y in results if t.batched)
    joined = op.combine([np.stack(each) for each in zip(*parts, strict=True)], PARTS)
    return all(map(_close, joined, whole))


def _cuts(types: Sequence[TensorType], inputs: Sequence[Array]) -> Iterator[list[Array]]:
    start = 0
    for samples in PARTS:
        stop = start + samples
        yield [x[start:stop] if t.batched else x for t, x in zip(types, inputs, strict=True)]
        start = stop


def _close(found: Array, expected: Array) -> bool:
    return np.shape(found) == np.shape(expected) and bool(np.allclose(found, expected, TOLERANCE, TOLERANCE))


def test_only_these_need_the_whole_batch() -> None:
    needy = {c.op.name for cls in registry().values() for c in cases_of(cls) if not c.op.samplewise}
    assert needy == WHOLE


def test_the_gradient_of_a_loss_is_one_of_the_whole() -> None:
    for cls in registry().values():
        for case in cases_of(cls) if cls.loss else ():
            gradients = [Gradient(case.op, (name,), case.inputs, case.outputs) for name in wanted(case)]
            assert gradients
            assert not any(g.samplewise or g.gathers for g in gradients)
