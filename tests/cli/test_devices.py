"""`cnngraph devices`: clusters shown, and this machine measured (with a stand-in for the half minute that it takes)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli.terminal import Run, Written

from cnngraph.partition.cluster_file import load_cluster
from cnngraph.partition.device import Cluster, Device, Link
from cnngraph.resources import resource
from cnngraph.runtime import machine
from cnngraph.runtime.machine import MachineSpeeds, Speed


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    def stand_in(workers: int) -> MachineSpeeds:
        device = Device("cpu", 10**9, 2e11, 3e10, {"pooling": 6e9}, 4e-5)
        speeds = (Speed("pooling", "flops_per_second", 1.2e10, 6e9), Speed("message, any size", "seconds", 1e-5, 1e-5))
        return MachineSpeeds(speeds, Cluster.uniform(workers, device, Link("any", "any", 7e9, 1e-5)))

    monkeypatch.setattr(machine, "measured_machine", stand_in)


def test_clusters_are_shown(run: Run) -> None:
    run("devices", "2").done("gpu0", "gpu1", "10 TFLOP/s", "500 GB/s", "others", "12 GB/s")
    outcome = run("devices", resource("specs", "clusters", "two_hosts.toml")).done("host1.gpu3", "100 GB/s", "11 GB/s")
    assert "depthwise" not in outcome.out
    run("devices", resource("specs", "clusters", "two_cpus.toml")).done("depthwise", "cpu1")
    rows = json.loads(run("devices", "a,b", "--format", "json").done().out)["rows"]
    assert [row["device"] for row in rows] == ["a", "b"]
    assert rows[0]["flops_per_second"] == 10e12


def test_what_a_device_lacks_is_shown(run: Run, tmp_path: Path) -> None:
    run("devices", "1", "-o", "one.toml").done("cluster: one.toml")
    text = (tmp_path / "one.toml").read_text().replace("[[device]]", '[[device]]\nlacks = ["lrn", "gelu"]')
    (tmp_path / "one.toml").write_text(text)
    run("devices", "one.toml").done("gelu, lrn")


def test_this_machine(run: Run, measured: None, tmp_path: Path) -> None:
    out = run("devices", "--measure", "--workers", "3", "-o", "here.toml").done("each of 3", "12 GFLOP/s", "0.50").out
    assert "cluster: here.toml" in out
    cluster = load_cluster(tmp_path / "here.toml")
    assert cluster.names == ("cpu0", "cpu1", "cpu2")
    assert cluster["cpu1"] == Device("cpu1", 10**9, 2e11, 3e10, {"pooling": 6e9}, 4e-5)
    assert cluster.default_link == Link("any", "any", 7e9, 1e-5)
    first = (tmp_path / "here.toml").read_text().splitlines()[0]
    assert first.startswith("# Measured by `cnngraph devices --measure` on ")
    assert first.endswith("3 workers, busy at the same time.")
    run("partition", "tiny.cnn", "--devices", "here.toml").done("cpu0")


def test_formats_for_programs(run: Run, measured: None) -> None:
    outcome = run("devices", "--measure", "--workers", "1", "--format", "json", "-o", "c.toml").done()
    assert [row["device"] for row in json.loads(outcome.out)["rows"]] == ["cpu0"]
    assert outcome.err == "cluster: c.toml\n"


def test_wrong_requests(run: Run, written: Written) -> None:
    run("devices").refused("--measure", code=2)
    run("devices", "4", "--measure").refused("--measure", code=2)
    run("devices", "4", "--workers", "2").refused("--workers", code=2)
    run("devices", "nowhere.toml").refused("nowhere.toml cannot be read")
    run("devices", "0").refused("E0601")
    run("devices", "2", "-o", "tiny.cnn/c.toml").refused("cannot be written")
    assert written() == set()
