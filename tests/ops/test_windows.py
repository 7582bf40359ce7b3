"""Operators with windows, normalization and merges: against PyTorch where it has them, and what they refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cnngraph.ir.op import Array, Op, OpError, rng
from cnngraph.ir.size import symbol
from cnngraph.ir.types import TensorType
from cnngraph.ir.window import Window
from cnngraph.ops.adaptive_avgpool import AdaptiveAvgPool
from cnngraph.ops.adaptive_maxpool import AdaptiveMaxPool
from cnngraph.ops.add import Add
from cnngraph.ops.avgpool import AvgPool
from cnngraph.ops.batchnorm import BatchNorm
from cnngraph.ops.concat import Concat
from cnngraph.ops.conv import Conv
from cnngraph.ops.dense import Dense
from cnngraph.ops.flatten import Flatten
from cnngraph.ops.gaussianpool import GaussianPool
from cnngraph.ops.globalavgpool import GlobalAvgPool
from cnngraph.ops.globalmaxpool import GlobalMaxPool
from cnngraph.ops.l2pool import L2Pool
from cnngraph.ops.linear import Linear
from cnngraph.ops.lrn import Lrn
from cnngraph.ops.max import Max
from cnngraph.ops.maxpool import MaxPool
from cnngraph.ops.medianpool import MedianPool
from cnngraph.ops.minpool import MinPool
from cnngraph.ops.mul import Mul
from cnngraph.ops.reshape import Reshape
from cnngraph.ops.sumpool import SumPool
from cnngraph.ops.upconv import UpConv

H, W = symbol("H", 4), symbol("W", 4)
GRID, V = TensorType.of(50, (4, 4)), TensorType.of(10)


def drawn(*shape: int, key: int = 0) -> Array:
    return rng(*shape, key).normal(size=shape)


def channels_first(x: Array) -> Array:
    return np.moveaxis(x, -1, 1)


def kernel_first(weight: Array) -> Array:
    """(window..., C, K) as PyTorch's (K, C, window...)."""
    return np.moveaxis(weight, (-1, -2), (0, 1))


# ---- against PyTorch: the value, and the gradient by x ----


