"""What was written out comes back as one node, with ONNX Runtime's numbers: rules on the nodes of a file."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

pytest.importorskip("onnx", reason="ONNX models are read with the package onnx")
pytest.importorskip("onnxruntime", reason="ONNX Runtime computes what is compared")

import onnx.parser
from interop.onnx.reading.models import checked, drawn, model, operators

from cnngraph.diagnostics import CnnGraphError
from cnngraph.interop.onnx.reading import read_model
from cnngraph.ir.op import Array

IMAGE = {"x": ["N", 4, 5, 6]}
SEQUENCE = {"x": ["N", 5, 8]}
VECTOR = {"x": ["N", 8]}


def nodes_of(text: str) -> list[onnx.NodeProto]:
    """Nodes in the text form of ONNX, one after the other."""
    return list(onnx.parser.parse_graph(f"g (float x) => (float y) {{ {text} }}").node)


def number(value: float) -> Array:
    return np.float32(value)  # type: ignore[return-value]


NUMBERS = {
    "half": number(0.5), "one": number(1), "two": number(2), "three": number(3), "six": number(6),
    "sixth": number(1 / 6),
    "root2": number(2**0.5), "tiny": number(1e-5), "small": number(1e-12), "zero": number(0), "limit": number(20),
    "c1": number(0.044715), "c2": number((2 / np.pi) ** 0.5), "slope": number(0.2), "last": np.array([-1]),
    "first": np.array([1]), "minus": number(-1), "far": number(-np.inf),
}  # fmt: skip

ACTIVATIONS = {
    "gelu of the error function": (
        "a = Div(x, root2) b = Erf(a) c = Add(b, one) d = Mul(x, c) y = Mul(d, half)", "gelu"
    ),
    "with the half first": ("h = Mul(x, half) a = Div(x, root2) b = Erf(a) c = Add(one, b) y = Mul(h, c)", "gelu"),
    "gelu by tanh": (
        "p = Pow(x, three) a = Mul(p, c1) b = Add(x, a) c = Mul(b, c2) t = Tanh(c) d = Add(t, one) "
        "h = Mul(x, half) y = Mul(h, d)",
        "gelu(tanh=true)",
    ),
    "silu": ("s = Sigmoid(x) y = Mul(s, x)", "silu"),
    "mish": ("s = Softplus(x) t = Tanh(s) y = Mul(x, t)", "mish"),
    "mish with its logarithm": ("e = Exp(x) a = Add(e, one) s = Log(a) t = Tanh(s) y = Mul(x, t)", "mish"),
    "hard swish": ("a = Add(x, three) c = Clip(a, zero, six) m = Mul(x, c) y = Div(m, six)", "hard_swish"),
    "hard swish of a hard sigmoid": (
        "h = HardSigmoid <alpha: float = 0.16666667, beta: float = 0.5> (x) y = Mul(x, h)", "hard_swish"
    ),
    "hard swish by a relu": (
        "a = Add(x, three) r = Relu(a) c = Min(r, six) d = Mul(c, sixth) y = Mul(x, d)", "hard_swish"
    ),
    "hard sigmoid": ("a = Add(x, three) c = Clip(a, zero, six) y = Div(c, six)", "hard_sigmoid"),
    "relu6": ("r = Relu(x) y = Min(r, six)", "clip(0.0, 6.0)"),
    "two limits": ("a = Max(x, minus) y = Min(a, two)", "clip(-1.0, 2.0)"),
    "leaky relu": ("m = Mul(x, slope) y = Max(x, m)", "leaky_relu(slope=0.2)"),
    "softplus that stays finite": ("g = Greater(x, limit) s = Softplus(x) y = Where(g, x, s)", "softplus"),
    "softsign": ("a = Abs(x) b = Add(a, one) y = Div(x, b)", "softsign"),
    "sigmoid": ("n = Neg(x) e = Exp(n) a = Add(e, one) y = Reciprocal(a)", "sigmoid"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), ACTIVATIONS.values(), ids=ACTIVATIONS)
def test_activations(text: str, expected: str) -> None:
    assert operators(checked(nodes_of(text), IMAGE, weights=NUMBERS)) == [expected]


SOFTMAX = {
    "softmax": (
        "m = ReduceMax <keepdims: int = 1> (x, last) d = Sub(x, m) e = Exp(d) "
        "s = ReduceSum <keepdims: int = 1> (e, last) y = Div(e, s)",
        "softmax",
    ),
    "without the largest": ("e = Exp(x) s = ReduceSum <keepdims: int = 1> (e, last) y = Div(e, s)", "softmax"),
    "its logarithm": ("s = Softmax <axis: int = -1> (x) y = Log(s)", "log_softmax"),
    "the logarithm of sums": (
        "m = ReduceMax <keepdims: int = 1> (x, last) d = Sub(x, m) e = Exp(d) "
        "s = ReduceSum <keepdims: int = 1> (e, last) l = Log(s) y = Sub(d, l)",
        "log_softmax",
    ),
}


@pytest.mark.parametrize(("text", "expected"), SOFTMAX.values(), ids=SOFTMAX)
def test_softmax(text: str, expected: str) -> None:
    assert operators(checked(nodes_of(text), SEQUENCE, weights=NUMBERS)) == [expected]


def test_what_only_looks_like_an_activation_stays() -> None:
    text = "s = Sigmoid(x) r = Relu(x) y = Mul(s, r)"
    assert sorted(operators(checked(nodes_of(text), IMAGE, weights=NUMBERS))) == ["mul", "relu", "sigmoid"]


def test_a_part_that_is_read_elsewhere_stays() -> None:
    found = checked(nodes_of("s = Sigmoid(x) y = Mul(s, x)"), IMAGE, ["y", "s"])
    assert sorted(operators(found)) == ["sigmoid", "silu"]


# ---- norms ----

CENTRED = "m = ReduceMean <keepdims: int = 1> (x, {axis}) d = Sub(x, m) q = Pow(d, two) "
VARIANCE = "v = ReduceMean <keepdims: int = 1> (q, {axis}) e = Add(v, tiny) r = Sqrt(e) "


def test_a_layer_norm_with_its_weights() -> None:
    text = (CENTRED + VARIANCE).format(axis="last") + "n = Div(d, r) s = Mul(n, scale) y = Add(s, shift)"
    found = checked(nodes_of(text), SEQUENCE, weights=NUMBERS | {"scale": drawn(8), "shift": drawn(8, seed=1)})
    assert operators(found) == ["layernorm"]
    assert sorted(map(float, found.states[next(n for n in found.states if n.endswith(".scale"))])) == sorted(drawn(8))


def test_a_layer_norm_of_channels_in_front_of_positions() -> None:
    text = (CENTRED + VARIANCE).format(axis="first") + "n = Div(d, r) s = Mul(scale, n) y = Add(s, shift)"
    weights = NUMBERS | {"scale": drawn(4, 1, 1), "shift": drawn(4, 1, 1, seed=1)}
    assert operators(checked(nodes_of(text), IMAGE, weights=weights)) == ["layernorm"]


def test_a_difference_that_is_computed_twice() -> None:
    text = (
        "m = ReduceMean <keepdims: int = 1> (x, last) d = Sub(x, m) d2 = Sub(x, m) q = Mul(d2, d2) "
        + VARIANCE.format(axis="last")
        + "y = Div(d, r)"
    )
    assert operators(checked(nodes_of(text), SEQUENCE, weights=NUMBERS)) == ["layernorm"]


def test_a_norm_without_a_mean() -> None:
    text = (
        "q = Pow(x, two) v = ReduceMean <keepdims: int = 1> (q, last) e = Add(v, tiny) r = Sqrt(e) i = Reciprocal(r) "
        "n = Mul(x, i) y = Mul(n, scale)"
    )
    assert operators(checked(nodes_of(text), SEQUENCE, weights=NUMBERS | {"scale": drawn(8)})) == ["rmsnorm"]


def test_a_group_norm_as_pytorch_writes_it() -> None:
    text = (
        "p = Reshape(x, parts) n = InstanceNormalization <epsilon: float = 0.00001> (p, ones, zeros) "
        "h = Shape(x) b = Reshape(n, h) s = Mul(b, scale) y = Add(s, shift)"
    )
    weights = {
        "parts": np.array([0, 2, -1]), "ones": np.ones(2, np.float32), "zeros": np.zeros(2, np.float32),
        "scale": drawn(4, 1, 1), "shift": drawn(4, 1, 1, seed=1),
    }  # fmt: skip
    assert operators(checked(nodes_of(text), IMAGE, weights=weights)) == ["groupnorm(2)"]


@pytest.mark.parametrize(
    "end", ["c = Clip(l, small)", "l2 = Clip(l, small) h = Shape(x) c = Expand(l2, h)", "c = Max(l, small)"]
)
def test_a_length(end: str) -> None:
    text = f"l = ReduceL2 <keepdims: int = 1> (x, last) {end} y = Div(x, c)"
    assert operators(checked(nodes_of(text), SEQUENCE, weights=NUMBERS)) == ["normalize"]


def test_local_normalization_by_a_pool_of_squares() -> None:
    text = (
        "q = Mul(x, x) w = Unsqueeze(q, first) p = Pad(w, pads) "
        "a = AveragePool <kernel_shape: ints = [3, 1, 1], strides: ints = [1, 1, 1]> (p) s = Squeeze(a, first) "
        "m = Mul(s, slope) b = Add(m, two) r = Pow(b, half) y = Div(x, r)"
    )
    pads = np.array([0, 0, 1, 0, 0, 0, 0, 1, 0, 0])
    (found,) = operators(checked(nodes_of(text), IMAGE, weights=NUMBERS | {"pads": pads}))
    assert found == "lrn(3, alpha=0.2, beta=0.5, bias=2.0)"


def test_a_group_norm_that_ends_in_another_shape_is_told() -> None:
    text = "p = Reshape(x, parts) n = InstanceNormalization(p, ones, zeros) y = Reshape(n, other)"
    weights = {
        "parts": np.array([0, 2, -1]), "ones": np.ones(2, np.float32), "zeros": np.zeros(2, np.float32),
        "other": np.array([0, 4, 30]),
    }  # fmt: skip
    with pytest.raises(CnnGraphError, match=r"GroupNorm.*that becomes"):
        read_model(model(nodes_of(text), IMAGE, weights=weights))


# ---- layers ----


def test_a_product_and_its_bias() -> None:
    weights = {"w": drawn(8, 3), "b": drawn(3)}
    assert operators(checked(nodes_of("m = MatMul(x, w) y = Add(b, m)"), SEQUENCE, weights=weights)) == ["linear(3)"]
    assert operators(checked(nodes_of("m = MatMul(x, w) y = Add(m, b)"), VECTOR, weights=weights)) == ["dense(3)"]


def test_a_product_that_is_read_without_its_bias() -> None:
    weights = {"w": drawn(8, 3), "b": drawn(3)}
    found = checked(nodes_of("m = MatMul(x, w) y = Add(m, b)"), VECTOR, ["y", "m"], weights)
    assert operators(found)[0] == "dense(3, bias=false)"


def test_a_second_bias_of_gemm() -> None:
    weights = {"w": drawn(8, 3), "b": drawn(3), "c": drawn(3, seed=1)}
    text = "m = Gemm <beta: float = 0.5> (x, w, c) y = Add(m, b)"
    found = checked(nodes_of(text), VECTOR, weights=weights)
    assert operators(found) == ["dense(3)"]


@pytest.mark.parametrize("shape", [(3, 1, 1), (1, 3, 1, 1), ()])
@pytest.mark.parametrize("layer", ["Conv(x, w)", "Conv(x, w, b)"])
@pytest.mark.parametrize("word", ["Mul", "Add"])
def test_a_factor_and_a_summand_behind_a_convolution(word: str, layer: str, shape: tuple[int, ...]) -> None:
    weights = {"w": drawn(3, 4, 3, 3), "b": drawn(3), "s": drawn(*shape, seed=2)}
    (found,) = operators(checked(nodes_of(f"c = {layer} y = {word}(c, s)"), IMAGE, weights=weights))
    assert found.startswith("conv(3, 3x3")


def test_what_is_added_at_each_column_is_no_bias() -> None:
    weights = {"w": drawn(3, 4, 1, 1), "s": drawn(6)}
    found = operators(checked(nodes_of("c = Conv(x, w) y = Add(c, s)"), IMAGE, weights=weights))
    assert len(found) == 2


def test_a_transposed_convolution_and_its_factor() -> None:
    weights = {"w": drawn(4, 3, 2, 2), "s": drawn(3, 1, 1)}
    (found,) = operators(checked(nodes_of("c = ConvTranspose(x, w) y = Mul(c, s)"), IMAGE, weights=weights))
    assert found.startswith("upconv(3, 2x2")


def test_a_margin_of_zeros_is_padding() -> None:
    pads = np.array([0, 0, 1, 0, 0, 0, 2, 1])
    found = checked(nodes_of("p = Pad(x, pads) y = Conv(p, w)"), IMAGE, weights={"pads": pads, "w": drawn(3, 4, 3, 3)})
    assert operators(found) == ["conv(3, 3x3, pad=((1, 2), (0, 1)), bias=false)"]


def test_a_margin_of_the_lowest_number_before_a_pool() -> None:
    text = "p = Pad(x, pads, far) y = MaxPool <kernel_shape: ints = [2, 2], strides: ints = [2, 2]> (p)"
    pads = np.array([0, 0, 1, 0, 0, 0, 0, 0])
    (found,) = operators(checked(nodes_of(text), IMAGE, weights=NUMBERS | {"pads": pads}))
    assert found == "maxpool(2x2, pad=((1, 0), 0))"


def test_another_margin_stays() -> None:
    pads = np.array([0, 0, 1, 1, 0, 0, 1, 1])
    text = "p = Pad(x, pads, one) y = MaxPool <kernel_shape: ints = [2, 2]> (p)"
    found = operators(checked(nodes_of(text), IMAGE, weights=NUMBERS | {"pads": pads}))
    assert len(found) > 1
    assert found[-1] == "maxpool(2x2/1)"


LINES: Mapping[str, str] = {
    "a factor and a summand": "m = Mul(x, s) y = Add(m, t)",
    "mean and deviation": "a = Sub(x, m0) b = Div(a, d0) c = Mul(b, s) y = Add(c, t)",
    "without a factor": "a = Sub(x, m0) b = Div(a, d0) y = Add(b, t)",
}


@pytest.mark.parametrize("text", LINES.values(), ids=LINES)
def test_a_line_for_each_channel_is_a_batch_norm(text: str) -> None:
    names = {name: drawn(4, 1, 1, seed=i) for i, name in enumerate(("s", "t", "m0"))}
    found = checked(nodes_of(text), IMAGE, weights=names | {"d0": np.abs(drawn(4, 1, 1)) + 0.5})
    assert operators(found) == ["batchnorm"]


@pytest.mark.parametrize(("shape", "axis"), [((5, 1), 2), ((6,), 3), ((1, 4, 1, 1), 1)])
def test_a_line_along_any_axis(shape: tuple[int, ...], axis: int) -> None:
    weights = {"s": drawn(*shape), "t": drawn(*shape, seed=1)}
    found = checked(nodes_of("m = Mul(x, s) y = Add(m, t)"), IMAGE, weights=weights)
    assert ("batchnorm" in operators(found)) == (axis != 3)


def test_two_reductions_are_one() -> None:
    text = "a = ReduceMean <keepdims: int = 0> (x, three) y = ReduceMean <keepdims: int = 0> (a, two)"
    weights = {"w": drawn(4, 4, 1, 1), "three": np.array([3]), "two": np.array([2])}
    found = checked(nodes_of("c = Conv(x, w) " + text.replace("(x, three)", "(c, three)")), IMAGE, weights=weights)
    assert operators(found)[1:] == ["globalavgpool"]


def test_slices_of_several_axes_are_one() -> None:
    weights = {"a": np.array([1]), "b": np.array([4]), "c": np.array([2]), "d": np.array([3]), "e": np.array([5])}
    text = "c1 = Conv(x, w) h = Slice(c1, a, b, c) y = Slice(h, a, e, d)"
    found = checked(nodes_of(text), IMAGE, weights=weights | {"w": drawn(3, 4, 1, 1)})
    assert operators(found)[1:] == ["crop(1)"]
    found = checked(nodes_of(text), IMAGE, ["y", "h"], weights | {"w": drawn(3, 4, 1, 1)})
    assert len(operators(found)) == 3


# ---- masks, tokens ----

SCORES = {"x": ["N", 2, 5, 5]}


@pytest.mark.parametrize("length", [5, "T"])
@pytest.mark.parametrize(
    "text",
    [
        "o = Expand(one, h) t = Trilu <upper: int = 0> (o) e = Equal(t, zero) w = Where(e, far, zero) y = Add(x, w)",
        "o = Expand(one, h) t = Trilu <upper: int = 0> (o) e = Equal(t, zero) y = Where(e, far, x)",
        "o = ConstantOfShape <value: tensor = float[1] {1}> (h) t = Trilu <upper: int = 0> (o) "
        "b = Cast <to: int = 9> (t) y = Where(b, x, far)",
    ],
)
def test_masks_of_later_positions(text: str, length: int | str) -> None:
    """Compared behind the softmax, for we take a large number where files take minus infinity."""
    head = "a = Shape <start: int = 2> (x) h = Identity(a) "
    body = text.replace("y =", "z =") + " y = Softmax <axis: int = -1> (z)"
    found = checked(nodes_of(head + body), {"x": ["N", 2, length, length]}, weights=NUMBERS, sizes={"T": 4})
    assert operators(found) == ["causal", "softmax"]


def test_a_known_mask_of_later_positions() -> None:
    mask = np.triu(np.full((5, 5), -np.inf, np.float32), 1)
    found = checked(nodes_of("z = Add(x, mask) y = Softmax <axis: int = -1> (z)"), SCORES, weights={"mask": mask})
    assert operators(found) == ["causal", "softmax"]


def test_a_known_sum_of_one_score_is_no_mask() -> None:
    found = checked(nodes_of("y = Add(x, zero)"), SCORES, weights={"zero": np.zeros((1, 1), np.float32)})
    assert "causal" not in operators(found)


def test_a_token_that_stands_twice_is_told() -> None:
    text = "t = Expand(token, h) y = Concat <axis: int = 1> (t, x)"
    weights = {"token": drawn(1, 1, 8), "h": np.array([2, 2, 8])}
    with pytest.raises(CnnGraphError):
        read_model(model(nodes_of(text), {"x": [2, 5, 8]}, weights=weights))


def test_a_known_token_for_each_sample() -> None:
    token = np.broadcast_to(drawn(1, 1, 8), (3, 1, 8)).copy()
    found = checked(nodes_of("y = Concat <axis: int = 1> (t, x)"), {"x": [3, 5, 8]}, weights={"t": token})
    assert operators(found) == ["prepend_token"]


def test_a_token_before_a_sequence() -> None:
    text = (
        "n = Shape <start: int = 0, end: int = 1> (x) h = Concat <axis: int = 0> (n, one, one) "
        "t = Expand(token, h) y = Concat <axis: int = 1> (t, x)"
    )
    weights = {"token": drawn(1, 1, 8), "one": np.array([1])}
    assert operators(checked(nodes_of(text), SEQUENCE, weights=weights)) == ["prepend_token"]


# ---- recurrent layers ----


def test_a_layer_that_was_written_step_by_step() -> None:
    steps = " ".join(
        f"s{i} = Slice(p, {at}, {to}, zero) q{i} = Squeeze(s{i}, zero) m{i} = MatMul({before}, r) "
        f"a{i} = Add(m{i}, c) b{i} = Add(a{i}, q{i}) h{i} = Tanh(b{i})"
        for i, (at, to, before) in enumerate([("zero", "one", "start"), ("one", "two", "h0"), ("two", "three", "h1")])
    )
    text = (
        "n = Shape <start: int = 1, end: int = 2> (x) g = Concat <axis: int = 0> (one, n, width) "
        "start = Expand(nothing, g) "
        f"m = MatMul(x, w) p = Add(m, b) {steps} y = Concat <axis: int = 0> (h0, h1, h2)"
    )
    places = {name: np.array([i]) for i, name in enumerate(("zero", "one", "two", "three"))}
    weights = places | {
        "w": drawn(4, 6), "b": drawn(6), "r": drawn(6, 6) * np.float32(0.3), "c": drawn(6, seed=1),
        "width": np.array([6]), "nothing": np.float32(0),
    }  # fmt: skip
    found = checked(nodes_of(text), {"x": [3, "batch", 4]}, weights=weights, sizes={"batch": 2})
    assert operators(found) == ["scan(rnn)"]
