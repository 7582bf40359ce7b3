"""Model files in our language: names that are words of it, files that are none, and what Python is given."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import cnngraph
from cnngraph.diagnostics import CnnGraphError
from cnngraph.elaborate.elaborate import elaborate
from cnngraph.elaborate.modules import load_text
from cnngraph.interop.endings import TOOLS, is_model
from cnngraph.interop.model_files import bring, read_model
from cnngraph.interop.readable.readable import readable
from cnngraph.ir.builder import Builder
from cnngraph.ir.leaves import Input
from cnngraph.ir.types import TensorType
from cnngraph.ir.window import Window
from cnngraph.ops.conv import Conv

PROTOTXT = """layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 3 dim: 9 dim: 9 } } }
layer { name: "fc" type: "InnerProduct" bottom: "data" top: "fc" inner_product_param { num_output: 10 } }
"""


NAMES = ["net", "conv", "relu", "batch", "it", "same", "true", "3d", "a b", "x.1", "ids", "Ü", ""]


@pytest.mark.parametrize("name", NAMES)
def test_names_that_the_language_has(name: str) -> None:
    """A net, an input and an output of such a name; the states find their way."""
    builder = Builder()
    image = builder.add(name, Input(TensorType.of(3, (8, 8))))
    node = builder.apply("c1", Conv(4, Window((3, 3))), [image.ref])
    graph = builder.finish(name, {name: node.ref})
    written = readable(graph)
    made = elaborate(load_text(written.text))
    assert [str(node.type) for node in made.inputs] == ["3@8x8"]
    assert len(made.outputs) == 1
    assert {made[new].type for new in written.states.values()} == {state.type for state in graph.states}


def test_a_model_is_a_net_like_any_other(tmp_path: Path) -> None:
    path = tmp_path / "net.prototxt"
    path.write_text(PROTOTXT)
    net = cnngraph.load(path)
    assert net.parameters == 2440
    assert net(np.zeros((2, 9, 9, 3), np.float32)).shape == (2, 10)
    brought = bring(path)
    assert brought.source.inputs["data"].places == (0, 3, 1, 2)
    assert cnngraph.loads(brought.text).shapes == net.shapes


@pytest.mark.parametrize(("said", "expected"), [('name: "main_graph"\n', "tiny_1"), ('name: "own"\n', "own")])
def test_a_net_that_nobody_named_is_called_as_its_file(said: str, expected: str, tmp_path: Path) -> None:
    path = tmp_path / "tiny-1.prototxt"
    path.write_text(said + PROTOTXT)
    assert cnngraph.load(path).name == expected


@pytest.mark.parametrize("suffix", TOOLS)
def test_endings(suffix: str, tmp_path: Path) -> None:
    assert is_model(Path(f"a{suffix}"))
    assert is_model(Path(f"a{suffix.upper()}"))
    with pytest.raises(CnnGraphError, match=r"E0801.*there is no such file"):
        read_model(tmp_path / f"a{suffix}")
    (tmp_path / f"b{suffix}").mkdir()
    with pytest.raises(CnnGraphError, match=r"E0801.*is no file"):
        read_model(tmp_path / f"b{suffix}")


def test_weights_belong_to_a_format(tmp_path: Path) -> None:
    for name in ("a.prototxt", "a.onnx", "w.weights"):
        (tmp_path / name).write_text(PROTOTXT)
    with pytest.raises(CnnGraphError, match=r"E0703.*the weights of a .prototxt are a .caffemodel"):
        read_model(tmp_path / "a.prototxt", tmp_path / "w.weights")
    with pytest.raises(CnnGraphError, match=r"E0703.*has its weights in itself"):
        read_model(tmp_path / "a.onnx", tmp_path / "w.weights")


SMALL = "net n(image: 3@9x8) = conv(4, 3x3) -> batchnorm -> relu -> maxpool(2x2) -> flatten -> dense(5) -> softmax"


@pytest.mark.parametrize("suffix", [".onnx", ".prototxt"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80, deadline=None)
@given(data=st.data())
def test_damaged_files_are_read_or_refused(suffix: str, data: st.DataObject, tmp_path: Path) -> None:
    path = tmp_path / f"a{suffix}"
    if suffix == ".onnx":
        pytest.importorskip("onnx", reason="the extra onnx reads what is tested here")
        cnngraph.loads(SMALL).export(path)
    else:
        path.write_text(PROTOTXT)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(0, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)) | st.just(len(content)))])
    try:
        codes = {"E0801"} if bring(path).text else set()
    except CnnGraphError as refused:
        codes = {diagnostic.code for diagnostic in refused.diagnostics}
    assert codes
    assert codes <= {"E0801", "E0802"}
