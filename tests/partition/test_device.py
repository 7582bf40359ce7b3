"""Devices, links, clusters, and what `--devices` says."""

from __future__ import annotations

import pytest

from cnngraph.diagnostics import CnnGraphError
from cnngraph.ir.op import Cost
from cnngraph.partition.device import Cluster, Device, Link, parse_devices, unknown_devices


def test_a_link_takes_latency_and_bandwidth() -> None:
    assert Link("a", "b", bytes_per_second=100, latency_seconds=2).seconds(300) == 5


def test_pairs_without_a_link_use_the_default() -> None:
    fast = Link("gpu0", "gpu1", 50e9, 1e-6)
    cluster = Cluster(Cluster.uniform(3).devices, (fast,))
    assert cluster.link("gpu0", "gpu1") is fast
    assert cluster.link("gpu1", "gpu0") is cluster.default_link
    assert cluster.slowest_link("gpu0").bytes_per_second == cluster.default_link.bytes_per_second
    assert cluster["gpu2"].name == "gpu2"


def test_uniform_takes_speeds_from_a_device() -> None:
    cluster = Cluster.uniform(2, Device("cpu", 100, 1.0, 2.0))
    assert cluster.devices == (Device("cpu0", 100, 1.0, 2.0), Device("cpu1", 100, 1.0, 2.0))
    assert str(cluster).startswith("cpu0 (100 B")


@pytest.mark.parametrize(
    ("text", "names"), [("1", ("gpu0",)), (" 3 ", ("gpu0", "gpu1", "gpu2")), ("a,b-1, c_2", ("a", "b-1", "c_2"))]
)
def test_devices_by_number_or_name(text: str, names: tuple[str, ...]) -> None:
    assert parse_devices(text).names == names


@pytest.mark.parametrize("text", ["0", "5000", "", "gpu0,,gpu1", "gpu0,gpu0", "gpu 0", "-1", "1.5"])
def test_wrong_devices(text: str) -> None:
    with pytest.raises(CnnGraphError) as caught:
        parse_devices(text)
    assert caught.value.diagnostics[0].code == "E0601"
    assert caught.value.diagnostics[0].helps


def test_unknown_placements_are_reported_once_for_each_device() -> None:
    cluster = Cluster.uniform(2)
    assert unknown_devices({"conv1": "gpu1"}, cluster) is None
    found = unknown_devices({"a": "gpu", "b": "gpu", "c": "left"}, cluster)
    assert found is not None
    first, second = sorted(found.diagnostics, key=lambda d: d.message)
    assert first.message == "a and 1 more is placed on `gpu`, but the cluster has gpu0, gpu1"
    assert first.helps[0].startswith("did you mean `gpu")
    assert second.helps == ("give the device: --devices gpu0,gpu1,left",)


def test_kinds_launches_and_views() -> None:
    device = Device("d", 1, 100.0, 10.0, {"pooling": 5.0}, launch_seconds=3.0)
    assert device.seconds("pooling", Cost(10, 10)) == 3 + 2
    assert device.seconds("pointwise", Cost(10, 10)) == 3 + 1
    assert device.seconds("pointwise", Cost(10, 10), launches=4) == 4 * 3 + 1
    assert device.seconds("move", Cost(0, 0)) == 0, "a view is no work"
    assert hash(device) == hash(Device("d", 1, 100.0, 10.0, {"pooling": 7.0}, 3.0))
    assert device != Device("d", 1, 100.0, 10.0, {"pooling": 7.0}, 3.0)


def test_uniform_devices_are_like_their_model() -> None:
    cluster = Cluster.uniform(2, Device("d", 1, 2.0, 3.0, {"pooling": 5.0}, 4.0, frozenset({"lrn"})))
    assert cluster["d1"] == Device("d1", 1, 2.0, 3.0, {"pooling": 5.0}, 4.0, frozenset({"lrn"}))
