"""The tables of a profile."""

from __future__ import annotations

from cnngraph.partition.device import Device
from cnngraph.partition.profile import Executed, Profile
from cnngraph.render.profile_table import kinds_table, nodes_table


def test_profile() -> None:
    executed = (
        Executed("c", f"fused(conv(64, 3x3, pad=1), {'relu, ' * 9})", "strided_convolution", 1e-3, 2e-3),
        Executed("f", "flatten", "view", 0.0, 0.0),
        Executed("p", "maxpool(2x2)", "pooling", 2e-3, 3e-3),
    )
    profile = Profile("n", True, {}, "here", 2, Device("cpu"), 5e-3, executed)
    text = nodes_table(profile).text()
    assert text.startswith("n, a training step: one worker, each of 2 at the same time\n")
    assert "fused(conv(64, 3x3, pad=1), relu, rel...  strided convolution       1 ms      2 ms   2.00" in text
    assert "f     flatten" in text
    assert text.endswith("estimated: 3 ms\nmeasured: 5 ms\nratio: 1.67")
    assert [row[0] for row in kinds_table(profile).rows] == ["pooling", "strided convolution", "view"]
