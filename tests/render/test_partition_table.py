import json

import pytest
from render.nets import lenet5

from cnngraph.partition.device import Cluster
from cnngraph.partition.partition import Partition, assign
from cnngraph.render.partition_table import BUSIEST, stages


@pytest.fixture(scope="module")
def halves() -> Partition:
    graph = lenet5().bind(batch=8)
    names = [node.name for node in graph]
    second = names.index("c3.conv.weight")
    device_of = {name: f"gpu{int(i >= second)}" for i, name in enumerate(names)}
    return assign(graph, Cluster.uniform(2), device_of, lower_bound_seconds=1e-6)


def test_each_device_has_a_row_and_the_busiest_is_marked(halves: Partition) -> None:
    table = stages(halves)
    rows = [dict(zip([column.key for column in table.columns], row, strict=True)) for row in table.rows]
    assert [(row["device"], row["first"], row["last"]) for row in rows] == [
        ("gpu0", "image", "s2"),
        ("gpu1", "c3.conv", "output.softmax"),
    ]
    assert [row["bottleneck"] for row in rows].count(BUSIEST) == 1
    assert str(rows[0]["sent_bytes"]) == str(rows[1]["received_bytes"]) == "37.6 kB"


def test_the_bound_and_the_gap_stand_below(halves: Partition) -> None:
    text = str(stages(halves))
    assert text.startswith("lenet5 on 2 devices\n")
    assert "values that cross: 1" in text
    assert "traffic: 37.6 kB" in text
    assert "lower bound: 1 us" in text
    assert f"gap: {halves.gap:.1%}" in text


def test_programs_get_plain_numbers(halves: Partition) -> None:
    read = json.loads(stages(halves).to("json"))
    assert read["totals"]["traffic"] == 8 * 6 * 14 * 14 * 4
    assert read["rows"][0]["memory_bytes"] == 16 * 10**9
    assert read["rows"][1]["load_seconds"] == halves.stages[1].load_seconds
