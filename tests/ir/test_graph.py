from __future__ import annotations

from dataclasses import replace

import networkx
import pytest

from cnngraph.ir.builder import Builder
from cnngraph.ir.graph import Fact, Graph, Node, Ref
from cnngraph.ir.op import OpError, Weight
from cnngraph.ir.size import SizeError, symbol
from cnngraph.ir.text import from_text
from cnngraph.ir.types import TensorType
from cnngraph.ir.verify import verify
from cnngraph.ir.window import Window
from cnngraph.ops.conv import Conv
from cnngraph.ops.relu import Relu

H = symbol("H", multiple_of=2, at_least=4)

TWO_BRANCHES = from_text("""\
graph branches
size H multiple_of=2 at_least=4
where H >= 6
x: f32[batch, H, 3] = input
left.weight: f32[2, 3, 5] = state(initial='he') with left
left: f32[batch, H-1, 5] = conv(features=5, window=Window((2,)), bias=False) <- x, left.weight
right: f32[batch, H, 3] = relu <- x
mean: f32[7] = state(initial='zeros', trainable=False)
output left = left
output right = right
update mean = mean
""")


def test_a_graph_is_looked_up_by_name() -> None:
    graph = TWO_BRANCHES
    assert graph["left"].op == Conv(5, Window((2,)), bias=False)
    assert "left" in graph
    assert "up" not in graph
    assert [node.name for node in graph] == ["x", "left.weight", "left", "right", "mean"]
    assert [node.name for node in graph.inputs] == ["x"]
    assert [node.name for node in graph.states] == ["left.weight", "mean"]
    assert [node.name for node in graph.users["x"]] == ["left", "right"]
    assert graph.users["mean"] == ()
    assert graph.input_types(graph["left"]) == (TensorType.of(3, (H,)), TensorType((2, 3, 5)))
    assert graph.symbols == ("batch", "H")


def test_networkx_sees_the_same_graph() -> None:
    view = TWO_BRANCHES.nx
    assert list(view) == [node.name for node in TWO_BRANCHES]
    assert set(view.edges) == {("x", "left"), ("left.weight", "left"), ("x", "right")}
    assert view.nodes["left"]["op"] == "conv"
    with pytest.raises(networkx.NetworkXError):
        view.add_node("more")


def test_an_edge_lists_all_results_that_it_carries() -> None:
    builder = Builder()
    x = builder.add("x", Relu(), [builder.state("w", Weight(TensorType((2,)), "he")).ref])
    node = Node("twice", x.op, (x.ref, x.ref), x.types)
    graph = Graph("g", (*builder.nodes.values(), node), {})
    assert graph.nx.edges["x", "twice"]["refs"] == (x.ref, x.ref)


def test_bind_replaces_sizes_everywhere() -> None:
    bound = TWO_BRANCHES.bind(batch=2, H=8)
    assert bound["left"].type.concrete == (2, 7, 5)
    assert bound["x"].op == replace(TWO_BRANCHES["x"].op, type=bound["x"].type)  # type: ignore[call-arg]
    assert bound.facts == (Fact(">=", 8, 6),)
    assert verify(bound) is bound


@pytest.mark.parametrize(
    ("sizes", "message"),
    [({"H": 7}, "H = 7, but H % 2 == 0"), ({"H": 4}, "where H >= 6 does not hold: 4 >= 6")],
)
def test_bind_checks_what_is_known(sizes: dict[str, int], message: str) -> None:
    with pytest.raises(SizeError, match=message):
        TWO_BRANCHES.bind(**sizes)


def test_fetch_keeps_what_leads_to_the_names() -> None:
    assert [node.name for node in TWO_BRANCHES.fetch(["right"])] == ["x", "right"]
    fetched = TWO_BRANCHES.fetch(["left", "left.weight"])
    assert fetched.outputs == {"left": Ref("left"), "left.weight": Ref("left.weight")}
    assert "right" not in fetched
    assert not fetched.updates


def test_a_builder_makes_the_states_of_a_layer() -> None:
    builder = Builder(TWO_BRANCHES)
    node = builder.apply("more", Conv(4, Window((3,))), [Ref("right")], device="gpu0")
    assert node.inputs == (Ref("right"), Ref("more.weight"), Ref("more.bias"))
    assert builder.nodes["more.weight"].colocated == "more"
    assert builder.fresh("more") == "more_2"
    assert builder.fresh("less") == "less"
    assert list(TWO_BRANCHES.by_name) == ["x", "left.weight", "left", "right", "mean"]  # the start is left as it was


def test_a_refused_layer_leaves_no_states() -> None:
    builder = Builder(TWO_BRANCHES)
    before = list(builder.nodes)
    with pytest.raises(OpError):
        builder.apply("more", Conv(4, Window((3, 3))), [Ref("right")])
    assert list(builder.nodes) == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda g: replace(g, nodes=g.nodes[1:]), "left reads x, which does not stand before it"),
        (lambda g: replace(g, nodes=(g.nodes[0], *g.nodes)), "two nodes are named x"),
        (lambda g: replace(g, outputs={"y": Ref("left", 1)}), "output y is left!1, which does not exist"),
        (lambda g: replace(g, updates={"left": Ref("left")}), "left is updated but is no state"),
        (lambda g: replace(g, updates={"mean": Ref("up")}), "mean becomes up, which does not exist"),
        (lambda g: replace(g, updates={"mean": Ref("left")}), r"mean is f32\[7\], but becomes f32\[batch, H-1, 5\]"),
        (
            lambda g: replace(g, nodes=(*g.nodes, replace(g["right"], name="r", types=g["left"].types))),
            "relu infers",
        ),
        (lambda g: replace(g, nodes=(*g.nodes, replace(g["right"], name="r", inputs=()))), "lacks operands"),
        (
            lambda g: replace(g, nodes=(*g.nodes, replace(g["left"], name="l", inputs=(Ref("x"),)))),
            "has the weights none, but conv wants",
        ),
    ],
)
def test_verify_finds_what_is_broken(change: object, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        verify(change(TWO_BRANCHES))  # type: ignore[operator]
