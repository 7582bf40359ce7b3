"""ONNX Runtime as an engine: our numbers, and its refusals in our words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx", reason="the extra onnx writes what is tested here")
pytest.importorskip("onnxruntime", reason="ONNX Runtime runs what is tested here")

from cnngraph.diagnostics import CnnGraphError
from cnngraph.interop.onnx import runtime
from cnngraph.interop.onnx.runtime import Session, forward
from cnngraph.net import Net, loads


@pytest.fixture
def net() -> Net:
    return loads("net n(image: 2@9x7, word: ids(5)) { a: image -> conv(3, 3x3); b: word -> embed(4); return a, b }")


FEEDS = {
    "image": np.random.default_rng(0).standard_normal((3, 9, 7, 2)).astype(np.float32),
    "word": np.array([4, 0, 2], np.int64),
}


@pytest.mark.parametrize("large", [runtime.LARGE_BYTES, 1])
def test_a_graph_on_arrays_of_ours(net: Net, large: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """In memory, or where a protocol buffer would be too small, through a file."""
    monkeypatch.setattr(runtime, "LARGE_BYTES", large)
    runner = net.runner()
    found = forward(runner.graph, runner.states, 1)(FEEDS)
    for name, value in net(**FEEDS).items():
        np.testing.assert_allclose(found[name], value, rtol=1e-5, atol=1e-6)


def test_a_file_says_its_sizes(net: Net, tmp_path: Path) -> None:
    session = Session(net.export(tmp_path / "n.onnx").files[0])
    assert session.sizes == {"image": (None, 2, 9, 7), "word": (None,)}
    found = session({"image": FEEDS["image"].transpose(0, 3, 1, 2), "word": FEEDS["word"].astype(np.int32)})
    assert [found[name].shape for name in ("a", "b")] == [(3, 3, 7, 5), (3, 4)]


def test_refusals(net: Net, tmp_path: Path) -> None:
    for model in (b"", b"no model", tmp_path / "nowhere.onnx", tmp_path):
        with pytest.raises(CnnGraphError, match=r"E0603.*onnxruntime"):
            Session(model)
    session = Session(net.export(tmp_path / "n.onnx").files[0])
    with pytest.raises(CnnGraphError, match=r"E0603.*onnxruntime"):
        session({"image": np.zeros((1, 2, 3, 4), np.float32), "word": FEEDS["word"]})
