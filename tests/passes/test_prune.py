from __future__ import annotations

from cnngraph.ir.text import from_text
from cnngraph.passes.prune import prune


def test_what_leads_to_an_update_stays() -> None:
    graph = from_text("""\
        graph g
        x: f32[4] = state(initial='zeros')
        next: f32[4] = scale(factor=0.5) <- x
        unread: f32[4] = state(initial='zeros')
        update x = next
    """)
    assert [node.name for node in prune(graph)] == ["x", "next"]


def test_a_state_that_is_only_written_stays() -> None:
    graph = from_text("""\
        graph g
        seen: f32[4] = state(initial='zeros')
        x: f32[4] = state(initial='ones')
        update seen = x
    """)
    assert prune(graph) is graph
