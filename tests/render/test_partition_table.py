import json
from dataclasses import replace
from pathlib import Path

import pytest
from render.nets import lenet5

from cnngraph.partition.device import Cluster
from cnngraph.partition.partition import Partition, assign
from cnngraph.partition.split import solve
from cnngraph.partition.workload import load_workload
from cnngraph.render.partition_table import BUSIEST, shares, stages


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


def test_shares_are_bars_and_fractions(halves: Partition) -> None:
    rows = json.loads(stages(halves).to("json"))["rows"]
    assert max(row["load_share"] for row in rows) == 1.0
    assert all(row["memory_share"] == row["peak_bytes"] / row["memory_bytes"] for row in rows)
    assert "████████ 100%" in str(stages(halves))


def test_what_proves_it_and_what_found_it_stand_below(halves: Partition) -> None:
    assert "proved by: work over speed" in str(stages(halves))
    proved = replace(halves, proof="every cut was tried", strategy="cuts", contiguous=False)
    text = str(stages(proved))
    assert "proved by: every cut was tried" in text
    assert "found by: cuts for throughput, any split" in text


def test_a_team_is_one_row() -> None:
    graph = lenet5().bind(batch=8)
    cluster = Cluster.uniform(2)
    team = assign(graph, cluster, dict.fromkeys(graph.by_name, "gpu0"), teams=(("gpu0", "gpu1"),))
    text = str(stages(team))
    assert text.startswith("lenet5 on 2 devices\n")
    assert "gpu0 + gpu1 " in text
    assert "teams: gpu0 + gpu1" in text


def test_a_workload_of_numbers_has_a_table_too(tmp_path: Path) -> None:
    times = {"fpgaLatency": 1.0, "cpuLatency": 9.0, "supportedOnFpga": 1, "size": 100, "isBackwardNode": 0}
    nodes = [{"id": i, "name": f"n{i}", **times} for i in range(4)]
    edges = [{"sourceId": i, "destId": i + 1, "cost": 0.25} for i in range(3)]
    head = {"maxFPGAs": 2, "maxCPUs": 0, "maxSizePerFPGA": 1000}
    (tmp_path / "four.json").write_text(json.dumps({**head, "nodes": nodes, "edges": edges}))
    problem = load_workload(tmp_path / "four.json")
    table = shares(problem, solve(problem))
    read = json.loads(table.to("json"))
    assert [row["operators"] for row in read["rows"]] == [2, 2]
    assert [row["load"] for row in read["rows"]] == [2.25, 2.25]
    assert [row["memory_share"] for row in read["rows"]] == [0.2, 0.2]
    assert read["totals"]["bottleneck"] == 2.25
    assert str(table).startswith("four on 2 devices\n")


def test_another_objective_has_its_own_goal_and_bound(tmp_path: Path) -> None:
    times = {"fpgaLatency": 1.0, "cpuLatency": 9.0, "supportedOnFpga": 1, "size": 100, "isBackwardNode": 0}
    nodes = [{"id": i, "name": f"n{i}", **times} for i in range(4)]
    edges = [{"sourceId": i, "destId": i + 1, "cost": 0.25} for i in range(3)]
    head = {"maxFPGAs": 2, "maxCPUs": 0, "maxSizePerFPGA": 1000}
    (tmp_path / "four.json").write_text(json.dumps({**head, "nodes": nodes, "edges": edges}))
    problem = load_workload(tmp_path / "four.json", "latency")
    totals = json.loads(shares(problem, solve(problem)).to("json"))["totals"]
    assert totals["one_run"] == totals["lower_bound"] == 4.0  # a chain is not shortened by a second device
    assert totals["gap"] == 0.0
