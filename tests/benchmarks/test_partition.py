"""The benchmark of partitions on a workload of three nodes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.partition import expert_value, latency_row, markdown, throughput_row


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """a -> b -> c on two accelerators and a CPU; the expert divides behind a."""
    nodes = [
        {"id": i, "fpgaLatency": 2.0, "cpuLatency": 20.0, "supportedOnFpga": 1, "isBackwardNode": 0, "size": 1.0}
        for i in (1, 2, 3)
    ]
    edges = [{"sourceId": 1, "destId": 2, "cost": 0.5}, {"sourceId": 2, "destId": 3, "cost": 0.25}]
    table = {"maxFPGAs": 2, "maxCPUs": 1, "maxSizePerFPGA": 10.0, "nodes": nodes, "edges": edges}
    expert = {"fpgas": [{"nodes": [1]}, {"nodes": [2, 3]}], "cpus": [{"nodes": []}]}
    for name, content in (("throughput/tiny", table), ("latency/tiny", table), ("human-experts/tiny_expert", expert)):
        path = tmp_path / f"{name}.json"
        path.parent.mkdir()
        path.write_text(json.dumps(content), encoding="utf-8")
    return tmp_path


def test_a_row_of_throughput(folder: Path) -> None:
    path, experts = folder / "throughput" / "tiny.json", folder / "human-experts"
    cells = throughput_row(path, experts, "ideals", (5.0, 5.0))
    assert cells[:7] == ["tiny", "3", "2", "4.500", "4.2500", "4.2500", "4.2500"]
    assert expert_value(path, experts) == 4.5
    assert expert_value(path, folder) is None


def test_a_row_of_latency(folder: Path) -> None:
    cells = latency_row(folder / "latency" / "tiny.json", "auto", 2.0)
    assert cells[:4] == ["tiny", "3", "2", "6.000"]


def test_the_table_is_aligned() -> None:
    lines = markdown([("a", "long"), ("wide", "b")]).splitlines()
    assert lines == ["| a    | long |", "|------|------|", "| wide | b    |"]
