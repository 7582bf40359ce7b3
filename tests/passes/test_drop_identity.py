from __future__ import annotations

from cnngraph.ir.text import from_text
from cnngraph.passes.drop_identity import drop_identity


def test_a_dropout_that_is_switched_on_stays() -> None:
    graph = from_text("""\
        graph g
        x: f32[batch, 4] = input
        d.random: i64[2] = state(initial='key', trainable=False) with d
        d: f32[batch, 4], f32[batch, 4], i64[2] = dropout(training=True) <- x, d.random
        output y = d
        update d.random = d!2
    """)
    assert drop_identity(graph) is graph


def test_a_chain_of_identities_vanishes() -> None:
    graph = from_text("""\
        graph g
        x: f32[batch, 4] = input
        a: f32[batch, 4] = identity <- x
        b: f32[batch, 4] = identity <- a
        y: f32[batch, 4] = add <- b, a with b
        output y = y
    """)
    dropped = drop_identity(graph)
    assert [node.name for node in dropped] == ["x", "y"]
    assert dropped["y"].colocated == "x"
