"""Numbers at the edges: infinity, NaN, denormals, ties with 0, no variance. Operators pass them on as PyTorch does.

Where they decide otherwise, it is said here. `bce`, `cross_entropy` and `kl_divergence` of an impossible probability
are large and not infinite (test_losses). The gradient of `max`, `maxpool` and `globalmaxpool` goes to the first of
equal values, or NaNs (PyTorch divides it in `maximum` and `amax`). The slope of one function at NaN is not compared:
that of PyTorch is 0, 1 or NaN, and depends on where in the array the number stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is the oracle of these tests")

from ops.agreement import Trial, ours, theirs  # noqa: E402
from ops.drawn import Setting  # noqa: E402

from cnngraph.ir.op import Array, Op  # noqa: E402
from cnngraph.ir.registry import registry  # noqa: E402
from cnngraph.ir.types import TensorType  # noqa: E402
from cnngraph.ir.window import Window  # noqa: E402
from cnngraph.net import loads  # noqa: E402
from cnngraph.partition.device import Cluster, Device, Link  # noqa: E402
from cnngraph.passes.pipeline import INFERENCE, run  # noqa: E402
from cnngraph.runtime.runner import Runner  # noqa: E402
from cnngraph.train.initialisers import initial_states  # noqa: E402

INF, NAN = np.inf, np.nan
DENORMAL = 1e-40  # in float32
VALUES = [0.0, -0.0, DENORMAL, -DENORMAL, 1e-30, 1e-7, 1, 2.5, 6, 20, 88, 104, 1e4, INF, NAN]
SIGNED = np.array([*VALUES, *(-v for v in VALUES)])
RELATIVE = {"float32": 1e-5, "float64": 1e-9}
NOTHING = {"float32": 1e-4, "float64": 1e-13}

ELEMENTWISE = [
    ("abs", {}), ("relu", {}), ("leaky_relu", {"slope": 0.25}), ("clip", {"low": -1.5, "high": 2.0}), ("elu", {}),
    ("elu", {"alpha": 0.25}), ("selu", {}), ("silu", {}), ("mish", {}), ("softplus", {}), ("softsign", {}),
    ("sigmoid", {}), ("tanh", {}), ("hard_sigmoid", {}), ("hard_swish", {}), ("sign", {}), ("prelu", {}),
    ("gelu", {"tanh": True}), ("gelu", {}), ("scale", {"factor": 0.0}), ("shift", {"amount": 2.0}), ("identity", {}),
    ("batchnorm", {}), ("layer_scale", {}), ("stop_gradient", {}), ("dropout", {}),
]  # fmt: skip
UNLIKE: dict[str, list[Any]] = {
    "gelu": [INF],  # PyTorch's float32 makes NaN of it, its float64 infinity
    "softsign": [INF, -INF],  # a NaN both ways; the slope is 0 here, and NaN in PyTorch
    "hinge": [(INF, 1.0)],  # far on the right side: no slope here, NaN in PyTorch
    "sigmoid_bce": [(-INF, 1.0)],  # infinitely wrong: infinite here, NaN in PyTorch
}
"""What is not compared: here PyTorch has no better answer."""

ROWS = np.array(
    [
        [0, 0, 0], [5, 5, 5], [1e4, -1e4, 0], [-INF, 0, 1], [INF, 0, 1], [-INF, -INF, -INF], [INF, INF, 0], [NAN, 0, 1],
        [DENORMAL, -DENORMAL, 0], [88, 0, -88],
    ]
)  # fmt: skip
GRID = np.array([[NAN, 1, 2, 3], [1, INF, 2, 3], [1, -INF, -INF, 3], [1, 0, INF, -1]])[:, :, None]
PAIRS = [(1.0, NAN), (NAN, 1.0), (INF, 1.0), (-INF, 1.0), (2.0, 2.0), (1e4, -1e4), (0.0, 0.0)]

both_dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """On arrays this small PyTorch's threads only wait for one another."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def as_the_engine() -> Iterator[None]:
    """Numbers beyond the range are no warnings while a plan runs."""
    with np.errstate(all="ignore"):
        yield


