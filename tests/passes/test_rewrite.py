from __future__ import annotations

from collections.abc import Sequence

import pytest

from cnngraph.ir.graph import Node, Ref
from cnngraph.ir.text import from_text, to_text
from cnngraph.ops.concat import Concat
from cnngraph.ops.identity import Identity
from cnngraph.ops.relu import Relu
from cnngraph.ops.scale import Scale
from cnngraph.passes.rewrite import Rewriting, rewrite

CHAIN = from_text("""\
graph chain
x: f32[batch, 4] = input
a: f32[batch, 4] = relu <- x on gpu0
b: f32[batch, 4] = relu <- a
c: f32[batch, 4] = add <- a, b with b
output main = c
output b = b
""")


def test_each_node_is_offered_once_in_order() -> None:
    seen: list[str] = []

    def rule(node: Node, new: Rewriting) -> None:
        seen.append(node.name)

    assert rewrite(CHAIN, rule) is CHAIN
    assert seen == ["x", "a", "b", "c"]


def test_a_node_replaced_by_refs_is_read_no_more() -> None:
    def rule(node: Node, new: Rewriting) -> Sequence[Ref] | None:
        return node.inputs if node.name == "b" else None

    assert to_text(rewrite(CHAIN, rule)) == (
        "graph chain\nx: f32[batch, 4] = input\na: f32[batch, 4] = relu <- x on gpu0\n"
        "c: f32[batch, 4] = add <- a, a with a\noutput main = c\noutput b = a\n"
    )


def test_later_nodes_see_their_inputs_already_moved() -> None:
    def rule(node: Node, new: Rewriting) -> Sequence[Ref] | None:
        return node.inputs if isinstance(node.op, Relu) else None

    assert rewrite(CHAIN, rule)["c"].inputs == (Ref("x"), Ref("x"))


def test_new_nodes_take_the_place_and_the_name() -> None:
    def rule(node: Node, new: Rewriting) -> Sequence[Ref] | None:
        if node.name != "b":
            return None
        half = new.add(new.fresh("b.half"), Scale(0.5), node.inputs)
        return [new.add("b", Identity(), [half.ref], device=node.device).ref]

    rewritten = rewrite(CHAIN, rule)
    assert [node.name for node in rewritten] == ["x", "a", "b.half", "b", "c"]
    assert rewritten["c"] == CHAIN["c"]
    assert rewritten.outputs == CHAIN.outputs


def test_updates_follow() -> None:
    graph = from_text(
        "graph g\ns: f32[4] = state(initial='ones')\na: f32[4] = relu <- s\nb: f32[4] = identity <- a\nupdate s = b\n"
    )
    rewritten = rewrite(graph, lambda node, new: node.inputs if isinstance(node.op, Identity) else None)
    assert rewritten.updates == {"s": Ref("a")}
    assert "b" not in rewritten


def test_every_result_must_be_replaced() -> None:
    with pytest.raises(ValueError, match="zip"):
        rewrite(CHAIN, lambda node, new: [] if node.name == "b" else None)


def test_a_replacement_of_another_type_is_found() -> None:
    def widen(node: Node, new: Rewriting) -> Sequence[Ref] | None:
        if node.name != "b":
            return None
        return [new.add("wide", Concat(), [*node.inputs, *node.inputs]).ref]

    with pytest.raises(AssertionError, match="has the types"):
        rewrite(from_text(to_text(CHAIN).replace("add <- a, b with b", "relu <- b")), widen)
