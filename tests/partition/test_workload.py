"""Workloads as files: what their numbers mean, and all that can be wrong with them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cnngraph.diagnostics import CnnGraphError
from cnngraph.partition.problem import loads
from cnngraph.partition.split import solve
from cnngraph.partition.workload import load_workload


def node(id_: int, seconds: float, **more: Any) -> dict[str, Any]:
    own = {"supportedOnFpga": 1, "cpuLatency": 10 * seconds, "size": 8.0, "isBackwardNode": 0, "colorClass": id_}
    return {"id": id_, "fpgaLatency": seconds, **own, **more}


def edge(source: int, target: int, cost: float) -> dict[str, Any]:
    return {"sourceId": source, "destId": target, "cost": cost}


def training() -> dict[str, Any]:
    """1 -> 2 -> 3 and back: 13 -> 12 -> 11; each backward node has the colour of its forward one."""
    return {
        "maxFPGAs": 2,
        "maxCPUs": 1,
        "maxSizePerFPGA": 40.0,
        "nodes": [
            *(node(i, float(i)) for i in (1, 2, 3)),
            *(node(10 + i, 2.0 * i, isBackwardNode=1, colorClass=i) for i in (3, 2, 1)),
        ],
        "edges": [edge(1, 2, 0.5), edge(1, 3, 0.5), edge(2, 3, 0.25), edge(3, 13, 1), edge(13, 12, 0.125)],
    }


def written(folder: Path, table: Any) -> Path:
    path = folder / "work.json"
    path.write_text(json.dumps(table), encoding="utf-8")
    return path


def messages(folder: Path, table: Any) -> list[str]:
    with pytest.raises(CnnGraphError) as caught:
        load_workload(written(folder, table))
    assert {found.code for found in caught.value.diagnostics} == {"E0701"}
    return [found.message for found in caught.value.diagnostics]


def test_what_the_numbers_mean(tmp_path: Path) -> None:
    problem = load_workload(written(tmp_path, training()))
    assert problem.devices == ("accelerator1", "accelerator2", "cpu1")
    assert problem.groups == ("node1", "node2", "node3")
    assert problem.seconds.tolist() == [[3, 6, 9], [3, 6, 9], [30, 60, 90]]
    assert problem.before == {(0, 1), (0, 2), (1, 2)}
    assert not problem.roomy
    assert problem.limits_bytes.tolist() == [40, 40, np.inf]
    # 1 and 2 | 3: both pay 1's output, 2's and the gradient of 13; nobody pays what stays on a device
    assert loads(problem, [0, 0, 1]).tolist() == [9 + 0.875, 9 + 0.875, 0]
    # a sender pays its value once, however many read it; the CPU pays nothing
    assert loads(problem, [0, 1, 2]).tolist() == [3 + 0.5, 6 + 0.5 + 0.25 + 0.125, 90]


def test_it_is_solved(tmp_path: Path) -> None:
    problem = load_workload(written(tmp_path, training()))
    answer = solve(problem)
    assert loads(problem, answer.device_of).max() == pytest.approx(9.875)


def test_a_colour_of_backward_nodes_stands_as_a_mirror_image(tmp_path: Path) -> None:
    table = training()
    table["nodes"].append(node(20, 1.0, isBackwardNode=1, colorClass=20))
    table["edges"] += [edge(13, 20, 0.125), edge(20, 12, 1.0)]
    problem = load_workload(written(tmp_path, table))
    one, other = problem.groups.index("node20"), problem.groups.index("node3")
    assert (one, other) in problem.before
    assert (problem.groups.index("node2"), one) in problem.before


def test_colours_that_wait_for_each_other_are_one_group(tmp_path: Path) -> None:
    table = training()
    table["nodes"].append(node(4, 1.0, colorClass=1))
    table["edges"].append(edge(3, 4, 1.0))
    table["edges"] = [e for e in table["edges"] if e["sourceId"] != 3 or e["destId"] == 4]
    problem = load_workload(written(tmp_path, table))
    assert problem.groups == ("node1",)


def test_optional_fields(tmp_path: Path) -> None:
    table = training()
    table["nodes"][0] = {k: v for k, v in table["nodes"][0].items() if k not in ("size", "colorClass")} | {"name": "in"}
    problem = load_workload(written(tmp_path, table), contiguous=False, objective="latency")
    assert problem.groups[0] == "in"
    assert len(problem.groups) == 4  # the backward node 11 has lost its partner
    assert (problem.contiguous, problem.objective) == (False, "latency")


def test_an_operator_that_no_accelerator_has(tmp_path: Path) -> None:
    table = training()
    table["nodes"][1]["supportedOnFpga"] = 0
    problem = load_workload(written(tmp_path, table))
    assert np.isinf(problem.seconds[:2, 1]).all()
    assert solve(problem).device_of[1] == 2


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    table = training()
    table["maxCPUs"] = -1
    table["nodes"][0]["cpuLatency"] = "fast"
    table["nodes"][1]["id"] = 3
    del table["nodes"][3]["isBackwardNode"]
    table["edges"][4]["cost"] = -2
    table["edges"].append(edge(1, 99, 0.5))
    table["edges"].append(edge(1, 12, 0.75))
    assert messages(tmp_path, table) == [
        "work: the file: maxCPUs = -1",
        "work: node 1: cpuLatency = 'fast'",
        "work: node 4 lacks `isBackwardNode`",
        "work: the id 3 is given twice",
        "work: edge 1 names the node 2, which does not exist",
        "work: edge 3 names the node 2, which does not exist",
        "work: edge 5: cost = -2",
        "work: edge 6 names the node 99, which does not exist",
        "work: edge 7 says that the output of node 1 costs 0.75, another says 0.5",
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"edges": [edge(1, 2, 0.5), edge(2, 1, 0.5)]}, "work: the nodes 1, 2 wait for each other"),
        ({"edges": [edge(13, 3, 0.5)]}, "work: edge 1 goes from a backward node to a forward one"),
        ({"edges": [edge(2, 2, 0.5)]}, "work: the nodes 2 wait for each other"),
        ({"nodes": [], "edges": []}, "work: there is no node"),
        ({"nodes": 7, "edges": []}, "work: `nodes` must be a list of tables"),
        ({"maxFPGAs": 0, "maxCPUs": 0}, "work: there are 0 devices"),
        ({"maxFPGAs": 10**9}, "work: there are 1000000001 devices"),
        ({"maxSizePerFPGA": float("nan")}, "work: the file: maxSizePerFPGA = nan"),
        ({"maxFPGAs": True}, "work: the file: maxFPGAs = True"),
    ],
)
def test_one_mistake(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    assert messages(tmp_path, training() | change) == [message]


def test_many_mistakes_are_counted(tmp_path: Path) -> None:
    table = training()
    table["edges"] = [edge(1, 99, 0.5)] * 50
    found = messages(tmp_path, table)
    assert len(found) == 21
    assert found[-1] == "work: and 30 more mistakes"


def test_what_is_no_workload(tmp_path: Path) -> None:
    assert messages(tmp_path, [1]) == ["work: the file must be a table"]
    path = tmp_path / "broken.json"
    path.write_text("{", encoding="utf-8")
    for name in (path, tmp_path / "missing.json", tmp_path):
        with pytest.raises(CnnGraphError) as caught:
            load_workload(name)
        assert str(name) in caught.value.diagnostics[0].message


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "binary.json"
    path.write_bytes(b"\xff\xfe{}")
    with pytest.raises(CnnGraphError):
        load_workload(path)


def test_devices_that_are_alike_may_be_exchanged(tmp_path: Path) -> None:
    problem = load_workload(written(tmp_path, training()))
    assert loads(problem, [1, 1, 0]).tolist() == [9.875, 9.875, 0]
    assert replace(problem, contiguous=False).nets == problem.nets
