"""Models as files: whole, with their weights beside them, and never half."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="the extra [onnx] is not installed")

from cnngraph.diagnostics import CnnGraphError  # noqa: E402
from cnngraph.interop.onnx.writing import Options, file, model, to_model, write_onnx  # noqa: E402
from cnngraph.ir.graph import Graph  # noqa: E402
from cnngraph.ir.op import Array  # noqa: E402
from cnngraph.net import loads  # noqa: E402
from cnngraph.train.initialisers import initial_states  # noqa: E402

TEXT = "net n(x: 3@6x6) = conv(4, 3x3) -> batchnorm -> relu -> flatten -> dense(40) -> dense(5) -> softmax"


def network(text: str = TEXT) -> tuple[Graph, dict[str, Array]]:
    graph = loads(text).graph
    return graph, initial_states(graph, 0)


def weights(model: Any) -> dict[str, Array]:
    return {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}


def test_a_file_is_the_model(tmp_path: Path) -> None:
    graph, states = network()
    assert write_onnx(tmp_path / "n.onnx", graph, states) == [tmp_path / "n.onnx"]
    assert onnx.load(tmp_path / "n.onnx") == to_model(graph, states)


def test_weights_beside_it(tmp_path: Path) -> None:
    graph, states = network()
    path = tmp_path / "n.onnx"
    assert write_onnx(path, graph, states, Options(external=True)) == [path, tmp_path / "n.onnx.data"]
    onnx.checker.check_model(path, full_check=True)
    found, expected = weights(onnx.load(path)), weights(to_model(graph, states))
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value)
    entries = {
        tensor.name: {entry.key: entry.value for entry in tensor.external_data}
        for tensor in onnx.load(path, load_external_data=False).graph.initializer
    }
    assert entries["dense[1].weight"]["location"] == "n.onnx.data"
    assert not any(int(entry["offset"]) % 4096 for entry in entries.values() if entry), "they can be mapped"
    assert entries["conv.bias"] == {}, "what is small stays in the model"


def test_what_passes_the_limit_goes_beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file, "LARGEST", 20_000)
    graph, states = network()
    assert len(write_onnx(tmp_path / "n.onnx", graph, states)) == 2
    assert len(write_onnx(tmp_path / "m.onnx", graph, states, Options(external=False))) == 1
    monkeypatch.setattr(model, "LARGEST", 20_000)
    with pytest.raises(CnnGraphError, match=r"E0803[\s\S]*write_onnx"):
        to_model(graph, states)


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "n.onnx"
    path.write_text("before")
    graph, states = network()
    with pytest.raises(CnnGraphError, match="E0703"):
        write_onnx(path, graph, {})
    (tmp_path / "taken.onnx").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_onnx(tmp_path / "taken.onnx", graph, states)
    assert path.read_text() == "before"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["n.onnx", "taken.onnx"]


@pytest.mark.parametrize("external", [False, True])
def test_no_weight_is_in_memory_twice(tmp_path: Path, external: bool) -> None:
    graph, states = network("net n(x: 4@8x8) = flatten -> dense(20_000) -> dense(200)")
    total = sum(value.nbytes for value in states.values())
    write_onnx(tmp_path / "warm.onnx", graph, states, Options(external=external))
    tracemalloc.start()
    write_onnx(tmp_path / "n.onnx", graph, states, Options(external=external))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < total / 8
