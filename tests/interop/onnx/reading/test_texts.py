"""Names that are no text are told, wherever in a model they stand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

onnx = pytest.importorskip("onnx", reason="the extra onnx reads what is tested here")

from cnngraph.diagnostics import CnnGraphError  # noqa: E402
from cnngraph.interop.onnx.reading import read_onnx  # noqa: E402

MARK = b"!mark!"


def of_graph(model: onnx.ModelProto, text: str) -> None:
    model.graph.name = text


def of_node(model: onnx.ModelProto, text: str) -> None:
    model.graph.node[0].name = text


def of_value(model: onnx.ModelProto, text: str) -> None:
    model.graph.node[0].output[0] = text


def of_remark(model: onnx.ModelProto, text: str) -> None:
    model.graph.node[0].metadata_props.add(key="namespace", value=text)


def of_size(model: onnx.ModelProto, text: str) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_param = text


@pytest.mark.parametrize("change", [of_graph, of_node, of_value, of_remark, of_size])
@pytest.mark.parametrize("wrong", [b"\xff", b"\xe1a", b"\xc3", b"\xed\xa0\x80"])
def test_a_name_that_is_no_text(change: Callable[[onnx.ModelProto, str], None], wrong: bytes, tmp_path: Path) -> None:
    image = onnx.helper.make_tensor_value_info("x", 1, ["N", 3, 8, 8])
    result = onnx.helper.make_tensor_value_info("y", 1, ["N", 3, 8, 8])
    graph = onnx.helper.make_graph([onnx.helper.make_node("Relu", ["x"], ["y"])], "g", [image], [result])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 21)], ir_version=10)
    change(model, MARK.decode())
    path = tmp_path / "m.onnx"
    path.write_bytes(model.SerializeToString().replace(MARK, wrong.ljust(len(MARK), b"a")))
    with pytest.raises(CnnGraphError, match=r"E0801.*(no text|damaged)"):
        read_onnx(path)
