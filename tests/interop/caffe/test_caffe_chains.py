"""Layers in any order: what one leaves lying in another order, the next has to find."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("torch", reason="the oracle is written in PyTorch")

from interop.caffe.importing import assert_agrees
from interop.caffe.miniature import Miniature
from interop.caffe.printing import Layer, Word

from cnngraph.diagnostics import CnnGraphError

SHAPE = (2, 4, 6, 5)
GRID = {
    "conv": ("Convolution", {"convolution_param": {"num_output": 6, "kernel_size": 3, "pad": 1}}),
    "point": ("Convolution", {"convolution_param": {"num_output": 4, "kernel_size": 1, "bias_term": False}}),
    "pool": ("Pooling", {"pooling_param": {"kernel_size": 2, "stride": 2}}),
    "all": ("Pooling", {"pooling_param": {"pool": Word("AVE"), "global_pooling": True}}),
    "lrn": ("LRN", {"lrn_param": {"local_size": 3, "alpha": 0.5}}),
    "permute": ("Permute", {"permute_param": {"order": [0, 2, 3, 1]}}),
}
ANY = {
    "relu": ("ReLU", {}),
    "norm": ("BatchNorm", {}),
    "scale": ("Scale", {"scale_param": {"bias_term": True}}),
    "prelu": ("PReLU", {}),
    "flat": ("Flatten", {}),
    "dense": ("InnerProduct", {"inner_product_param": {"num_output": 24}}),
    "row": ("Reshape", {"reshape_param": {"shape": {"dim": [0, -1]}}}),
    "image": ("Reshape", {"reshape_param": {"shape": {"dim": [0, 2, -1, 3]}}}),
    "column": ("Reshape", {"reshape_param": {"shape": {"dim": [0, -1, 1, 1]}}}),
    "halves": ("Slice", {}),
    "twice": ("Concat", {}),
    "sum": ("Eltwise", {"eltwise_param": {"coeff": [1.0, -0.5]}}),
}


def chain(kinds: list[str]) -> list[Layer]:
    """The layers of these kinds that can follow each other; a network of none would have no result."""
    oracle = Miniature()
    oracle.run([], {"data": np.ones(SHAPE, np.float32)})
    layers: list[Layer] = []
    last = "data"
    for kind in ["relu", *kinds]:
        type_, fields = {**GRID, **ANY}[kind]
        value, name = oracle.values[last], f"l{len(layers)}"
        if kind in GRID and value.ndim != 4:
            continue
        if type_ == "Reshape" and kind == "image" and value[0].numel() % 6:
            continue
        if (kind == "halves" and value.shape[1] % 2) or (kind == "twice" and value.shape[1] > 50):
            continue
        if kind == "pool" and min(value.shape[2:]) < 2:
            continue
        tops = [name, f"{name}b"] if kind == "halves" else [name]
        layer = Layer(name, type_, [last] * (2 if kind in ("twice", "sum") else 1), tops, fields)
        layers.append(layer)
        results = getattr(oracle, type_)(layer, *[value] * len(layer.bottoms))
        oracle.values.update(zip(tops, results if isinstance(results, list) else [results], strict=True))
        last = name
    return layers


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([*GRID, *ANY]), max_size=7))
def test_layers_in_any_order(kinds: list[str]) -> None:
    """Of permuted axes only some ways on are expressed; all other layers follow each other as they like."""
    with TemporaryDirectory() as folder:
        try:
            assert_agrees(Path(folder), chain(kinds), {"data": SHAPE})
        except CnnGraphError as problem:
            refused = {diagnostic.code for diagnostic in problem.diagnostics}
        else:
            refused = set()
    assert not refused or (refused == {"E0802"} and "permute" in kinds)
