"""Clusters as text: what was written is read again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnngraph.partition.cluster_file import load_cluster, read_cluster
from cnngraph.partition.cluster_text import cluster_text
from cnngraph.partition.device import Cluster, Device, Link
from cnngraph.partition.kind import KINDS

EXAMPLES = Path(__file__).parents[2] / "specs" / "clusters"

speeds = st.floats(1e-3, 1e18)
times = st.floats(0, 10)
devices = st.builds(
    Device,
    st.text(min_size=1),
    st.integers(1, 2**53),
    speeds,
    speeds,
    st.dictionaries(st.sampled_from(sorted(KINDS)), speeds),
    times,
    st.frozensets(st.sampled_from(["lrn", "softmax", "conv"])),
)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.stem)
def test_the_examples(path: Path) -> None:
    cluster = load_cluster(path)
    assert read_cluster(cluster_text(cluster, ["about"])) == cluster


@settings(max_examples=40, deadline=None)
@given(st.lists(devices, min_size=1, max_size=3, unique_by=lambda device: device.name), speeds, times)
def test_any_cluster(made: list[Device], rate: float, latency: float) -> None:
    links = (Link(made[0].name, made[-1].name, rate, latency),) if len(made) > 1 else ()
    back = tuple(replace(link, source=link.target, target=link.source) for link in links)
    cluster = Cluster(tuple(made), (*links, *back), Link("any", "any", rate, latency))
    assert read_cluster(cluster_text(cluster)) == cluster


def test_units_and_comments() -> None:
    text = cluster_text(Cluster((Device("a", 2**31, 2e12, 3e9, launch_seconds=5e-6),)), ["measured", "", "here"])
    assert text.startswith("# measured\n#\n# here\n\n[default_link]\n")
    assert 'memory_bytes = "2.147483648 GB"\nflops_per_second = "2 TFLOP/s"\nbytes_per_second = "3 GB/s"\n' in text
    assert 'launch_seconds = "5 us"' in text
