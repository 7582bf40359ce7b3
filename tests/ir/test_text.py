from __future__ import annotations

import keyword
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnngraph.diagnostics import CnnGraphError
from cnngraph.ir.builder import Builder
from cnngraph.ir.graph import Fact, Graph, Node, Ref
from cnngraph.ir.leaves import Input, State
from cnngraph.ir.notation import KINDS, parse, read, show
from cnngraph.ir.op import Op, Weight
from cnngraph.ir.registry import registry
from cnngraph.ir.size import symbol
from cnngraph.ir.text import from_text, to_text
from cnngraph.ir.types import TensorType
from cnngraph.ir.window import Window
from cnngraph.ops.batchnorm import BatchNorm
from cnngraph.ops.conv import Conv
from cnngraph.ops.gradient import Gradient
from cnngraph.ops.relu import Relu

H = symbol("H", multiple_of=16)
T = symbol("T", at_least=5)
W = symbol("W")
SIZES = {"H": H, "T": T, "W": W}

LENET_HEAD = """\
graph lenet
image: f32[batch, 28, 28, 1] = input
c1.conv.weight: f32[5, 5, 1, 6] = state(initial='he') with c1.conv
c1.conv.bias: f32[6] = state(initial='zeros') with c1.conv
c1.conv: f32[batch, 28, 28, 6] = conv(features=6, window=Window((5, 5)), pad='same') <- \
image, c1.conv.weight, c1.conv.bias on gpu0
c1.relu: f32[batch, 28, 28, 6] = relu <- c1.conv
output main = c1.relu
"""


def test_one_node_a_line() -> None:
    builder = Builder()
    image = builder.add("image", Input(TensorType.of(1, (28, 28))))
    states = [
        builder.state("c1.conv.weight", Weight(TensorType((5, 5, 1, 6)), "he"), colocated="c1.conv"),
        builder.state("c1.conv.bias", Weight(TensorType((6,)), "zeros"), colocated="c1.conv"),
    ]
    conv = builder.add("c1.conv", Conv(6, Window((5, 5)), "same"), [n.ref for n in (image, *states)], device="gpu0")
    relu = builder.add("c1.relu", Relu(), [conv.ref])
    graph = builder.finish("lenet", {"main": relu.ref})
    assert to_text(graph) == LENET_HEAD
    assert from_text(LENET_HEAD) == graph


