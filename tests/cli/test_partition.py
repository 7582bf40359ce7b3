"""`cnngraph partition`: devices as a number, as names, from a file; and nets whose sizes are open."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from cli.terminal import NETS, Run, Written

from cnngraph.ir.text import from_text
from cnngraph.resources import resource

GOOGLENET = NETS / "googlenet.cnn"


def devices_of(out: str) -> list[str]:
    return [stage["device"] for stage in json.loads(out)["stages"]]


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
    assert json.loads(drawn.out)["bottleneck_seconds"] > 0
    assert drawn.err == "picture: tiny_devices.svg\n"
    assert "</svg>" in (tmp_path / "tiny_devices.svg").read_text(encoding="utf-8")
    run("partition", "tiny.cnn", "--devices", "2", "-o", "p.dot").done("picture: p.dot")


def test_recompute_needs_less_memory(run: Run) -> None:
    resnet = ("partition", NETS / "resnet18.cnn", "--devices", "2", "--batch", "8", "--gradient", "--format", "json")
    whole, less = (json.loads(run(*resnet, *more).done().out)["stages"] for more in ((), ("--recompute",)))
    assert max(row["peak_bytes"] for row in less) < 0.8 * max(row["peak_bytes"] for row in whole)
    run("partition", "tiny.cnn", "--devices", "2", "--recompute").refused("add --gradient", code=2)
    run("partition", "tiny.cnn", "--devices", "2", "--gradient", "--recompute", "--render").done()


def test_what_cannot_be(run: Run, written: Written) -> None:
    run("partition", "tiny.cnn").refused("--devices", code=2)
    run("partition", "tiny.cnn", "--devices", "2", "--from", "p.json").refused("--from", code=2)
    run("partition", "tiny.cnn", "--devices", "2", "--objective", "beauty").refused("--objective", code=2)
    run("partition", "tiny.cnn", "--devices", "2", "--time-limit", "0").refused("--time-limit", code=2)
    run("partition", "tiny.cnn", "--devices", "2", "--explain", "--format", "json").refused("for people", code=2)
    run("partition", "tiny.cnn", "--devices", "2", "--profile", "none.json").refused("E0601", "none.json")
    run("partition", "tiny.cnn", "--devices", "2", "--batch", "0").refused("--batch", code=2)
    run("partition", "tiny.cnn", "--devices", "2", "--strategy", "cain").refused("E0107", "did you mean `chain`?")
    run("partition", "tiny.cnn", "--devices", "2", "--batch", 10**12).refused("E0602", "gpu0 has 16 GB")
    for option in ("-o", "--subgraphs"):
        assert run("partition", "tiny.cnn", "--devices", "2", option, "tiny.cnn/x.svg").refused("be written").out == ""
    pipeline = ("partition", "tiny.cnn", "--devices", "2", "--microbatches", "1")
    for option in ("--timeline", "--trace"):
        assert run(*pipeline, option, "tiny.cnn/x.svg").refused("be written").out == ""
    assert written() == set()


def test_a_division_is_kept_edited_and_read(run: Run, tmp_path: Path) -> None:
    asked = ("partition", GOOGLENET, "--batch", "8")
    kept = run(*asked, "--devices", "2", "--format", "json").done().out
    assert json.loads(kept)["sizes"] == {"batch": 8}
    (tmp_path / "p.json").write_text(kept)
    assert run(*asked, "--from", "p.json", "--format", "json").done().out == kept
    table = json.loads(kept)
    first, second = table["stages"]
    pool = "maxpool[2]"
    home, other = (first, second) if pool in first["nodes"] else (second, first)
    home["nodes"].remove(pool)
    other["nodes"].append(pool)
    (tmp_path / "p.json").write_text(json.dumps(table))
    run(*asked, "--from", "p.json").refused("E0604", "wait for each other")
    (tmp_path / "p.json").write_text(json.dumps(table | {"contiguous": False}))
    edited = json.loads(run(*asked, "--from", "p.json", "--format", "json").done().out)
    assert pool in edited["stages"][table["stages"].index(other)]["nodes"]
    assert len(edited["cuts"]) > len(table["cuts"])
    del first["nodes"][0]
    (tmp_path / "p.json").write_text(json.dumps(table))
    run(*asked, "--from", "p.json").refused("E0604", "no stage has")


def test_an_explanation_names_the_busiest_and_what_would_help(run: Run) -> None:
    outcome = run("partition", GOOGLENET, "--devices", "2", "--batch", "8", "--explain").done("is the busiest: ")
    assert "it computes " in outcome.out
    assert "links twice as fast" in outcome.out
    assert "a batch of 16" in outcome.out
    run("partition", "tiny.cnn", "--devices", "2", "--explain", "--format", "markdown").done("| what would help |")


def test_subgraphs_are_printed_and_drawn(run: Run, tmp_path: Path) -> None:
    asked = run("partition", GOOGLENET, "--devices", "a:0,b:1", "--batch", "2", "--subgraphs", "parts")
    asked.done("subgraphs: parts")
    assert sorted(f.name for f in (tmp_path / "parts").iterdir()) == ["a_0.graph", "a_0.svg", "b_1.graph", "b_1.svg"]
    first, second = (from_text((tmp_path / "parts" / f"{name}.graph").read_text()) for name in ("a_0", "b_1"))
    assert set(first.outputs) >= {node.name for node in second.inputs}
    assert "</svg>" in (tmp_path / "parts" / "a_0.svg").read_text()


def test_a_block_of_the_picture_can_be_expanded(run: Run, tmp_path: Path) -> None:
    asked = ("partition", GOOGLENET, "--devices", "2", "--depth", "0")
    run(*asked, "--expand", "i3a", "-o", "p.dot").done()
    assert "i3a.concat" in (tmp_path / "p.dot").read_text()
    run(*asked, "--expand", "i9z", "-o", "p.dot").refused("E0101", "i9z")


def test_any_split_and_teams(run: Run) -> None:
    asked = ("partition", GOOGLENET, "--devices", "2", "--batch", "8")
    run(*asked, "--any-split").done("any split")
    run(*asked, "--replicate").done("teams: gpu0 + gpu1")


def test_a_workload_is_divided_by_its_numbers(run: Run, tmp_path: Path) -> None:
    times = {"fpgaLatency": 1.0, "cpuLatency": 9.0, "supportedOnFpga": 1, "size": 100, "isBackwardNode": 0}
    nodes = [{"id": i, "name": f"n{i}", **times} for i in range(4)]
    edges = [{"sourceId": i, "destId": i + 1, "cost": 0.25} for i in range(3)]
    head = {"maxFPGAs": 2, "maxCPUs": 0, "maxSizePerFPGA": 1000}
    (tmp_path / "four.json").write_text(json.dumps({**head, "nodes": nodes, "edges": edges}))
    out = json.loads(run("partition", "four.json", "--format", "json").done().out)
    assert out["totals"]["bottleneck"] == 2.25
    run("partition", "four.json", "--page", "four.html").done("four on 2 devices", "accelerator1", "page: four.html")
    assert "<td>2.25</td>" in (tmp_path / "four.html").read_text(encoding="utf-8").replace(' class="right"', "")
    run("partition", "four.json", "--devices", "2").refused("--devices: a workload", code=2)
    run("partition", "four.json", "--explain").refused("--explain: a workload", code=2)
    (tmp_path / "four.json").write_text("{")
    run("partition", "four.json").refused("E0701")


LENET = NETS / "lenet5.cnn"
CPUS = resource("specs", "clusters", "two_cpus.toml")
PROFILE = ("--profile", "seconds.json")


def test_a_step_of_the_pipeline_is_predicted_drawn_and_traced(run: Run, tmp_path: Path) -> None:
    asked = ("partition", LENET, "--devices", CPUS, "--batch", "16", "--gradient", "--microbatches", "4")
    outcome = run(*asked, "--schedule", "fill-drain", "--timeline", "t.svg", "--trace", "t.json")
    outcome.done("predicted: step ", "bubble ", "a microbatch, as it is executed: cpu0", "timeline: t.svg")
    assert "lenet5: 4 microbatches of 4, fill-drain" in (tmp_path / "t.svg").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "t.json").read_text())["traceEvents"]
    assert "measured" not in outcome.out
    run(*asked, "--format", "json").done()


def test_a_step_is_measured_beside_its_prediction(run: Run, tmp_path: Path) -> None:
    asked = ("partition", LENET, "--devices", "2", "--batch", "8", "--gradient", "--microbatches", "2", "--measure")
    run(*asked, "--timeline", "t.svg").done("predicted from what each device takes: step ", "\nmeasured: step ")
    assert (tmp_path / "t.svg").read_text(encoding="utf-8").count("step ") >= 2


def test_a_division_is_written_as_a_page(run: Run, tmp_path: Path) -> None:
    outcome = run("partition", LENET, "--devices", CPUS, "--batch", "16", "--format", "json", "--page", "kept.html")
    assert "page: kept.html" in outcome.done().err
    (tmp_path / "kept.json").write_text(outcome.out, encoding="utf-8")
    run("partition", LENET, "--from", "kept.json", "--batch", "16", "--page", "again.html").done("page: again.html")
    page = (tmp_path / "kept.html").read_text(encoding="utf-8")
    assert "<title>lenet5 on 2 devices</title>" in page
    assert "predicted: one run alone" in page
    assert page == (tmp_path / "again.html").read_text(encoding="utf-8").replace("hand for", "auto for")
    run("partition", LENET, "--devices", CPUS, "--page", "a/b/../../tiny.cnn/p.html").refused("cannot be written")
    run("partition", "gone.cnn", "--devices", CPUS, "--page", "p.svg").refused("E0603", "p.svg does not end in .html")


def test_a_measured_step_is_written_as_a_page(run: Run, tmp_path: Path) -> None:
    asked = ("partition", LENET, "--devices", CPUS, "--batch", "16", "--gradient", "--microbatches", "4")
    run(*asked, "--measure", "--explain", "--page", "p.html").done("page: p.html")
    page = (tmp_path / "p.html").read_text(encoding="utf-8")
    for told in ("predicted from what each device takes: step ", "measured: step ", "what would help"):
        assert told in page


def test_a_kept_division_is_that_of_the_pipeline(run: Run, tmp_path: Path) -> None:
    """Even one that cuts between operators that are run as one."""
    asked = ("partition", LENET, "--batch", "8", "--gradient")
    table = json.loads(run(*asked, "--devices", CPUS, "--format", "json").done().out)
    nodes = [name for stage in table["stages"] for name in stage["nodes"]]
    early = [
        n
        for n in nodes
        if "tanh" not in n and any(word in n.split(".") for word in ("c1", "s2", "c3", "image", "rate"))
    ]
    names = {"cpu0": early, "cpu1": [n for n in nodes if n not in early]}
    stages = [{"device": device, "nodes": own} for device, own in names.items()]
    (tmp_path / "p.json").write_text(json.dumps(table | {"stages": stages, "contiguous": False}))
    run(*asked, "--from", "p.json", "--microbatches", "2").done("predicted: step ", "cpu0", "cpu1")


def test_pipelines_that_cannot_be(run: Run) -> None:
    asked = ("partition", LENET, "--devices", "2", "--batch", "8")
    run(*asked, "--timeline", "t.svg").refused("add --microbatches", code=2)
    run(*asked, "--measure").refused("add --microbatches", code=2)
    run(*asked, "--microbatches", "3").refused("E0108", "a batch of 8")
    run(*asked, "--microbatches", "2", "--schedule", "2f2b").refused("2f2b")


def test_measured_seconds_take_the_place_of_estimates(run: Run, tmp_path: Path) -> None:
    run("profile", LENET, "--batch", "4", "--rounds", "1", "--workers", "1", "-o", "seconds.json").done()
    asked = ("partition", LENET, "--batch", "4", "--format", "json")
    devices = ("--devices", CPUS)
    estimated, measured = (json.loads(run(*asked, *devices, *more).done().out) for more in ((), PROFILE))
    assert measured["bottleneck_seconds"] != estimated["bottleneck_seconds"]
    assert measured["problem"] != estimated["problem"]
    (tmp_path / "kept.json").write_text(json.dumps(measured))
    again = json.loads(run(*asked, "--from", "kept.json", *PROFILE).done().out)
    assert again == measured
    without = json.loads(run(*asked, "--from", "kept.json").done().out)
    assert without["problem"] == estimated["problem"]
    assert without["lower_bound"] <= without["goal"]
    run("partition", LENET, "--batch", "8", *devices, *PROFILE).refused("E0601", "measured with image")