def agrees(op: Op, x: Array, weights: list[Array], of: Any) -> None:
    """`op` gives on x (channels last) what `of` gives on the same tensor of PyTorch (channels first)."""
    torch = pytest.importorskip("torch")
    tensor = torch.tensor(channels_first(x), requires_grad=True)
    expected = of(tensor)
    y = op.apply([x, *weights])[0]
    np.testing.assert_allclose(channels_first(y), expected.detach().numpy(), rtol=1e-9, atol=1e-9)
    dy = drawn(*y.shape, key=7)
    expected.backward(torch.tensor(channels_first(dy)))
    values = {"y": y} | dict(zip(op.input_names(1 + len(weights)), [x, *weights], strict=True))
    shapes = {name: v.shape for name, v in values.items() if name != "y"}
    dx = op.vjp("x", dy, {name: values[name] for name in op.saves["x"]}, shapes)
    np.testing.assert_allclose(channels_first(dx), tensor.grad.numpy(), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("pad", "stride", "dilation", "groups"), [(0, 1, 1, 1), ((1, 2), (2, 1), 1, 2), (2, 3, (2, 1), 1), (1, 1, 1, 4)]
)
def test_conv_is_that_of_pytorch(pad: Any, stride: Any, dilation: Any, groups: int) -> None:
    torch = pytest.importorskip("torch")
    op = Conv(8, Window((3, 2)), pad, groups=groups, dilation=dilation, stride=stride)
    weight, bias = drawn(3, 2, 4 // groups, 8), drawn(8)
    settings = {"padding": pad, "stride": stride, "dilation": dilation, "groups": groups}
    w, b = torch.tensor(kernel_first(weight)), torch.tensor(bias)
    agrees(op, drawn(2, 7, 9, 4), [weight, bias], lambda x: torch.nn.functional.conv2d(x, w, b, **settings))


@pytest.mark.parametrize(
    ("window", "pad", "stride"), [((4, 3), 1, (2, 3)), ((2, 2), 0, 2), ((3, 5), (1, 2), 1), ((2, 2), 0, 3)]
)
def test_upconv_is_that_of_pytorch(window: Any, pad: Any, stride: Any) -> None:
    torch = pytest.importorskip("torch")
    op = UpConv(5, Window(window), pad, stride=stride)
    weight, bias = drawn(*window, 3, 5), drawn(5)
    w, b = torch.tensor(np.moveaxis(weight, (-2, -1), (0, 1))), torch.tensor(bias)
    settings = {"padding": pad, "stride": stride}
    agrees(op, drawn(2, 4, 6, 3), [weight, bias], lambda x: torch.nn.functional.conv_transpose2d(x, w, b, **settings))


@pytest.mark.parametrize("ceil", [False, True])
@pytest.mark.parametrize(
    ("window", "pad", "stride"),
    [((2, 2), 0, None), ((3, 3), 1, 2), ((3, 2), (1, 0), 1), ((2, 3), 1, 3), ((1, 1), 0, 2)],
)
def test_pools_are_those_of_pytorch(window: Any, pad: Any, stride: Any, ceil: bool) -> None:
    torch = pytest.importorskip("torch")
    x = drawn(2, 6, 8, 3)
    functions = torch.nn.functional
    op: Op = MaxPool(Window(window), pad, stride, ceil)
    agrees(op, x, [], lambda t: functions.max_pool2d(t, window, stride, pad, 1, ceil))
    for count in (True, False):
        op = AvgPool(Window(window), pad, stride, ceil, count)
        agrees(op, x, [], lambda t, count=count: functions.avg_pool2d(t, window, stride, pad, ceil, count))


def test_of_equal_values_the_first_takes_the_gradient_as_in_pytorch() -> None:
    torch = pytest.importorskip("torch")
    x = rng(3).integers(0, 2, (2, 6, 7, 3)).astype(float)
    agrees(MaxPool(Window((3, 3), (2, 2)), 1), x, [], lambda t: torch.nn.functional.max_pool2d(t, 3, 2, 1))
    agrees(GlobalMaxPool(), x, [], lambda t: torch.nn.functional.adaptive_max_pool2d(t, 1)[:, :, 0, 0])


def test_a_window_of_zeros_has_no_gradient_of_its_length() -> None:
    x = np.array([0.0, 0.0, 3.0, 4.0]).reshape(1, 4, 1)
    pool = L2Pool(Window((2,)))
    dx = pool.vjp("x", np.ones((1, 2, 1)), {"x": x, "y": pool.forward(x)}, {"x": x.shape})
    np.testing.assert_allclose(dx.ravel(), [0, 0, 0.6, 0.8])


def test_a_median_is_not_a_number_where_its_window_holds_none() -> None:
    x = np.array([1.0, np.nan, 2.0, np.inf, np.inf, 5.0]).reshape(1, 6, 1)
    np.testing.assert_array_equal(MedianPool(Window((3,))).forward(x).ravel(), [np.nan, np.inf])


def test_padding_has_no_weight_in_medians_and_weighted_averages() -> None:
    x = np.full((1, 5, 5, 2), 7.0)
    for pool in (MedianPool(Window((3,)), "same", 2), GaussianPool(Window((4,)), 3, ceil=True)):
        np.testing.assert_allclose(pool.forward(x), 7.0)


def test_one_position_is_the_global_pool() -> None:
    x = drawn(2, 5, 6, 3)
    np.testing.assert_allclose(AdaptiveAvgPool(1).forward(x)[:, 0, 0], GlobalAvgPool().forward(x))
    np.testing.assert_array_equal(AdaptiveMaxPool(1).forward(x)[:, 0, 0], GlobalMaxPool().forward(x))


def test_global_average_is_that_of_pytorch() -> None:
    agrees(GlobalAvgPool(), drawn(2, 6, 7, 3), [], lambda t: t.mean((2, 3)))


@pytest.mark.parametrize("size", [1, 3, 5, 9])
def test_lrn_is_that_of_pytorch(size: int) -> None:
    torch = pytest.importorskip("torch")
    layer = torch.nn.LocalResponseNorm(size, alpha=0.7, beta=0.6, k=1.5)
    agrees(Lrn(size, 0.7, 0.6, 1.5), drawn(2, 3, 4, 6), [], layer)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("shape", [(3, 4, 5, 6), (8, 6)])
def test_batchnorm_is_that_of_pytorch(shape: tuple[int, ...], training: bool) -> None:
    torch = pytest.importorskip("torch")
    layer = (torch.nn.BatchNorm2d if len(shape) == 4 else torch.nn.BatchNorm1d)(6, eps=1e-3, momentum=0.2)
    layer = layer.double().train(training)
    scale, shift, mean, variance = drawn(6), drawn(6, key=1), drawn(6, key=2), drawn(6, key=3) ** 2
    with torch.no_grad():
        for name, value in (("weight", scale), ("bias", shift), ("running_mean", mean), ("running_var", variance)):
            getattr(layer, name).copy_(torch.tensor(value))
    op: BatchNorm = BatchNorm(1e-3, 0.8)
    op, x = op.for_training() if training else op, drawn(*shape)
    values = dict(zip(op.weights, (scale, shift, mean, variance), strict=True)) | {"x": x}
    results = op.apply([x, scale, shift, mean, variance])
    tensor = torch.tensor(channels_first(x), requires_grad=True)
    expected, dy = layer(tensor), drawn(*shape, key=7)
    expected.backward(torch.tensor(channels_first(dy)))
    np.testing.assert_allclose(channels_first(results[0]), expected.detach().numpy(), rtol=1e-9, atol=1e-9)
    values |= dict(zip(op.outputs, results, strict=True))
    wanted = {"x": channels_first, "scale": np.asarray, "shift": np.asarray}
    grads = {"x": tensor.grad, "scale": layer.weight.grad, "shift": layer.bias.grad}
    for name, turned in wanted.items():
        dx = op.vjp(name, dy, {n: values[n] for n in op.saves[name]}, {n: v.shape for n, v in values.items()})
        np.testing.assert_allclose(turned(dx), grads[name].numpy(), rtol=1e-8, atol=1e-9)
    if training:
        np.testing.assert_allclose(results[3], layer.running_mean.numpy(), rtol=1e-9)
        np.testing.assert_allclose(results[4], layer.running_var.numpy(), rtol=1e-9)


# ---- by themselves ----


def test_upconv_is_the_input_gradient_of_the_conv_with_its_channels_exchanged() -> None:
    conv, upconv = Conv(4, Window((3, 2), (2, 2)), 1, bias=False), UpConv(3, Window((3, 2), (2, 2)), 1, bias=False)
    weight, y = drawn(3, 2, 3, 4), drawn(2, 4, 4, 4)
    dx = conv.vjp("x", y, {"weight": weight}, {"x": (2, 7, 6, 3), "weight": weight.shape})
    np.testing.assert_allclose(upconv.forward(y, weight.swapaxes(-1, -2)), dx)


@pytest.mark.parametrize("positions", [7, 8])
def test_output_padding_undoes_what_a_stride_drops(positions: int) -> None:
    down = Conv(4, Window((3,)), 1, stride=2).infer(TensorType.of(3, (positions,)))
    up = UpConv(3, Window((3,)), 1, stride=2, output_padding=1 - positions % 2)
    assert up.infer(down) == TensorType.of(3, (positions,))
    assert up.formula([down])[0].endswith(f"= {positions}")


def test_batchnorm_gives_mean_0_and_variance_1() -> None:
    x = 5 * drawn(4, 6, 7, 3) + 2
    y = BatchNorm().for_training().apply([x, np.ones(3), np.zeros(3), np.zeros(3), np.ones(3)])[0]
    np.testing.assert_allclose(y.mean((0, 1, 2)), 0, atol=1e-12)
    np.testing.assert_allclose(y.var((0, 1, 2)), 1, atol=1e-5)


def test_only_the_training_form_of_batchnorm_changes_state() -> None:
    assert not BatchNorm().changes_state
    assert BatchNorm().for_training().changes_state
    trainable = {name: w.trainable for name, w in BatchNorm().weight_types(TensorType.of(3)).items()}
    assert trainable == {"scale": True, "shift": True, "mean": False, "variance": False}


def test_flatten_runs_through_channels_first_of_all() -> None:
    x = np.arange(24.0).reshape(1, 2, 4, 3)
    assert Flatten().forward(x)[0, (1 * 4 + 2) * 3 + 1] == x[0, 1, 2, 1]


def test_the_first_of_equal_inputs_takes_the_gradient_of_max() -> None:
    a, b = np.array([1.0, 5.0, 2.0]), np.array([1.0, 4.0, 3.0])
    saved = {"x0": a, "x1": b, "y": Max().forward(a, b)}
    shapes = {"x0": a.shape, "x1": b.shape}
    assert Max().vjp("x0", np.ones(3), saved, shapes).tolist() == [1, 1, 0]
    assert Max().vjp("x1", np.ones(3), saved, shapes).tolist() == [0, 0, 1]


@pytest.mark.parametrize(
    ("op", "expected"),
    [
        (MaxPool(Window((2, 2))), "3@(floor(H/2), floor(W/2))"),
        (AvgPool(Window((3, 3)), 1, 1), "3@HxW"),
        (Conv(8, Window((3, 3)), "same"), "8@HxW"),
        (UpConv(8, Window((2, 2), (2, 2))), "8@(2*H, 2*W)"),
        (UpConv(8, Window((3, 3)), 1, stride=2, output_padding=(1, 0)), "8@(2*H, 2*W-1)"),
        (BatchNorm(), "3@HxW"),
        (Lrn(3), "3@HxW"),
        (Linear(8), "8@HxW"),
        (GlobalAvgPool(), "3"),
        (GlobalMaxPool(), "3"),
        (MedianPool(Window((3, 3)), 1, 1), "3@HxW"),
        (AdaptiveAvgPool((7, 5)), "3@7x5"),
        (Flatten(), "3*H*W"),
    ],
)
def test_sizes_may_be_symbols(op: Op, expected: str) -> None:
    free = (symbol("H"), symbol("W"))
    assert str(op.output_types([TensorType.of(3, free)])[0]) == expected


def test_positions_that_a_fact_divides() -> None:
    assert str(MaxPool(Window((2, 2))).infer(TensorType.of(3, (H, W)))) == "3@HxW/2"


def test_an_upconv_shrinks_the_step_of_the_receptive_field() -> None:
    assert UpConv(8, Window((4, 3), (2, 1))).field_of_view(2) == ((2, 0.5), (3, 1))


@pytest.mark.parametrize(
    ("op", "types", "code", "message"),
    [
        (Dense(5), [GRID], "E0201", "dense needs a vector, but receives 50@4x4"),
        (GlobalAvgPool(), [V], "E0202", "globalavgpool needs a grid such as 3@224x224, but receives the vector 10"),
        (UpConv(5, Window((2,)), 9), [GRID], "E0203", "the pad of upconv leaves no positions of 4x4"),
        (UpConv(0, Window((2,))), [GRID], "E0108", "upconv must have at least 1 feature, not 0"),
        (UpConv(6, Window((2,)), groups=4), [GRID], "E0108", "4 groups do not divide the 50 channels of upconv"),
        (
            UpConv(5, Window((2,)), stride=(2, 3), output_padding=2),
            [GRID],
            "E0108",
            "the output_padding of upconv must be from 0 to below 2, its stride or dilation, not 2",
        ),
        (MedianPool(Window((5,))), [GRID], "E0203", "the 5x5 window of medianpool does not fit into 4x4"),
        (
            GaussianPool(Window((4,)), sigma=0.3),
            [GRID],
            "E0108",
            "the sigma of gaussianpool must be 0.4 or more for this window, not 0.3",
        ),
        (MinPool(Window((2,)), 2), [GRID], "E0108", "the pad of minpool must be below the 2 of its window, not 2"),
        (AdaptiveMaxPool((3, 0)), [GRID], "E0108", "adaptive_maxpool must give 1 position or more, not 0"),
        (
            AdaptiveAvgPool((3, 3, 3)),
            [GRID],
            "E0204",
            "the output of adaptive_avgpool has 3 sizes, but its input has 2 position axes",
        ),
        (SumPool(Window((2,))), [V], "E0202", "sumpool needs a grid such as 3@224x224, but receives the vector 10"),
        (Dense(5), [TensorType.of(3 * H)], "E0204", "dense needs a fixed number of features, but receives 3*H"),
        (Dense(5), [TensorType.ids(9)], "E0204", "dense needs features, but receives ids(9)"),
        (Linear(0), [GRID], "E0108", "linear must have at least 1 feature, not 0"),
        (Conv(4, Window((3,)), groups=3), [GRID], "E0108", "3 groups do not divide the 50 channels of conv"),
        (Lrn(4), [GRID], "E0108", "the size of lrn must be odd, not 4"),
        (BatchNorm(momentum=2.0), [GRID], "E0108", "the momentum of batchnorm must be from 0 to 1, not 2.0"),
        (Reshape(TensorType.of(4, (5,))), [V], "E0204", "reshape to 4@5 needs 20 values, but receives 10"),
        (Reshape(TensorType.of(5)), [GRID], "E0204", "reshape to 5 needs 5 values, but receives 800 (50@4x4)"),
        (Concat(), [GRID], "E0303", "concat needs at least two inputs"),
        (Concat(), [GRID, TensorType.of(50)], "E0301", "the inputs of concat have different positions"),
        (Add(), [GRID, TensorType.of(50, (4, 5))], "E0301", "the inputs of add have different positions"),
        (Mul(), [GRID, TensorType.of(5)], "E0302", "the inputs of mul have different channels"),
        (Max(), [GRID, TensorType.of(50)], "E0301", "the inputs of max have different positions"),
        (Add(), [TensorType.ids(9, (4,))] * 2, "E0204", "add needs features, but receives ids(9)@4"),
    ],
)
def test_what_is_refused(op: Op, types: list[TensorType], code: str, message: str) -> None:
    with pytest.raises(OpError) as caught:
        op.output_types(types)
    assert (caught.value.code, caught.value.message) == (code, message)


def test_ways_from_a_grid_to_a_dense_layer() -> None:
    with pytest.raises(OpError) as caught:
        Dense(5).infer(GRID)
    assert caught.value.operand == 0
    assert caught.value.helps == (
        "`flatten -> dense(...)` uses all 800 values",
        "`globalavgpool -> dense(...)` uses 50",
        "`linear(n)` acts on the features at every position",
    )