def make(name: str, *positional: object, **fields: object) -> Op:
    return registry()[name](*positional, **fields)


def agree(op: Op, dtype: str, *inputs: Any, alone: bool = False, **weights: Array) -> None:
    """Results and gradients; where each number is `alone`, those of numbers only."""
    arrays = [np.asarray(x) for x in inputs]
    types = tuple(
        TensorType.ids(2, x.shape[1:]) if x.dtype == np.int64 else TensorType.of(x.shape[-1], x.shape[1:-1])
        for x in arrays
    )
    given = dict(zip(op.input_names(len(arrays)), arrays, strict=True)) | weights
    trial = Trial(Setting(op, types, len(arrays[0])), 0, dtype, given)
    found, expected = ours(trial), theirs(trial)
    assert found.keys() == expected.keys()
    for name, value in found.items():
        if name != "y" and alone:
            value, expected[name] = (np.where(np.isnan(arrays[0]), 0, slope) for slope in (value, expected[name]))
        np.testing.assert_allclose(value, expected[name], RELATIVE[dtype], NOTHING[dtype], err_msg=f"{op}: {name}")


@both_dtypes
@pytest.mark.parametrize(("name", "fields"), ELEMENTWISE)
def test_each_number_by_itself(name: str, fields: dict[str, object], dtype: str) -> None:
    x = SIGNED[~np.isin(SIGNED, UNLIKE.get(name, []))]
    agree(make(name, **fields), dtype, x[:, None], alone=True)


@both_dtypes
@pytest.mark.parametrize("row", ROWS, ids=str)
@pytest.mark.parametrize("name", ["softmax", "log_softmax", "layernorm", "normalize"])
def test_rows(name: str, row: Array, dtype: str) -> None:
    agree(make(name), dtype, row[None])


@both_dtypes
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_channels_beside_each_other(row: Array, dtype: str) -> None:
    agree(make("groupnorm", 1), dtype, row[None])
    agree(make("lrn", 3), dtype, row[None, None])


@both_dtypes
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_batch_normalization_of_one_channel(row: Array, dtype: str) -> None:
    states = {"mean": np.zeros(1), "variance": np.zeros(1)}  # of a channel that never changed
    agree(make("batchnorm"), dtype, row[:, None], **states)
    agree(make("batchnorm").for_training(), dtype, row[:, None], **states)


@both_dtypes
@pytest.mark.parametrize("name", ["maxpool", "minpool", "avgpool", "sumpool", "l2pool"])
def test_windows(name: str, dtype: str) -> None:
    agree(make(name, Window((2,))), dtype, GRID[None])
    agree(make(name, Window((3,)), pad=1, stride=2), dtype, GRID[None])


@both_dtypes
def test_all_positions(dtype: str) -> None:
    for grid in (GRID[1:3], np.full((1, 2, 1), -INF)[:, :1]):
        agree(make("globalmaxpool"), dtype, grid[None])
        agree(make("globalavgpool"), dtype, grid[None])
    agree(make("l2pool", Window((2,))), dtype, np.zeros((1, 2, 4, 1)))  # the root of 0 has no slope: 0
    agree(make("upsample", 2, "linear"), dtype, np.array([[[1.0], [INF], [2.0], [NAN], [0.0]]]))
    agree(make("causal"), dtype, np.array([[[NAN, 1], [INF, -INF]]]))


@both_dtypes
@pytest.mark.parametrize("name", ["add", "mul", "concat"])
def test_two_values_that_meet(name: str, dtype: str) -> None:
    first, second = np.meshgrid([NAN, INF, -INF, 0.0, 1.0], [NAN, INF, -INF, 0.0, 1.0])
    agree(make(name), dtype, first, second)


