"""Files that no program wrote: whatever stands in them, the answer is a network or a diagnostic, and soon."""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("torch", reason="the oracle is written in PyTorch")

from interop.caffe.importing import imported
from interop.caffe.printing import prototxt
from interop.caffe.small import HEAD, SHAPES, layer, net, weights_of

from cnngraph.diagnostics import CnnGraphError
from cnngraph.interop.assembly import MAX_LAYERS
from cnngraph.interop.caffe.meaning import TABLE
from cnngraph.interop.caffe.prototxt import MAX_BYTES
from cnngraph.interop.caffe.wire import WireError, entries


def reads(text: str, weights: bytes | None = None) -> bool:
    """Whether the text is a network. Anything but a diagnostic is a fault of ours."""
    with TemporaryDirectory() as folder:
        try:
            imported(Path(folder), text, weights)
        except CnnGraphError as problem:
            codes = {diagnostic.code for diagnostic in problem.diagnostics}
        else:
            codes = set()
    assert codes <= {"E0801", "E0802", "E0703"}
    return not codes


DOUBLING = layer("ReLU").replace('"l"', '"l0"') + "".join(
    layer("Concat", f'l{i}" ' + f'bottom: "l{i}" ' * 8 + f'bottom: "l{i}').replace('"l"', f'"l{i + 1}"')
    for i in range(400)
)


@pytest.mark.parametrize(
    "text",
    [
        "a {" * 100_000,
        "a: [" * 100_000,
        HEAD + "layer { " * 10_000 + "} " * 10_000,
        "a: " + "9" * 1_000_000,
        'a: "' + "\\1" * 500_000 + '"',
        "#" * (MAX_BYTES + 1),
        HEAD + layer("ReLU") * (MAX_LAYERS + 1),
        HEAD + "x: 1 " * 30_000,
        "#" * 10_000 + "\n@",
        HEAD + DOUBLING,
        HEAD + layer("Slice", more='top: "m" ' + "slice_param { slice_point: 1 " + "slice_point: 2 " * 10_000 + "}"),
        HEAD + layer("Convolution", more="convolution_param { num_output: 1 " + "kernel_size: 1 " * 10_000 + "}"),
        HEAD + layer("Convolution", more="convolution_param { num_output: 1 kernel_size: 2147483647 pad: 2147483647 }"),
        HEAD
        + layer(
            "Deconvolution",
            more="convolution_param { num_output: 1 kernel_size: 2147483647 bias_term: 0 "
            'weight_filler { type: "bilinear" } }',
        ),
        HEAD + layer("Pooling", more="pooling_param { kernel_size: 2147483647 pad: 2147483646 }"),
        HEAD + layer("Reshape", more="reshape_param { shape { " + "dim: 1 " * 10_000 + "dim: -1 } }"),
        "\x00" * 100_000,
    ],
    ids=[
        "depth",
        "lists",
        "layers in layers",
        "digits",
        "escapes",
        "bytes",
        "layers",
        "fields",
        "comments",
        "doubling",
        "points",
        "kernels",
        "window",
        "filler",
        "pool",
        "axes",
        "zeros",
    ],
)
def test_hostile_texts_take_little_time(text: str) -> None:
    start = time.perf_counter()
    reads(text)
    assert time.perf_counter() - start < 10


NAMES = st.sampled_from(["data", "a", "b"])
NUMBERS = st.sampled_from(["0", "1", "2", "3", "-1", "6", "1e9", "2147483647", "0.5", "MAX", "true", '"x"', "{ }"])
FIELDS = st.sampled_from(
    [
        "num_output",
        "kernel_size",
        "kernel_h",
        "pad",
        "stride",
        "group",
        "dilation",
        "axis",
        "bias_term",
        "pool",
        "global_pooling",
        "local_size",
        "alpha",
        "beta",
        "slice_point",
        "coeff",
        "operation",
        "offset",
        "order",
        "scale",
        "dim",
        "num_axes",
        "negative_slope",
        "power",
        "base",
        "dropout_ratio",
        "min",
        "max",
    ]
)
PARAMETERS = {
    "Convolution": "convolution_param",
    "Deconvolution": "convolution_param",
    "InnerProduct": "inner_product_param",
    "Pooling": "pooling_param",
    "LRN": "lrn_param",
    "Slice": "slice_param",
    "Eltwise": "eltwise_param",
    "Crop": "crop_param",
    "Permute": "permute_param",
    "Scale": "scale_param",
    "Bias": "bias_param",
    "Softmax": "softmax_param",
    "Concat": "concat_param",
    "Power": "power_param",
    "Clip": "clip_param",
    "Dropout": "dropout_param",
    "Upsample": "upsample_param",
    "Flatten": "flatten_param",
}


@st.composite
def layers(draw: st.DrawFn) -> str:
    type_ = draw(st.sampled_from([*sorted(TABLE), *PARAMETERS, "SPP"]))
    wires = [f'bottom: "{n}"' for n in draw(st.lists(NAMES, max_size=3))]
    wires += [f'top: "{n}"' for n in draw(st.lists(NAMES, max_size=2))]
    inner = " ".join(f"{f}: {n}" for f, n in draw(st.lists(st.tuples(FIELDS, NUMBERS), max_size=4)))
    shape = " ".join(f"dim: {n}" for n in draw(st.lists(NUMBERS, max_size=4)))
    own = f"{PARAMETERS[type_]} {{ {inner} }}" if type_ in PARAMETERS else f"reshape_param {{ shape {{ {shape} }} }}"
    return f'layer {{ type: "{type_}" {" ".join(wires)} {own} }}'


@settings(max_examples=200, deadline=None)
@given(st.lists(layers(), min_size=1, max_size=5), st.binary(max_size=30))
def test_any_layers_give_a_network_or_a_diagnostic(found: list[str], weights: bytes) -> None:
    reads(HEAD + "\n".join(found), weights)


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from("{}<>[]:;,#\"'\\-.0159exf \nlayert"), max_size=60))
def test_any_text_is_a_message_or_a_diagnostic(text: str) -> None:
    reads(text)
    reads(HEAD + text)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_fields_or_an_error(content: bytes) -> None:
    """No field reaches beyond the end, and together they are no longer than the message."""
    try:
        found = [entry.value for entry in entries(memoryview(content))]
    except WireError:
        return
    assert sum(1 if isinstance(value, int) else len(value) for value in found) <= len(content)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_changed_weights_give_a_network_or_a_diagnostic(data: st.DataObject) -> None:
    content = bytearray(weights_of(net()))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, 80))] = data.draw(st.integers(0, 255))
    reads(prototxt(net(), SHAPES), bytes(content))
