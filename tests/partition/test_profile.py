"""Profiles as files, and which seconds a graph takes from them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cnngraph.diagnostics import CnnGraphError
from cnngraph.ir.graph import Graph
from cnngraph.net import loads
from cnngraph.partition.device import Cluster, Device
from cnngraph.partition.profile import Executed, Profile, load_profile, read_profile
from cnngraph.partition.work import work_seconds
from cnngraph.passes.pipeline import EXECUTION, run

DEVICE = Device("cpu0", 10**9, 1e9, 1e9, {"convolution": 5e8}, 1e-6)
NET = loads("net n(x: 2@6x6) { c: conv(3, 3x3)\n r: relu }")
PROFILE = Profile(
    net="n",
    gradient=False,
    inputs={"x": (4, 6, 6, 2)},
    machine="a machine",
    workers=2,
    device=DEVICE,
    run_seconds=3.0,
    executed=(Executed("r", "fused(conv(3, 3x3), relu)", "convolution", 2.0, 3.0),),
    nodes={"c": 2.0, "r": 1.0},
)


def bound(batch: int = 4) -> Graph:
    return NET.graph.bind(batch=batch)


def test_there_and_back(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(PROFILE.to_json(), encoding="utf-8")
    assert load_profile(tmp_path / "p.json") == PROFILE


def test_the_executed_graph_and_that_of_the_file() -> None:
    executed = run(NET.graph, EXECUTION).bind(batch=4)
    assert dict(PROFILE.measured(executed)) == {"r": 3.0}
    assert dict(PROFILE.measured(bound())) == {"c": 2.0, "r": 1.0}
    cluster = Cluster((DEVICE,))
    for graph in (executed, bound()):
        assert work_seconds(graph, cluster, PROFILE.measured(graph)).sum() == 3


def test_a_faster_device_takes_less_than_was_measured() -> None:
    faster = Device("gpu", 10**9, 1e10, 1e10, {"convolution": 5e9}, 1e-7)
    table = work_seconds(bound(), Cluster((faster, DEVICE)), PROFILE.measured(bound()))
    assert table[1].sum() == pytest.approx(3.0)
    assert table[0].sum() == pytest.approx(0.3)


def test_other_sizes_and_other_nets() -> None:
    with pytest.raises(CnnGraphError, match="was measured with x of 4x6x6x2, not 8x6x6x2"):
        PROFILE.measured(bound(8))
    other = loads("net other(x: 2@6x6) { a: conv(3, 3x3)\n r: relu }").graph.bind(batch=4)
    with pytest.raises(CnnGraphError, match="lacks 1 nodes of other, such as a") as caught:
        PROFILE.measured(other)
    assert caught.value.diagnostics[0].code == "E0601"


def changed(**new: Any) -> list[str]:
    with pytest.raises(CnnGraphError) as caught:
        read_profile({**json.loads(PROFILE.to_json()), **new}, "p.json")
    assert {d.code for d in caught.value.diagnostics} == {"E0601"}
    return [d.message for d in caught.value.diagnostics]


def test_everything_wrong_is_reported_in_one_error() -> None:
    wrong = {
        "net": 3,
        "gradient": 1,
        "inputs": {"x": [4, "6"]},
        "workers": True,
        "device": {"name": "d", "memory_bytes": 1, "flops_per_second": 0, "flops_by_kind": {"product": "fast"}},
        "run_seconds": -1,
        "executed": [{"node": "a", "operator": "relu", "kind": "pointwise", "measured_seconds": None}, 7],
        "nodes": {"c": float("nan")},
    }
    assert changed(**wrong) == [
        "p.json: net is no text",
        "p.json: gradient is no true or false",
        "p.json: inputs.x is no list of sizes",
        "p.json: workers is no whole number",
        "p.json: device.bytes_per_second is missing",
        "p.json: device.flops_per_second must be above 0",
        "p.json: device.flops_by_kind.product is no number of 0 or more",
        "p.json: device.launch_seconds is missing",
        "p.json: run_seconds is no number of 0 or more",
        "p.json: executed[0].estimated_seconds is missing",
        "p.json: executed[0].measured_seconds is no number of 0 or more",
        "p.json: executed[1] is no object",
        "p.json: nodes.c is no number of 0 or more",
    ]


@pytest.mark.parametrize("content", [None, 3, [], {}, {"format": "cnngraph profile 0"}])
def test_no_profile(content: object) -> None:
    with pytest.raises(CnnGraphError, match="is no profile"):
        read_profile(content)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_bytes(b"\xff\xfe")
    (tmp_path / "deep.json").write_text("[" * 100_000)
    (tmp_path / "cut.json").write_text('{"format": ')
    expected = {"missing": "cannot be read", "bad": "cannot be read", "deep": "no profile", "cut": "no profile"}
    for name, words in expected.items():
        with pytest.raises(CnnGraphError, match=words):
            load_profile(tmp_path / f"{name}.json")
