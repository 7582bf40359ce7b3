"""All engines give the same predictions and the same step."""

from __future__ import annotations

import pytest

from benchmarks.engine import PEERS, engine, missing, names_of
from benchmarks.networks import subject
from benchmarks.tasks import able, agreeing

pytest.importorskip("torch", reason="PyTorch is what the others are compared with")
pytest.importorskip("onnxruntime", reason="an engine of the benchmark")
pytest.importorskip("jax", reason="an engine of the benchmark")

ENGINES = names_of(tuple(PEERS))


@pytest.mark.parametrize("kind", ["inference", "training"])
def test_lenet5(kind: str) -> None:
    far, works = agreeing(subject("lenet5", 3), kind, able(ENGINES, kind), threads=1)
    assert list(works) == [name for name in ENGINES if getattr(engine(name), kind)]
    assert max(each.worst for each in far.values()) < 1e-4


@pytest.mark.parametrize("name", ["torch", "jax", "onnxruntime"])
def test_nothing_is_missing(name: str) -> None:
    assert missing(name) == ""
