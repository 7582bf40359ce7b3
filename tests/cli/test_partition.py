"""`cnngraph partition`: devices as a number, as names, from a file; and nets whose sizes are open."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from cli.terminal import NETS, Run, Written

from cnngraph.resources import resource

GOOGLENET = NETS / "googlenet.cnn"


def devices_of(out: str) -> list[str]:
    return [row["device"] for row in json.loads(out)["rows"]]


def test_a_number(run: Run) -> None:
    outcome = run("partition", GOOGLENET, "--devices", "4", "--batch", "8").done("lower bound", "<- busiest")
    assert all(f"gpu{i} " in outcome.out for i in range(4))


def test_names(run: Run) -> None:
    out = run("partition", GOOGLENET, "--devices", "left,right", "--batch", "8", "--format", "json").done().out
    assert devices_of(out) == ["left", "right"]


def test_placements_of_the_file(run: Run) -> None:
    file = NETS / "alexnet_two_gpus.cnn"
    run("partition", file, "--devices", "2").done("gpu0", "gpu1")
    run("partition", file, "--devices", "a,b").refused("E0601", "placed on `gpu0`", "a, b")


@pytest.mark.parametrize("name", ["four_gpus", "two_cpus"])
def test_a_cluster_of_the_package(name: str, run: Run) -> None:
    file = resource("specs", "clusters", f"{name}.toml")
    run("partition", GOOGLENET, "--devices", file, "--batch", "16").done("bottleneck", "lower bound")


def test_wrong_clusters(run: Run, tmp_path: Path) -> None:
    good = '[[device]]\nname = "a"\nmemory_bytes = "4 GB"\nflops_per_second = 1e12\nbytes_per_second = "10 GB/s"\n'
    texts = {
        "is not TOML": "[[device\n",
        "there is no device": "",
        "defined twice": good + good,
        "`memory_byte`": good.replace("memory_bytes", "memory_byte"),
        "lacks `memory_bytes`": good.replace("memory_bytes", "memory_byte"),
        "is no quantity": good.replace("4 GB", "four"),
        "must be above 0": good.replace('"4 GB"', "-4"),
    }
    for words, text in texts.items():
        (tmp_path / "cluster.toml").write_text(text)
        outcome = run("partition", "tiny.cnn", "--devices", "cluster.toml").refused("cluster.toml", words)
        assert set(outcome.codes) == {"E0601"}
    run("partition", "tiny.cnn", "--devices", "nowhere.toml").refused("nowhere.toml cannot be read")


@pytest.mark.parametrize("devices", ["0", "", "1025", "9" * 40, "a,a", "a,,b", "a b", "-3", "a/b"])
def test_no_devices(devices: str, run: Run) -> None:
    run("partition", "tiny.cnn", "--devices", devices).refused("E0601")


def test_open_sizes_must_be_set(run: Run) -> None:
    file = NETS / "unet.cnn"
    outcome = run("partition", file, "--devices", "2").refused("H, W", "--set")
    assert outcome.codes == ["E0109"]
    run("partition", file, "--devices", "2", "--set", "H=64", "--set", "W=64").done("gpu0", "bottleneck")


def test_formats_and_picture(run: Run, tmp_path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(run("partition", "tiny.cnn", "--devices", "2", "--format", "csv").out)))
    assert rows[0]["device"] == "gpu0"
    drawn = run("partition", "tiny.cnn", "--devices", "2", "--gradient", "--render", "--format", "json").done()
    assert json.loads(drawn.out)["totals"]["bottleneck"] > 0
    assert drawn.err == "picture: tiny_devices.svg\n"
    assert "</svg>" in (tmp_path / "tiny_devices.svg").read_text(encoding="utf-8")
    run("partition", "tiny.cnn", "--devices", "2", "-o", "p.dot").done("picture: p.dot")


def test_recompute_needs_less_memory(run: Run) -> None:
    resnet = ("partition", NETS / "resnet18.cnn", "--devices", "2", "--batch", "8", "--gradient", "--format", "json")
    whole, less = (json.loads(run(*resnet, *more).done().out)["rows"] for more in ((), ("--recompute",)))
    assert max(row["peak_bytes"] for row in less) < 0.8 * max(row["peak_bytes"] for row in whole)
    run("partition", "tiny.cnn", "--devices", "2", "--recompute").refused("add --gradient", code=2)
    run("partition", "tiny.cnn", "--devices", "2", "--gradient", "--recompute", "--render").done()


def test_what_cannot_be(run: Run, written: Written) -> None:
    run("partition", "tiny.cnn").refused("--devices", code=2)
    run("partition", "tiny.cnn", "--devices", "2", "--batch", "0").refused("--batch", code=2)
    run("partition", "tiny.cnn", "--devices", "2", "--strategy", "cain").refused("E0107", "did you mean `chain`?")
    run("partition", "tiny.cnn", "--devices", "2", "--batch", 10**12).refused("E0602", "gpu0 has 16 GB")
    run("partition", "tiny.cnn", "--devices", "2", "-o", "tiny.cnn/x.svg").refused("E0603")
    assert written() == set()