@both_dtypes
def test_the_larger_of_two(dtype: str) -> None:
    a, b = np.array([[NAN, 1, INF, -INF, 0, DENORMAL]], dtype), np.array([[1, NAN, 1, 1, -1, 0]], dtype)
    y = make("max").forward(a, b)
    np.testing.assert_array_equal(y, torch.maximum(torch.from_numpy(a), torch.from_numpy(b)).numpy())
    shapes, saved = {"x0": a.shape, "x1": b.shape}, {"x0": a, "x1": b, "y": y}
    slopes = [make("max").vjp(name, np.ones_like(y), saved, shapes) for name in shapes]
    np.testing.assert_array_equal(slopes, [[[1, 0, 1, 0, 1, 1]], [[0, 1, 0, 1, 0, 0]]])


@both_dtypes
@pytest.mark.parametrize("pair", PAIRS, ids=str)
@pytest.mark.parametrize("name", ["mse", "l1", "smooth_l1", "hinge", "sigmoid_bce"])
def test_losses_of_numbers(name: str, pair: tuple[float, float], dtype: str) -> None:
    if pair not in UNLIKE.get(name, []):
        agree(make(name), dtype, [[pair[0], 0.5]], [[pair[1], 1.0]])


@both_dtypes
@pytest.mark.parametrize("row", [[0, 1], [1e4, -1e4], [-1e4, 1e4], [-INF, 0], [INF, 0], [0, INF]], ids=str)
def test_losses_of_labels(row: list[float], dtype: str) -> None:
    for name in ("softmax_cross_entropy", "multiclass_hinge"):
        agree(make(name), dtype, np.array([row], float), np.array([0]))
    agree(make("softmax_cross_entropy"), dtype, np.array([[NAN, 1]]), np.array([0]))


@both_dtypes
@pytest.mark.parametrize("same", [0, 1])
@pytest.mark.parametrize("left", [[1.0, 1.0], [DENORMAL, 0.0], [4.0, 5.0]], ids=str)
def test_distances(left: list[float], same: int, dtype: str) -> None:
    agree(make("contrastive"), dtype, [left], [[1.0, 1.0]], np.array([same]))
    agree(make("triplet"), dtype, [left], [[1.0, 1.0]], [[1.0, 1.0]])


@both_dtypes
@pytest.mark.parametrize("name", ["bce", "cross_entropy", "kl_divergence"])
def test_a_loss_hides_no_nan(name: str, dtype: str) -> None:
    prediction = np.array([[NAN, 0.5]], dtype)
    target = np.array([0]) if name == "cross_entropy" else np.array([[0.5, 0.5]], dtype)
    op = make(name)
    saved = dict(zip(op.operands, (prediction, target), strict=True))
    assert np.isnan(op.apply([prediction, target])[0])
    assert np.isnan(op.vjp("prediction", np.ones((), dtype), saved, {})[0, 0])


@pytest.mark.parametrize("devices", [1, 2])
def test_a_network_passes_on_what_is_no_number(devices: int) -> None:
    """Without a warning, which the tests would take for an error, on whatever thread."""
    lines = "conv(4, 3x3) -> batchnorm -> silu -> maxpool(2x2) -> flatten -> dense(3) -> softmax"
    graph = run(loads(f"cnn 1\nnet n(image: 1@8x8) {{ {lines} }}").graph, INFERENCE)
    slow, fast = Device("gpu", flops_per_second=1e9, bytes_per_second=1e9), Link("any", "any", 1e12, 1e-9)
    runner = Runner(graph, initial_states(graph, seed=0), Cluster.uniform(devices, slow, fast))
    image = np.zeros((3, 8, 8, 1), np.float32)
    image[1, 4, 4], image[2, 4, 4] = INF, NAN
    with np.errstate(all="warn"):
        (y,) = runner.run({"image": image}).values()
    assert np.isfinite(y[0]).all()
    assert np.isnan(y[1:]).all()
