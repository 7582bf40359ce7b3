"""The light networks of ONNX: its own outputs with constant weights, those of ONNX Runtime with random ones."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("onnx", reason="the networks come with ONNX")
runtime = pytest.importorskip("onnxruntime", reason="ONNX Runtime is the oracle of these tests")

from interop.onnx.backend import light  # noqa: E402
from onnx import ModelProto  # noqa: E402

from cnngraph.interop.onnx.backend import run_model  # noqa: E402
from cnngraph.ir.op import Array, rng  # noqa: E402

SMALL = ("inception_v1", "shufflenet", "squeezenet")
LARGE = tuple(name for name in light.NAMES if name not in SMALL)
NETWORKS = [*SMALL, *(pytest.param(name, marks=pytest.mark.sweep) for name in LARGE)]
RELATIVE = 1e-4
ROUNDED = 1e-3  # a distance of neighbouring numbers that a softmax tells


@pytest.mark.parametrize("name", NETWORKS)
def test_constant_weights(name: str) -> None:
    image = light.image(light.network(name))
    scores = compared(light.without_softmax(light.network(name)), image)
    if np.spacing(np.abs(scores).max()) > ROUNDED:
        return  # equal scores, once rounded, are no longer equal behind a softmax
    (found,) = run_model(light.network(name), [image])
    np.testing.assert_allclose(found, light.expected(name), rtol=1e-3, atol=1e-7)


@pytest.mark.parametrize("name", NETWORKS)
def test_random_weights(name: str) -> None:
    model = light.without_softmax(light.with_random_weights(light.network(name)))
    scores = compared(model, np.asarray(rng(1).normal(size=light.image(model).shape), np.float32))
    assert scores.std() > 0.1


def compared(model: ModelProto, image: Array) -> Array:
    """Our scores, once they have been compared with those of ONNX Runtime."""
    (found,) = run_model(model, [image])
    expected = by_onnx_runtime(model, image)
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() < RELATIVE * np.abs(expected).max()
    return np.asarray(found)


def by_onnx_runtime(model: ModelProto, image: Array) -> Array:
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = runtime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    (y,) = session.run(None, {session.get_inputs()[0].name: image})
    return np.asarray(y)
