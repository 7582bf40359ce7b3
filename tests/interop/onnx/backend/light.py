"""The nine networks that ONNX brings along without their weights: each weight is one number at every place.

So much sameness hides mistakes; the same networks with random weights do not.
"""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import ModelProto, TensorProto, helper, numpy_helper
from onnx.backend.test.runner import Runner

from cnngraph.ir.op import Array, rng

FOLDER = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
NAMES = ("bvlc_alexnet", "densenet121", "inception_v1", "inception_v2", "resnet50", "shufflenet", "squeezenet", "vgg19",
         "zfnet512")  # fmt: skip


def network(name: str) -> ModelProto:
    return onnx.load(FOLDER / f"light_{name}.onnx")


def image(model: ModelProto) -> Array:
    """What the test suite of ONNX feeds."""
    given = {tensor.name for tensor in model.graph.initializer}
    (fed,) = [value for value in model.graph.input if value.name not in given]
    return np.asarray(Runner.generate_dummy_data(fed))


def expected(name: str) -> Array:
    """What it expects."""
    return numpy_helper.to_array(onnx.load_tensor(FOLDER / f"light_{name}_output_0.pb"))


def with_random_weights(model: ModelProto, seed: int = 0) -> ModelProto:
    """The network with weights that keep the numbers in it of one size, and all vectors between 0.5 and 1.5."""
    shapes = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    made = ModelProto()
    made.CopyFrom(model)
    del made.graph.node[:]
    for place, node in enumerate(model.graph.node):
        if node.op_type != "ConstantOfShape":
            made.graph.node.append(node)
            continue
        array = _drawn(tuple(shapes[node.input[0]].tolist()), rng(seed, place))
        made.graph.initializer.append(numpy_helper.from_array(array, node.output[0]))
    return made


def _drawn(shape: tuple[int, ...], draw: Any) -> Array:
    if len(shape) < 2:
        return np.asarray(draw.uniform(0.5, 1.5, shape), np.float32)
    return np.asarray(draw.normal(size=shape) * np.sqrt(2 / prod(shape[1:])), np.float32)


def without_softmax(model: ModelProto) -> ModelProto:
    """The network whose output is what its last softmax receives: behind a softmax, differences are hard to see."""
    last = model.graph.node[-1]
    if last.op_type == "Softmax":
        del model.graph.node[-1]
        del model.graph.output[:]
        model.graph.output.append(helper.make_tensor_value_info(last.input[0], TensorProto.FLOAT, None))
    return model
