"""The tables of clusters."""

from __future__ import annotations

from cnngraph.partition.device import Cluster, Device, Link
from cnngraph.render.cluster_table import devices_table, links_table

CPU = Device("cpu", 4 * 10**9, 2e11, 3e10, {"pooling": 6e9}, 2e-5)


def test_devices() -> None:
    text = devices_table(Cluster((CPU, Device("gpu", lacks=frozenset({"lrn"}))))).text()
    assert text.splitlines() == [
        "device  memory       flop/s   bytes/s  launch     pooling  lacks",
        "------  ------  -----------  --------  ------  ----------  -----",
        "cpu       4 GB  200 GFLOP/s   30 GB/s   20 us   6 GFLOP/s  -",
        "gpu      16 GB   10 TFLOP/s  500 GB/s     0 s  10 TFLOP/s  lrn",
        "",
        "memory: 20 GB",
    ]


def test_links() -> None:
    devices = Cluster.uniform(3, CPU).devices
    there, back = Link("cpu0", "cpu1", 5e9, 1e-6), Link("cpu1", "cpu0", 5e9, 1e-6)
    assert links_table(Cluster(devices, (there, back))).text().splitlines()[2:] == [
        "cpu0    cpu1     5 GB/s     1 us",
        "cpu1    cpu0     5 GB/s     1 us",
        "others  others  12 GB/s    10 us",
    ]
    assert len(links_table(Cluster(devices[:2], (there, back))).rows) == 2, "no pair is left"
