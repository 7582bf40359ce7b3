"""Model files in our language: names that are words of it, files that are none, and what Python is given."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

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
