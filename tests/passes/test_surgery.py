from __future__ import annotations

from dataclasses import replace

from cnngraph.ir.graph import Ref
from cnngraph.ir.text import from_text
from cnngraph.ir.verify import verify
from cnngraph.passes.surgery import Readers, constants, fresh, in_order, replaced

GRAPH = from_text("""\
graph g
x: f32[batch, 4] = input
w: f32[4] = state(initial='ones')
k: f32[4] = state(initial='ones')
h: f32[4] = scale(factor=0.5) <- w
i: f32[4] = scale(factor=0.5) <- k
a: f32[batch, 4] = relu <- x
b: f32[batch, 4] = add <- a, a with a
c: f32[batch, 4] = tanh <- b
output c = c
update k = i
""")


def test_only_one_reading_counts() -> None:
    readers = Readers(GRAPH)
    assert readers.only(Ref("x")) is GRAPH["a"]
    assert readers.only(Ref("a")) is None  # read twice by one node
    assert readers.only(Ref("c")) is None  # an output
    assert readers.only(Ref("i")) is None  # the next value of a state


def test_what_a_run_changes_is_no_constant() -> None:
    assert constants(GRAPH) == {"w", "h"}


def test_nodes_that_go_are_found_elsewhere() -> None:
    after = replaced(GRAPH, {"a": ()}, {Ref("a"): Ref("x")}, {"a": "x"})
    assert after["b"].inputs == (Ref("x"), Ref("x"))
    assert after["b"].colocated == "x"
    assert after["c"] is GRAPH["c"]
    assert replaced(GRAPH, {}) is GRAPH


def test_order_is_mended_and_otherwise_kept() -> None:
    shuffled = replace(GRAPH, nodes=tuple(reversed(GRAPH.nodes)))
    assert [node.name for node in verify(in_order(shuffled))] == ["x", "a", "b", "c", "k", "i", "w", "h"]
    assert in_order(GRAPH) == GRAPH


def test_a_taken_name_gets_a_number() -> None:
    assert [fresh(GRAPH.by_name, name) for name in ("z", "a")] == ["z", "a_2"]
