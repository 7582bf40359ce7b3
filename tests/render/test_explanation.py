"""Explanations in words and as a table."""

from __future__ import annotations

import json

from partition.random_graphs import random_graph, slow_cluster

from cnngraph.cost.quantity import seconds_text
from cnngraph.partition.explain import Explanation, Question, explain
from cnngraph.render.explanation import reasons, trials


def explained() -> Explanation:
    graph = random_graph(0, layers=8)
    asked = Question(lambda batch, again: graph.bind(batch=batch), slow_cluster(3), 2)
    return explain(asked, asked.answer())


def test_reasons_have_the_numbers() -> None:
    found = explained()
    text = reasons(found)
    assert text.startswith(f"{found.stage.label} is the busiest: {seconds_text(found.stage.load_seconds)}, of which ")
    assert f"it computes    {found.layers[0].what} {seconds_text(found.layers[0].seconds)} (" in text
    assert f"it moves       {found.values[0].what} " in text
    assert f"nothing of this kind is below {seconds_text(found.partition.lower_bound_seconds)}" in text
    assert "memory" not in text


def test_trials_are_a_table_with_the_best_first() -> None:
    found = explained()
    rows = json.loads(trials(found).to("json"))["rows"]
    assert [row["change"] for row in rows] == [trial.change for trial in found.trials]
    possible = [row for row in rows if row["then"] is not None]
    assert possible == sorted(possible, key=lambda row: row["then"])
    for row in possible:
        assert row["now"] == found.value
        assert row["gain"] == 1 - row["then"] / row["now"]
        assert (row["note"] == "does not help") == (row["gain"] < 0.005)
