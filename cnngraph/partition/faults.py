"""What holds for every partition. A broken promise is a fault of ours, or of the file that a partition comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isfinite
from typing import TYPE_CHECKING

from cnngraph.cost.quantity import bytes_text
from cnngraph.ir.graph import Graph
from cnngraph.partition.groups import forward_nodes, ordered_groups

if TYPE_CHECKING:
    from cnngraph.partition.partition import Partition


def faults(partition: Partition) -> Iterator[str]:
    """What is broken, in words: nodes in no stage or in two, teams, abilities, memory, what must be together, order."""
    graph, device_of = partition.graph, partition.device_of
    named = [name for stage in partition.stages for name in stage.nodes]
    if sorted(named) != sorted(graph.by_name):
        yield "every node is to be in exactly one stage"
    yield from _teams(partition)
    if len(partition.cluster.devices) == 1:
        return
    for stage in partition.stages:
        for name, seconds in zip(stage.nodes, stage.node_seconds, strict=True):
            if not isfinite(seconds):
                yield f"{name} is on {stage.device.name}, which lacks its operator"
        for device in (stage.device, *(partition.cluster[name] for name in stage.team)):
            if stage.peak_bytes > device.memory_bytes:
                has = bytes_text(device.memory_bytes)
                yield f"{device.name} has {has}, but its nodes need {bytes_text(stage.peak_bytes)} at their peak"
    yield from _groups(graph, device_of)
    if partition.contiguous and (ring := _ring(graph, device_of)):
        yield f"{', '.join(ring)} wait for each other, but the partition is said to be contiguous"


def _teams(partition: Partition) -> Iterator[str]:
    mates = [name for team in partition.teams for name in team]
    for name in dict.fromkeys(name for i, name in enumerate(mates) if name in mates[:i]):
        yield f"{name} is in two teams"
    used = set(partition.device_of.values())
    for name in (name for team in partition.teams for name in team[1:] if name in used):
        yield f"the stage of a team goes by its first member, but {name} has nodes of its own"


def _groups(graph: Graph, device_of: Mapping[str, str]) -> Iterator[str]:
    for group in ordered_groups(graph):
        first, *others = group.nodes
        if apart := next((name for name in others if device_of[name] != device_of[first]), None):
            yield f"{first} is on {device_of[first]} and {apart} on {device_of[apart]}, but they share a device"
        elif group.pin not in (None, device_of[first]):
            yield f"{first} is on {device_of[first]}, but the network places it on {group.pin}"


def _ring(graph: Graph, device_of: Mapping[str, str]) -> tuple[str, ...]:
    """Devices that wait for each other forward: values do not move on along one order of the devices.

    Tests of pairs would not show a ring of three.
    """
    forward = forward_nodes(graph)
    before: dict[str, set[str]] = {device: set() for device in device_of.values()}
    for name in forward:
        for ref in graph[name].inputs:
            if ref.node in forward and device_of[ref.node] != device_of[name]:
                before[device_of[name]].add(device_of[ref.node])
    while free := [device for device, waits in before.items() if not waits & before.keys()]:
        for device in free:
            del before[device]
    return tuple(before)
