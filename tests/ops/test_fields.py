"""Receptive fields of the operators: what lies outside of the field of an output position does not change it."""

from __future__ import annotations

from collections.abc import Iterator
from math import floor

import numpy as np
import pytest

from cnngraph.ir.op import Op, Shape
from cnngraph.ir.registry import registry
from cnngraph.testing import Case, arrays, cases_of

CHANGE = 7.5


def cases() -> Iterator[Case]:
    for cls in registry().values():
        for case in cases_of(cls):
            if _has_a_field(case):
                yield case


def _has_a_field(case: Case) -> bool:
    grids = [t for t in case.operands if t.batched and t.positions]
    if not grids or getattr(case.op, "training", False):  # statistics of a batch are those of all positions
        return False
    rank, result = len(grids[0].positions), case.outputs[0]
    mirrored = case.op.name == "padding" and getattr(case.op, "mode", "") in ("reflect", "wrap")
    return result.batched and len(result.positions) == rank and case.op.field_of_view(rank) is not None and not mirrored


def _field(op: Op, position: Shape, positions: Shape) -> tuple[slice, ...]:
    view, start = op.field_of_view(len(positions)), op.field_start(positions)
    assert view is not None
    axes = zip(position, view, start, positions, strict=True)
    firsts = [(floor(p * stride + begin), extent, n) for p, (extent, stride), begin, n in axes]
    return tuple(slice(min(max(f, 0), n - 1), min(max(f + e, 1), n)) for f, e, n in firsts)


@pytest.mark.parametrize("case", list(cases()), ids=str)
def test_only_the_field_matters(case: Case) -> None:
    inputs, bound = arrays(case), case.bound()
    with np.errstate(all="ignore"):
        y = bound.op.apply(inputs)[0]
        for i, type_ in enumerate(bound.operands):
            if not type_.positions or type_.dtype == "int64" or len(type_.shape) != y.ndim:
                continue
            for position in np.ndindex(y.shape[1:-1]):
                field = _field(bound.op, position, inputs[i].shape[1:-1])
                changed = inputs[i] + inputs[i].dtype.type(CHANGE)
                changed[:, *field] = inputs[i][:, *field]
                z = bound.op.apply([*inputs[:i], changed, *inputs[i + 1 :]])[0]
                np.testing.assert_array_equal(z[:, *position], y[:, *position], err_msg=f"{position} of {bound}")


@pytest.mark.parametrize("name", ["conv", "avgpool", "maxpool", "upsample", "crop", "slice", "padding"])
def test_all_ends_of_the_field_matter(name: str) -> None:
    """The field is no wider than need be: what lies in its first or last row changes some position that sees it."""
    tried = 0
    for case in cases_of(registry()[name]):
        if not _has_a_field(case) or getattr(case.op, "mode", "zeros") not in ("zeros", "nearest"):
            continue
        if getattr(case.op, "dilation", 1) != 1:  # at the border a hole may be the end
            continue
        inputs, bound = arrays(case), case.bound()
        y = bound.op.apply(inputs)[0]
        for position in np.ndindex(y.shape[1:-1]):
            field = _field(bound.op, position, inputs[0].shape[1:-1])
            if _in_padding(bound.op, position, inputs[0].shape[1:-1]):
                continue
            for axis, part in enumerate(field):
                for end in (part.start, part.stop - 1):
                    changed = inputs[0].copy()
                    changed[:, *field[:axis], end] += np.float32(100)
                    z = bound.op.apply([changed, *inputs[1:]])[0]
                    assert (z[:, *position] != y[:, *position]).any(), f"{position} of {bound} does not see {end}"
                    tried += 1
    assert tried > 20


def _in_padding(op: Op, position: Shape, positions: Shape) -> bool:
    """Whether the position sees nothing but padding."""
    view, start = op.field_of_view(len(positions)), op.field_start(positions)
    assert view is not None
    axes = zip(position, view, start, positions, strict=True)
    return any(not -extent < floor(p * stride + s) < n for p, (extent, stride), s, n in axes)
