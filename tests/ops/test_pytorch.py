"""PyTorch as oracle: results and gradients of every operator that PyTorch has too, in float64."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np
import pytest
from ops.pairs import IMAGE, LABELS, SERIES, VECTOR, VOLUME, WIDER, Pair, op
from ops.windowed_pairs import CONVOLUTIONS, POOLS, convolution, pooling, smallest, transposed, window

from cnngraph.ir.op import Array, rng
from cnngraph.ir.types import TensorType

torch = pytest.importorskip("torch", reason="PyTorch is the oracle of these tests")
F = torch.nn.functional

Tensor = Any
LEARNED = TensorType.of(3, (2, 5))
RELATIVE = 1e-10  # of the largest number: both sides compute in float64


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """On arrays this small PyTorch's threads only wait for one another."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def draw(pair: Pair) -> dict[str, Array]:
    values = {}
    for index, (name, type_) in enumerate(pair.types.items()):
        numbers = rng(index, sum(pair.op.name.encode()))
        if type_.vocabulary is not None:
            values[name] = numbers.integers(0, type_.vocabulary, type_.concrete)
        elif name in pair.positive:
            values[name] = numbers.uniform(0.1, 1.0, type_.concrete)
        else:
            values[name] = numbers.normal(size=type_.concrete)
    return values


def differentiable(pair: Pair, values: dict[str, Array]) -> list[str]:
    return [n for n, v in values.items() if v.dtype == np.float64 and pair.op.differentiable(n)]


def channels_first(x: Tensor) -> Tensor:
    return x.movedim(-1, 1).contiguous() if x.is_floating_point() and x.ndim > 2 else x


def channels_last(x: Tensor) -> Tensor:
    return x.movedim(1, -1) if x.ndim > 2 else x


def theirs(pair: Pair, values: dict[str, Array], dy: Array) -> tuple[Array, dict[str, Array]]:
    """Result and gradients as PyTorch has them, channels last."""
    wanted = differentiable(pair, values)
    tensors = {n: torch.from_numpy(v).requires_grad_(n in wanted) for n, v in values.items()}
    count = len(pair.operands)
    arguments = [channels_first(t) if i < count else t for i, t in enumerate(tensors.values())]
    y = channels_last(pair.oracle(*arguments))
    slopes = torch.autograd.grad(y, [tensors[n] for n in wanted], torch.from_numpy(dy))
    return y.detach().numpy(), {n: s.numpy() for n, s in zip(wanted, slopes, strict=True)}


def ours(pair: Pair, values: dict[str, Array], dy: Array) -> tuple[Array, dict[str, Array]]:
    results = pair.op.apply(list(values.values()))
    readable = dict(zip(pair.op.outputs, results, strict=True)) | values
    shapes = {n: v.shape for n, v in values.items()}
    slopes = {}
    for name in differentiable(pair, values):
        saved = {n: readable[n] for n in pair.op.reads(name, len(values))}
        slopes[name] = pair.op.vjp(name, dy, saved, shapes)
    return results[0], slopes


def agree(pair: Pair) -> None:
    values = draw(pair)
    dy = rng(99, sum(pair.op.name.encode())).normal(size=np.shape(pair.op.apply(list(values.values()))[0]))
    y, slopes = ours(pair, values, np.asarray(dy))
    expected_y, expected_slopes = theirs(pair, values, np.asarray(dy))
    close(y, expected_y, f"{pair.op}: y")
    assert set(slopes) == set(expected_slopes)
    for name, slope in slopes.items():
        close(slope, expected_slopes[name], f"{pair.op}: d{name}")


def close(value: Array, expected: Array, what: str) -> None:
    largest = np.abs(expected).max(initial=0)
    np.testing.assert_allclose(value, expected, rtol=RELATIVE, atol=RELATIVE * largest, err_msg=what, strict=True)