def test_everything_a_graph_can_hold_reads_back() -> None:
    builder = Builder()
    image = builder.add("image", Input(TensorType.of(3, (H, 4 * W), "float64")), device="gpu0")
    builder.add("words", Input(TensorType.ids(1000, (T,))))
    builder.add("rate", Input(TensorType(())))
    builder.state("mean", Weight(image.type, "zeros", trainable=False))
    conv = builder.apply("b[2].conv", Conv(5, Window((3,), (2, 1)), ((1, 0), (2, 1))), [image.ref], device="gpu1")
    relu = builder.add("b[2].relu", Relu(), [conv.ref])
    types = tuple(builder.type_of(ref) for ref in conv.inputs)
    gradient = Gradient(conv.op, ("x",), types, conv.types)
    back = builder.add("gradient.x", gradient, [relu.ref, conv.inputs[1]], colocated="b[2].conv", device="gpu1")
    facts = (Fact(">=", H, W + 2), Fact("!=", T % 3, 0), Fact("==", 4 * W, 2 * (T // 2)))
    graph = builder.finish("all of it", {"main": relu.ref, "again": relu.ref}, {"mean": back.ref}, facts)
    text = to_text(graph)
    assert from_text(text) == graph
    assert to_text(from_text(text)) == text
    assert "size H multiple_of=16 at_least=1\nsize W multiple_of=1 at_least=1\nsize T multiple_of=1 at_least=5" in text
    assert "where -3*floor(T/3)+T != 0" in text
    assert "update mean = gradient.x" in text


def test_results_are_numbered() -> None:
    graph = graph_of_sample(BatchNorm().for_training(), (TensorType.of(3),))
    named = replace(graph, outputs={**graph.outputs, "last": Ref("node", 4)})
    assert "output last = node!4\n" in to_text(named)
    assert from_text(to_text(named)) == named


def graph_of_sample(op: Op, inputs: tuple[TensorType, ...]) -> Graph:
    builder = Builder()
    operands = [builder.add(f"x{i}", Input(t)).ref for i, t in enumerate(inputs)]
    node = builder.apply("node", op, operands)
    return builder.finish("sample", {"y": node.ref})


@pytest.mark.parametrize("name", registry())
def test_every_operator_reads_back(name: str) -> None:
    assert name.isidentifier(), "an operator is a name in an expression"
    assert not keyword.iskeyword(name)
    assert name not in {*KINDS, "floor", "Window", "inf", "nan"}
    for sample in registry()[name].samples():
        for op in (sample.op, sample.op.for_training()):
            graph = graph_of_sample(op, sample.inputs)
            assert from_text(to_text(graph)) == graph


sizes = st.recursive(
    st.one_of(st.sampled_from([H, T, W]), st.integers(-9, 9)),
    lambda s: st.one_of(
        st.builds(lambda a, b: a + b, s, s),
        st.builds(lambda a, b: a * b, s, s),
        st.builds(lambda a, d: a // d, s, st.integers(1, 12)),
    ),
    max_leaves=6,
)
values = st.recursive(
    st.one_of(sizes, st.none(), st.booleans(), st.text(), st.integers(), st.floats(allow_nan=False)),
    lambda v: st.lists(v, max_size=3).map(tuple),
    max_leaves=5,
)


@given(values)
@settings(max_examples=300, deadline=None)
def test_every_value_reads_back(value: object) -> None:
    assert read(parse(show(value)), SIZES) == value


@given(st.lists(sizes, max_size=4), st.sampled_from(sorted(KINDS.values())), st.none() | st.integers(1, 9999))
@settings(max_examples=100, deadline=None)
def test_every_type_reads_back(shape: list[int], dtype: str, vocabulary: int | None) -> None:
    type_ = TensorType(tuple(shape), dtype, vocabulary)
    assert read(parse(show(type_)), SIZES) == type_


def test_a_line_does_not_end_inside_a_string() -> None:
    state = Node("s", State(TensorType((2,)), "a <- b, c on d with e"), (), (TensorType((2,)),), "gpu0", "f")
    graph = Graph("strings", (state,), {"s": state.ref})
    assert from_text(to_text(graph)) == graph


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("what", "expected `name: type"),
        ("graph again", "the first line, and no other"),
        ("y: f32[batch, 4] = relu <- z", "y reads z, which does not stand before it"),
        ("y: f32[batch, 4] = relu <- x!1", "y reads x!1"),
        ("y: f32[batch, 4] = relu <- x!01", "does not number a result"),
        ("y: f32[batch, 4] = relu", "lacks operands"),
        ("y: f32[batch, 5] = relu <- x", "relu infers f32[batch, 4]"),
        ("y: f64[batch, 4] = relu <- x", "has the types f64[batch, 4]"),
        ("y: f32[batch, 4] = relu <- x, x", "has the weights"),
        ("x: f32[batch, 4] = input", "`x` is defined twice"),
        ("y: f32[batch, 4] = rellu <- x", "no operator or size `rellu`"),
        ("y: f32[batch, 4] = relu(3) <- x", "no meaning"),
        ("y: f32[batch, 4] = relu(slope=3) <- x", "the arguments of `relu` do not fit"),
        ("y: f32[batch, 4] = relu(*x) <- x", "no meaning"),
        ("y: f32[batch, 4] = relu(**x) <- x", "no meaning"),
        ("y: f32[batch, 4] = conv(features=2, window=Window((3,))) <- x", "conv needs a grid"),
        ("y: f32[batch, 4] = conv(features='a', window=3) <- x", "cannot be applied here"),
        ("y: f32[batch, 4] = conv(features=2, window=Window(3)) <- x", "not a tuple of whole numbers"),
        ("y: f32[batch, 4] = __import__('os').system('true') <- x", "no meaning"),
        ("y: f32[batch, 4] = (lambda: relu)() <- x", "no meaning"),
        ("y: f32[batch, H] = input", "no operator or size `H`"),
        ("y: f32[batch, 4.5] = input", "is not a size"),
        ("y: f32[batch, True] = input", "is not a size"),
        ("y: f32[batch, batch/2] = input", "not known to be a multiple of 2"),
        ("y: f32[batch, floor(batch/0)] = input", "no meaning"),
        ("y: f32[batch, batch**2] = input", "no meaning"),
        ("y: f32[batch] + (f32 = input", "not an expression"),
        ("y: f32), (f32 = input", "is not a type"),
        ("y: 4 = input", "is not a type"),
        (f"y: {'(' * 500}f32{')' * 500} = input", "not an expression"),
        (f"y: f32[{'-' * 3000}1] = input", "line 3"),
        ("size T", "expected `name: type"),
        ("size batch multiple_of=2 at_least=1", "`batch` is defined twice"),
        ("where batch", "does not compare"),
        ("where 1 < batch < 2", "does not compare"),
        ("output main = y", "output main is y, which does not exist"),
        ("update x = x", "x is updated but is no state"),
    ],
)
def test_what_is_not_of_this_form_is_an_error_with_its_line(line: str, message: str) -> None:
    with pytest.raises(CnnGraphError) as caught:
        from_text(f"graph g\nx: f32[batch, 4] = input\n{line}\noutput y = x\n", "here.txt")
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "E0001"
    assert diagnostic.message.startswith("line 3: ")
    assert message in diagnostic.message
    assert "here.txt:3:1" in diagnostic.render()


def test_a_text_begins_with_its_name() -> None:
    with pytest.raises(CnnGraphError, match="line 2: the first line"):
        from_text("\nx: f32[batch, 4] = input\n")


@pytest.mark.parametrize(("name", "message"), [("a b", "cannot be printed"), ("a!1", "separates"), ("", "cannot be")])
def test_a_name_that_would_not_read_back_is_not_printed(name: str, message: str) -> None:
    type_ = TensorType.of(3)
    with pytest.raises(AssertionError, match=message):
        to_text(Graph("g", (Node(name, Input(type_), (), (type_,)),), {}))
