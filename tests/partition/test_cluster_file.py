"""Cluster files: what is read, and that all that is wrong is reported at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnngraph.diagnostics import CnnGraphError
from cnngraph.partition.cluster_file import load_cluster, read_cluster
from cnngraph.partition.device import Cluster, Device, Link

EXAMPLES = Path(__file__).parents[2] / "specs" / "clusters"

DEVICE = """
[[device]]
name = "{name}"
memory_bytes = "1 GB"
flops_per_second = "2 GFLOP/s"
bytes_per_second = 3
"""
TWO = DEVICE.format(name="a") + DEVICE.format(name="b")
LINK = '[[link]]\nsource = "{0}"\ntarget = "{1}"\nbytes_per_second = 5\nlatency_seconds = "1 ms"\n'


def messages(text: str) -> list[str]:
    with pytest.raises(CnnGraphError) as caught:
        read_cluster(text, "c.toml")
    assert {d.code for d in caught.value.diagnostics} == {"E0601"}
    return [d.message.removeprefix("c.toml: ") + " | " + " ".join(d.helps) for d in caught.value.diagnostics]


def test_devices_and_defaults() -> None:
    cluster = read_cluster(TWO)
    assert cluster.devices == (Device("a", 10**9, 2e9, 3.0), Device("b", 10**9, 2e9, 3.0))
    assert cluster.default_link == Link("any", "any")


def test_a_link_holds_in_both_directions_unless_both_are_given() -> None:
    both = read_cluster(TWO + LINK.format("a", "b"))
    assert both.link("b", "a") == Link("b", "a", 5.0, 0.001)
    other = LINK.format("b", "a").replace("= 5", "= 7")
    assert read_cluster(TWO + LINK.format("a", "b") + other).link("b", "a").bytes_per_second == 7


def test_everything_wrong_is_reported_in_one_error() -> None:
    text = """
        colour = "red"
        [default_link]
        latency = 3
        latency_seconds = -1
        [[device]]
        name = "a"
        memory_byts = "1 GB"
        flops_per_second = "fast"
        bytes_per_second = 0
        [[device]]
        name = "a"
        memory_bytes = -5
        flops_per_second = 1
        bytes_per_second = 1
        [[link]]
        source = "a"
        target = "gpu7"
        bytes_per_second = 1
    """
    found = messages(text)
    expected = [
        "the file has the unknown key `colour` | the keys are device, default_link, link",
        "device 1 has the unknown key `memory_byts` | did you mean `memory_bytes`?",
        'device 1 lacks `memory_bytes` | add: memory_bytes = "16 GB"',
        "device 1: flops_per_second = 'fast' is no quantity | write a number, or e.g. \"10 TFLOP/s\"",
        'device 1: bytes_per_second = 0, but it must be above 0 | for example bytes_per_second = "12 GB/s"',
        'device 2: memory_bytes = -5, but it must be above 0 | for example memory_bytes = "16 GB"',
        "the device `a` is defined twice | give each device a name of its own",
        "default_link has the unknown key `latency` | did you mean `latency_seconds`?",
        'default_link: latency_seconds = -1, but it must not be negative | for example latency_seconds = "10 us"',
        "link 1 names the device `gpu7`, which does not exist | the devices are a, a",
        'link 1 lacks `latency_seconds` | add: latency_seconds = "10 us"',
    ]
    assert sorted(found) == sorted(expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "there is no device"),
        ("device = 3", "`device` must be a list of tables"),
        ("[device]\nname = 'a'", "`device` must be a list of tables"),
        ("default_link = 3\n" + TWO, "default_link must be a table"),
        (TWO + LINK.format("a", "a"), "to itself"),
        (TWO + 2 * LINK.format("a", "b"), "given twice"),
        (TWO.replace('"a"', "7"), "device 1: name = 7 is no name"),
        ("[[device]", "c.toml is not TOML"),
        ("a = " + "[" * 100_000, "c.toml is not TOML"),
    ],
)
def test_other_wrong_files(text: str, message: str) -> None:
    assert any(message in found for found in messages(text))


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe")
    for path in (tmp_path / "missing.toml", tmp_path / "bad.toml", tmp_path):
        with pytest.raises(CnnGraphError, match="cannot be read"):
            load_cluster(path)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.stem)
def test_the_examples_load(path: Path) -> None:
    assert isinstance(load_cluster(path), Cluster)


def test_links_inside_a_host_are_faster() -> None:
    cluster = load_cluster(EXAMPLES / "two_hosts.toml")
    assert len(cluster.links) == 2 * 4 * 3, "each pair of a host, in both directions"
    assert cluster.link("host0.gpu3", "host0.gpu1").bytes_per_second == 100e9
    assert cluster.link("host0.gpu1", "host1.gpu1").bytes_per_second == 11e9


def test_kinds_launches_and_what_a_device_lacks() -> None:
    more = 'launch_seconds = "2 us"\nlacks = ["lrn"]\n[device.flops_by_kind]\nconvolution = "3 GFLOP/s"\npooling = 7\n'
    first, second = read_cluster(DEVICE.format(name="a") + more + DEVICE.format(name="b")).devices
    assert first == Device("a", 10**9, 2e9, 3.0, {"convolution": 3e9, "pooling": 7.0}, 2e-6, frozenset({"lrn"}))
    assert second == Device("b", 10**9, 2e9, 3.0)


def test_wrong_kinds_launches_and_operators() -> None:
    more = 'launch_seconds = "soon"\nlacks = ["lrm"]\n[device.flops_by_kind]\nconvolutoin = 1\npooling = 0\n'
    expected = [
        "device 1: launch_seconds = 'soon' is no quantity | write a number, or e.g. \"10 us\"",
        "flops_by_kind of device 1 has the unknown key `convolutoin` | did you mean `convolution`?",
        'device 1: pooling = 0, but it must be above 0 | for example pooling = "10 TFLOP/s"',
        "device 1 lacks the operator `lrm`, which does not exist | did you mean `lrn`?",
    ]
    assert sorted(messages(DEVICE.format(name="a") + more)) == sorted(expected)
    assert messages(DEVICE.format(name="a") + 'lacks = "lrn"\nflops_by_kind = 3\n') == [
        "device 1: flops_by_kind must be a table | write [device.flops_by_kind] below the device",
        "device 1: lacks = 'lrn' is no list of operators | write lacks = [\"lrn\", \"softmax\"]",
    ]