LINEAR = [
    Pair(op("dense", 5), (VECTOR,), lambda x, w, b: F.linear(x, w.T, b)),
    Pair(op("dense", 5, bias=False), (VECTOR,), lambda x, w: F.linear(x, w.T)),
    Pair(op("linear", 5), (IMAGE,), lambda x, w, b: channels_first(F.linear(channels_last(x), w.T, b))),
    Pair(op("linear", 5, bias=False), (SERIES,), lambda x, w: channels_first(F.linear(channels_last(x), w.T))),
]


def batch_norm(epsilon: float = 1e-5) -> Callable[..., Tensor]:
    return lambda x, scale, shift, mean, variance: F.batch_norm(x, mean, variance, scale, shift, eps=epsilon)


def batch_norm_in_training(x: Tensor, scale: Tensor, shift: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
    return F.batch_norm(x, mean.detach().clone(), variance.detach().clone(), scale, shift, training=True)


def layer_norm(channels: int, epsilon: float = 1e-5) -> Callable[..., Tensor]:
    return lambda x, w, b: channels_first(F.layer_norm(channels_last(x), (channels,), w, b, epsilon))


NORMALIZATIONS = [
    Pair(op("layernorm"), (VECTOR,), layer_norm(4)),
    Pair(op("rmsnorm"), (VECTOR,), lambda x, w: F.rms_norm(x, w.shape, w, 1e-5)),
    Pair(op("rmsnorm", 1e-2), (IMAGE,), lambda x, w: F.rms_norm(x.movedim(1, -1), w.shape, w, 1e-2).movedim(-1, 1)),
    Pair(op("layernorm", 1e-2), (IMAGE,), layer_norm(4, 1e-2)),
    Pair(op("groupnorm", 2), (IMAGE,), lambda x, w, b: F.group_norm(x, 2, w, b)),
    Pair(op("groupnorm", 4), (IMAGE,), lambda x, w, b: F.instance_norm(x, weight=w, bias=b)),
    Pair(op("groupnorm", 3, 1e-2), (WIDER,), lambda x, w, b: F.group_norm(x, 3, w, b, 1e-2)),
    Pair(op("batchnorm"), (IMAGE,), batch_norm(), ("variance",)),
    Pair(op("batchnorm", epsilon=1e-2), (VECTOR,), batch_norm(1e-2), ("variance",)),
    Pair(op("batchnorm").for_training(), (IMAGE,), batch_norm_in_training),
    Pair(op("batchnorm").for_training(), (VECTOR,), batch_norm_in_training),
    Pair(op("batchnorm").for_training(), (VOLUME,), batch_norm_in_training),
    Pair(op("lrn", 3), (IMAGE,), lambda x: F.local_response_norm(x, 3)),
    Pair(op("lrn", 5, 0.5, 0.6, 2.0), (IMAGE,), lambda x: F.local_response_norm(x, 5, 0.5, 0.6, 2.0)),
    Pair(op("lrn", 3, 0.5), (SERIES,), lambda x: F.local_response_norm(x, 3, 0.5)),
    Pair(op("normalize"), (IMAGE,), F.normalize),
    Pair(op("normalize"), (VECTOR,), F.normalize),
    Pair(op("normalize", 2.0), (SERIES,), lambda x: F.normalize(x, eps=2.0)),  # some are shorter, some longer
]

MERGES = [
    Pair(op("concat"), (IMAGE, TensorType.of(3, (7, 8))), lambda *x: torch.cat(x, 1)),
    Pair(op("concat"), (VECTOR, WIDER, VECTOR), lambda *x: torch.cat(x, 1)),
    Pair(op("add"), (IMAGE,) * 3, lambda a, b, c: a + b + c),
    Pair(op("add"), (IMAGE, VECTOR), lambda x, v: x + v[:, :, None, None]),
    Pair(op("add"), (VECTOR, IMAGE), lambda v, x: x + v[:, :, None, None]),
    Pair(op("mul"), (IMAGE,) * 2, torch.mul),
    Pair(op("mul"), (VOLUME, TensorType.of(2)), lambda x, v: x * v[:, :, None, None, None]),
    Pair(op("mul"), (VECTOR, SERIES, VECTOR), lambda u, x, v: u[:, :, None] * x * v[:, :, None]),
    Pair(op("max"), (IMAGE,) * 3, lambda a, b, c: torch.maximum(torch.maximum(a, b), c)),
    Pair(op("select"), (IMAGE,) * 3, lambda m, a, b: torch.where(m != 0, a, b)),
    Pair(op("select"), (IMAGE, VECTOR, IMAGE), lambda m, a, b: torch.where(m != 0, a[:, :, None, None], b)),
    Pair(op("pow"), (IMAGE, IMAGE), lambda a, b: a**b, positive=("x", "exponent")),
    Pair(op("pow"), (IMAGE, VECTOR), lambda a, b: a ** b[:, :, None, None], positive=("x", "exponent")),
    Pair(op("min"), (IMAGE,) * 3, lambda a, b, c: torch.minimum(torch.minimum(a, b), c)),
    Pair(op("div"), (IMAGE, IMAGE), lambda a, b: a / b, positive=("x", "by")),
    Pair(op("div"), (IMAGE, VECTOR), lambda a, b: a / b[:, :, None, None], positive=("x", "by")),
    Pair(op("div"), (VECTOR, IMAGE), lambda a, b: a[:, :, None, None] / b, positive=("x", "by")),
]

ELEMENTWISE = [
    Pair(op("gelu"), (IMAGE,), F.gelu),
    Pair(op("gelu", tanh=True), (SERIES,), lambda x: F.gelu(x, approximate="tanh")),
    Pair(op("layer_scale"), (IMAGE,), lambda x, w: x * w[:, None, None]),
    Pair(op("relu"), (IMAGE,), torch.relu),
    Pair(op("leaky_relu"), (IMAGE,), F.leaky_relu),
    Pair(op("leaky_relu", 0.3), (VECTOR,), lambda x: F.leaky_relu(x, 0.3)),
    Pair(op("prelu"), (IMAGE,), F.prelu),
    Pair(op("prelu"), (WIDER,), F.prelu),
    Pair(op("clip", 0.0, 0.6), (IMAGE,), lambda x: F.hardtanh(x, 0.0, 0.6)),
    Pair(op("elu"), (IMAGE,), F.elu),
    Pair(op("elu", 0.3), (VECTOR,), lambda x: F.elu(x, 0.3)),
    Pair(op("selu"), (IMAGE,), F.selu),
    Pair(op("silu"), (IMAGE,), F.silu),
    Pair(op("softplus"), (IMAGE,), lambda x: F.softplus(x, threshold=40)),  # linear above that
    Pair(op("hard_sigmoid"), (IMAGE,), lambda x: torch.clamp(x / 6 + 0.5, 0, 1)),  # its own rounds 1/6 to float32
    Pair(op("hard_swish"), (IMAGE,), F.hardswish),
    Pair(op("tanh"), (IMAGE,), torch.tanh),
    Pair(op("sigmoid"), (IMAGE,), torch.sigmoid),
    Pair(op("abs"), (IMAGE,), torch.abs),
    Pair(op("softmax"), (IMAGE,), lambda x: torch.softmax(x, 1)),
    Pair(op("softmax"), (WIDER,), lambda x: torch.softmax(x, 1)),
    Pair(op("log_softmax"), (IMAGE,), lambda x: torch.log_softmax(x, 1)),
    Pair(op("log_softmax"), (WIDER,), lambda x: torch.log_softmax(x, 1)),
    Pair(op("sign"), (IMAGE,), torch.sign),
    Pair(op("softsign"), (IMAGE,), F.softsign),
    Pair(op("mish"), (IMAGE,), F.mish),
    Pair(op("exp"), (IMAGE,), torch.exp),
    Pair(op("log"), (IMAGE,), torch.log, positive=("x",)),
    Pair(op("power", 0.5), (IMAGE,), torch.sqrt, positive=("x",)),
    Pair(op("power", -1.0), (IMAGE,), torch.reciprocal),
    Pair(op("power", 3), (IMAGE,), lambda x: x**3),
    Pair(op("power", -1.5), (IMAGE,), lambda x: x**-1.5, positive=("x",)),
    Pair(op("erf"), (IMAGE,), torch.erf),
    Pair(op("sin"), (IMAGE,), torch.sin),
    Pair(op("cos"), (IMAGE,), torch.cos),
    Pair(op("scale", -1.5), (IMAGE,), lambda x: x * -1.5),
    Pair(op("shift", 0.5), (IMAGE,), lambda x: x + 0.5),
    Pair(op("dropout"), (IMAGE,), lambda x: F.dropout(x, training=False)),
    Pair(op("identity"), (IMAGE,), lambda x: x.clone()),
    Pair(op("part", 1, 2), (IMAGE,), lambda x: x.chunk(2, 1)[1]),
    Pair(op("part", 2, 3), (WIDER,), lambda x: x.chunk(3, 1)[2]),
    Pair(op("learned", LEARNED), (IMAGE,), lambda x, w: w.movedim(-1, 0).expand(3, 3, 2, 5) + 0 * x.sum()),
    Pair(op("shuffle", 2), (IMAGE,), lambda x: F.channel_shuffle(x, 2)),
    Pair(op("pixel_shuffle", 2), (IMAGE,), lambda x: F.pixel_shuffle(x, 2)),
    Pair(op("pixel_unshuffle", 3), (TensorType.of(2, (6, 9)),), lambda x: F.pixel_unshuffle(x, 3)),
    Pair(op("flatten"), (IMAGE,), lambda x: channels_last(x).flatten(1)),
    Pair(op("reverse_gradient", 0.75), (IMAGE,), lambda x: 1.75 * x.detach() - 0.75 * x),
    Pair(op("crop", 2), (IMAGE,), lambda x: x[:, :, 2:-2, 2:-2]),
    Pair(op("crop", ((0, 3), (2, 1))), (IMAGE,), lambda x: x[:, :, :-3, 2:-1]),
    Pair(op("crop", (0, 1, 2)), (VOLUME,), lambda x: x[:, :, :, 1:-1, 2:-2]),
    Pair(op("part", 1, (1, 3)), (IMAGE,), lambda x: x.split((1, 3), 1)[1]),
    Pair(op("part", 0, (2, 3, 1)), (WIDER,), lambda x: x.split((2, 3, 1), 1)[0]),
    Pair(op("slice", 2, 5), (SERIES,), lambda x: x[:, :, 2:5]),
    Pair(op("slice", (1, -6), (-2, 0), (2, 3)), (IMAGE,), lambda x: x[:, :, 1:-2:2, -6::3]),
    Pair(op("slice", step=2), (VOLUME,), lambda x: x[:, :, ::2, ::2, ::2]),
    Pair(op("transpose", (1, 0)), (IMAGE,), lambda x: x.transpose(2, 3)),
    Pair(op("transpose", (2, 0, 1)), (VOLUME,), lambda x: x.permute(0, 1, 4, 2, 3)),
    Pair(op("padding", 2), (IMAGE,), lambda x: F.pad(x, (2, 2, 2, 2))),
    Pair(op("padding", ((0, 1), (2, 3))), (IMAGE,), lambda x: F.pad(x, (2, 3, 0, 1))),
    Pair(op("padding", ((8, 5),), "reflect"), (SERIES,), lambda x: F.pad(x, (8, 5), "reflect")),
    Pair(op("padding", ((1, 2), (7, 0)), "reflect"), (IMAGE,), lambda x: F.pad(x, (7, 0, 1, 2), "reflect")),
    Pair(op("padding", (1, 2, 3), "reflect"), (VOLUME,), lambda x: F.pad(x, (3, 3, 2, 2, 1, 1), "reflect")),
    Pair(op("padding", ((1, 9), (2, 0)), "edge"), (IMAGE,), lambda x: F.pad(x, (2, 0, 1, 9), "replicate")),
    Pair(op("padding", (1, 2, 3), "edge"), (VOLUME,), lambda x: F.pad(x, (3, 3, 2, 2, 1, 1), "replicate")),
    Pair(op("padding", ((7, 4), (0, 8)), "wrap"), (IMAGE,), lambda x: F.pad(x, (0, 8, 7, 4), "circular")),
    Pair(op("padding", 3, "wrap"), (SERIES,), lambda x: F.pad(x, (3, 3), "circular")),
    Pair(op("reduce", "mean"), (IMAGE,), lambda x: x.mean(1, keepdim=True)),
    Pair(op("reduce", "sum"), (VECTOR,), lambda x: x.sum(1, keepdim=True)),
    Pair(op("reduce", "max"), (SERIES,), lambda x: x.amax(1, keepdim=True)),
    Pair(op("reduce", "min"), (VOLUME,), lambda x: x.amin(1, keepdim=True)),
    Pair(op("reduce", "mean", "positions"), (SERIES,), lambda x: x.mean(2)),
    Pair(op("reduce", "sum", "positions"), (IMAGE,), lambda x: x.sum((2, 3))),
    Pair(op("reduce", "max", "positions"), (IMAGE,), lambda x: x.amax((2, 3))),
    Pair(op("reduce", "min", "positions"), (VOLUME,), lambda x: x.amin((2, 3, 4))),
    Pair(op("resize", (5, 11)), (IMAGE,), lambda x: F.interpolate(x, (5, 11), mode="bilinear")),
    Pair(op("resize", 11, corners=True), (SERIES,), lambda x: F.interpolate(x, 11, mode="linear", align_corners=True)),
    Pair(op("resize", (9, 3), "cubic"), (IMAGE,), lambda x: F.interpolate(x, (9, 3), mode="bicubic")),
    Pair(op("resize", (5, 11), "nearest"), (IMAGE,), lambda x: F.interpolate(x, (5, 11))),
    Pair(op("upsample", 2), (IMAGE,), lambda x: F.interpolate(x, scale_factor=2)),
    Pair(op("upsample", (3, 2)), (IMAGE,), lambda x: F.interpolate(x, scale_factor=(3, 2))),
    Pair(op("upsample", 3, "linear"), (SERIES,), lambda x: F.interpolate(x, scale_factor=3, mode="linear")),
    Pair(op("upsample", (1, 2), "linear"), (IMAGE,), lambda x: F.interpolate(x, scale_factor=(1, 2), mode="bilinear")),
    Pair(op("upsample", 4, "linear"), (IMAGE,), lambda x: F.interpolate(x, scale_factor=4, mode="bilinear")),
    Pair(op("upsample", 2, "linear"), (VOLUME,), lambda x: F.interpolate(x, scale_factor=2, mode="trilinear")),
]

PROBABILITIES = TensorType.of(4, (5, 6))


def triplet(anchor: Tensor, positive: Tensor, negative: Tensor, margin: float) -> Tensor:
    """With squared distances, as in FaceNet; `F.triplet_margin_loss` has them without the square."""
    near, far = (F.mse_loss(anchor, other, reduction="none").sum(1) for other in (positive, negative))
    return torch.relu(near - far + margin).mean()


def contrastive(left: Tensor, right: Tensor, same: Tensor) -> Tensor:
    """`F.cosine_embedding_loss` has another distance."""
    far = (left - right).flatten(1).norm(dim=1)
    return (same * far**2 + (1 - same) * torch.clamp(4 - far, min=0) ** 2).mean() / 2


CLASSES = (1.0, 0.5, 3.0, 0.0, 2.0)


def weighted_cross_entropy(logits: Tensor, label: Tensor) -> Tensor:
    return F.cross_entropy(logits, label, torch.tensor(CLASSES, dtype=logits.dtype), label_smoothing=0.1)


def weighted_of_probabilities(p: Tensor, label: Tensor) -> Tensor:
    """As above, of probabilities that need not sum to 1."""
    weights = torch.tensor(CLASSES, dtype=p.dtype)
    amounts = weights * (0.9 * F.one_hot(label, len(CLASSES)).to(p.dtype) + 0.1 / len(CLASSES))
    return -(amounts * channels_last(p).log()).sum() / weights[label].sum()


LOSSES = [
    Pair(op("mse"), (IMAGE, IMAGE), F.mse_loss),
    Pair(op("mse"), (VECTOR, VECTOR), F.mse_loss),
    Pair(op("l1"), (IMAGE, IMAGE), F.l1_loss),
    Pair(op("weighted_sum"), (IMAGE, IMAGE), lambda x, weight: (x * weight).sum()),
    Pair(op("smooth_l1"), (IMAGE, IMAGE), F.smooth_l1_loss),
    Pair(op("smooth_l1", 0.25), (VECTOR, VECTOR), lambda p, t: F.smooth_l1_loss(p, t, beta=0.25)),
    Pair(
        op("bce"),
        (PROBABILITIES, PROBABILITIES),
        lambda p, t: -(t * p.log() + (1 - t) * (1 - p).log()).mean(),
        ("prediction", "target"),
    ),
    Pair(op("triplet", 0.5), (VECTOR,) * 3, lambda *x: triplet(*x, margin=0.5)),
    Pair(op("cross_entropy"), LABELS, lambda p, label: F.nll_loss(p.log(), label), ("prediction",)),
    Pair(
        op("cross_entropy"),
        (WIDER, TensorType.ids(6)),
        lambda p, label: F.nll_loss(p.log(), label),
        ("prediction",),
    ),
    Pair(op("softmax_cross_entropy"), LABELS, F.cross_entropy),
    Pair(op("softmax_cross_entropy"), (WIDER, TensorType.ids(6)), F.cross_entropy),
    Pair(op("softmax_cross_entropy", 0.2), LABELS, lambda x, label: F.cross_entropy(x, label, label_smoothing=0.2)),
    Pair(op("softmax_cross_entropy", 0.1, CLASSES), LABELS, weighted_cross_entropy),
    Pair(op("cross_entropy", 0.1, CLASSES), LABELS, weighted_of_probabilities, ("prediction",)),
    Pair(op("sigmoid_bce"), (IMAGE, IMAGE), F.binary_cross_entropy_with_logits),
    Pair(
        op("kl_divergence"),
        (PROBABILITIES, PROBABILITIES),
        lambda p, t: F.kl_div(p.log(), t, reduction="none").sum(1).mean(),
        ("prediction", "target"),
    ),
    Pair(op("hinge"), (IMAGE, IMAGE), lambda x, t: torch.relu(1 - x * t).mean()),
    Pair(op("hinge", 0.0), (VECTOR, VECTOR), lambda x, t: torch.relu(-x * t).mean()),
    Pair(op("multiclass_hinge"), (WIDER, TensorType.ids(6)), F.multi_margin_loss),
    Pair(op("multiclass_hinge", 0.5), (WIDER, TensorType.ids(6)), lambda *x: F.multi_margin_loss(*x, margin=0.5)),
    Pair(op("contrastive", 4.0), (SERIES, SERIES, TensorType.ids(2)), contrastive),
]


def later_masked(scores: Tensor) -> Tensor:
    """Scores (N, S, heads, T) where s is not above t."""
    above = torch.ones(scores.shape[1], scores.shape[3]).tril(-1) > 0
    return scores.masked_fill(above[:, None], -1e9)


SEQUENCES = [
    Pair(op("embed", 5, dtype="float64"), (TensorType.ids(9, (7,)),), lambda x, w: channels_first(F.embedding(x, w))),
    Pair(op("embed", 5, dtype="float64"), (TensorType.ids(9),), F.embedding),
    Pair(op("split_heads", 2), (SERIES,), lambda x: x.unflatten(1, (2, -1)).transpose(1, 2)),
    Pair(op("join_heads"), (IMAGE,), lambda x: x.transpose(1, 2).flatten(1, 2)),
    Pair(op("dot"), (IMAGE, TensorType.of(4, (7, 5))), lambda q, k: torch.einsum("nchq,nchk->nkhq", q, k)),
    Pair(op("dot"), (SERIES, TensorType.of(4, (5,))), lambda q, k: torch.einsum("ncq,nck->nkq", q, k)),
    Pair(op("mix"), (IMAGE, TensorType.of(5, (7, 4))), lambda w, v: torch.einsum("nkhq,nchk->nchq", w, v)),
    Pair(op("causal"), (TensorType.of(5, (3, 5)),), later_masked),
    Pair(op("add_positions", learned=True), (SERIES,), lambda x, table: x + table.T),
    Pair(op("prepend_token"), (SERIES,), lambda x, token: torch.cat([token.expand(len(x), 1, 4).mT, x], 2)),
    Pair(op("position", 2), (SERIES,), lambda x: x[:, :, 2]),
    Pair(op("position", -1), (SERIES,), lambda x: x[:, :, -1]),
]

GROUPS = (CONVOLUTIONS, POOLS, LINEAR, NORMALIZATIONS, MERGES, ELEMENTWISE, LOSSES, SEQUENCES)
PAIRS = [pair for group in GROUPS for pair in group]


def named(pairs: Sequence[Pair]) -> list[object]:
    return [pytest.param(p, id=f"{p.op} of {', '.join(map(str, p.operands))}") for p in pairs]


@pytest.mark.parametrize("pair", named(PAIRS))
def test_pytorch_agrees(pair: Pair) -> None:
    agree(pair)


def test_pytorch_agrees_on_running_statistics() -> None:
    norm = op("batchnorm", momentum=0.75).for_training()
    x, scale, shift, mean, variance = draw(Pair(norm, (IMAGE,), batch_norm_in_training, ("variance",))).values()
    expected = [torch.from_numpy(mean.copy()), torch.from_numpy(variance.copy())]
    F.batch_norm(channels_first(torch.from_numpy(x)), *expected, training=True, momentum=0.25)
    results = norm.apply([x, scale, shift, mean, variance])
    for state, tensor in zip(("mean", "variance"), expected, strict=True):
        close(results[norm.updates[state]], tensor.numpy(), state)


def convolutions_of_all_geometries() -> Iterator[Pair]:
    """In one dimension: every axis follows the same arithmetic."""
    for n, k, stride, pad, hole in product(range(5, 8), range(1, 5), (1, 2, 3), (0, 1, 2), (1, 2)):
        if hole * (k - 1) + 1 <= n + 2 * pad:
            layer = op("conv", 3, window(k, stride=(stride,)), pad, dilation=hole)
            oracle = convolution(1, stride=stride, padding=pad, dilation=hole)
            yield Pair(layer, (TensorType.of(2, (n,)),), oracle)


def transposed_convolutions_of_all_geometries() -> Iterator[Pair]:
    for n, k, stride, pad, hole, more in product((1, 4, 5), range(1, 5), (1, 2, 3), (0, 1, 2), (1, 2), (0, 1)):
        if (n - 1) * stride + hole * (k - 1) + 1 > 2 * pad and pad < k and more < max(stride, hole):
            layer = op("upconv", 3, window(k, stride=(stride,)), pad, dilation=hole, output_padding=more)
            oracle = transposed(1, stride=stride, padding=pad, dilation=hole, output_padding=more)
            yield Pair(layer, (TensorType.of(2, (n,)),), oracle)


def pools_of_all_geometries() -> Iterator[Pair]:
    for n, k, stride, ceil in product(range(4, 9), range(1, 5), (1, 2, 3), (False, True)):
        for pad in range(k // 2 + 1):
            x, at, how = TensorType.of(2, (n,)), window(k, stride=(stride,)), {"padding": pad, "ceil_mode": ceil}
            yield Pair(op("maxpool", at, pad, ceil=ceil), (x,), pooling("max", 1, k, stride, **how))
            yield Pair(op("minpool", at, pad, ceil=ceil), (x,), smallest(1, k, stride, **how))
            for counted in (True, False):
                layer = op("avgpool", at, pad, ceil=ceil, count_padding=counted)
                yield Pair(layer, (x,), pooling("avg", 1, k, stride, **how, count_include_pad=counted))


@pytest.mark.parametrize(
    "pairs",
    [convolutions_of_all_geometries, transposed_convolutions_of_all_geometries, pools_of_all_geometries],
    ids=["conv", "upconv", "pools"],
)
def test_pytorch_agrees_on_every_small_geometry(pairs: Callable[[], Iterator[Pair]]) -> None:
    for pair in pairs():
        agree(pair)
