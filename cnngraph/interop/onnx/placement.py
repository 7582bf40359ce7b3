"""Which device runs what, in ONNX's words for several devices (of IR version 11, May 2025), both ways.

    the devices of a partition ->  ModelProto.configuration         one, with the names of all devices
    gpu0: conv, relu               NodeProto.device_configurations  of each node
    gpu1: dense, softmax             pipeline_stage                 0, 1, ... in the order in which the devices run
                                     sharding_spec                  of each result: the devices that hold it

A node of ours may be several of ONNX, which all stand on its device; so does a Transpose between them.

source: the comments of onnx.proto in ONNX 1.18. Devices are numbered from 0 in the order of their names.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import onnx
from onnx import ModelProto, NodeProto

from cnngraph.ir.graph import Graph
from cnngraph.ir.leaves import State
from cnngraph.partition.partition import Partition

CONFIGURATION = "cnngraph"
IR_VERSION = 11  # the first with these fields
MOST_DEVICES = 10_000  # without names
PATH = "namespace"  # the remark of a written node that says which node of ours it comes from


def place_file(path: Path, partition: Partition) -> None:
    """Write the devices of a partition into a model that was written from its graph; its weights are not read."""
    model = onnx.load(path, load_external_data=False)
    place(model, partition)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(model.SerializeToString())
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def place(model: ModelProto, partition: Partition) -> None:
    """Give each node of a model, which was written from the graph of a partition, its device."""
    names = partition.cluster.names
    model.ir_version = max(model.ir_version, IR_VERSION)
    model.configuration.add(name=CONFIGURATION, num_devices=len(names), device=names)
    order = order_of(partition)
    team_of = {team[0]: team for team in partition.teams}
    for node, device in _devices(model, partition.device_of):
        where = node.device_configurations.add(configuration_id=CONFIGURATION)
        if order:
            where.pipeline_stage = order.index(device)
        members = [names.index(name) for name in team_of.get(device, (device,))]
        for name in filter(None, node.output):
            spec = where.sharding_spec.add(tensor_name=name, device=members)
            if len(members) > 1:
                spec.sharded_dim.add(axis=0).simple_sharding.add(dim_param="batch", num_shards=len(members))


def order_of(partition: Partition) -> list[str]:
    """The devices in an order in which one waits only for those before it; empty where they wait for each other."""
    before: dict[str, set[str]] = {stage.device.name: set() for stage in partition.stages}
    for cut in partition.cuts:
        for target in cut.targets:
            before[target].add(cut.source)
    try:
        return list(TopologicalSorter(before).static_order())
    except CycleError:
        return []


def _devices(model: ModelProto, device_of: Mapping[str, str]) -> Iterator[tuple[NodeProto, str]]:
    """Each node with its device: that of the node it comes from, else that of what it reads, else of who reads it."""
    found: dict[str, str] = dict(device_of)
    unknown: list[NodeProto] = []
    for node in model.graph.node:
        path = next((remark.value for remark in node.metadata_props if remark.key == PATH), "").replace("/", ".")
        device = device_of.get(path) or next((found[name] for name in node.input if name in found), None)
        if device is None:
            unknown.append(node)
            continue
        found |= dict.fromkeys(node.output, device)
        yield node, device
    placed = [node for node in model.graph.node if node.output[0] in found]
    readers = {name: found[node.output[0]] for node in placed for name in node.input}
    for node in reversed(unknown):
        device = next((readers[name] for name in node.output if name in readers), next(iter(device_of.values())))
        readers |= dict.fromkeys(node.input, device)
        yield node, device


def placements(model: ModelProto) -> dict[str, str]:
    """The device of each node of the model, by name, as the first configuration says; {} without one.

    A node stands where its first result is held; a number that no device has is passed over.
    """
    if not model.configuration:
        return {}
    first = model.configuration[0]
    names = list(first.device) or [f"device{i}" for i in range(min(first.num_devices, MOST_DEVICES))]
    specs = (
        (node.name, spec.device[0])
        for node in model.graph.node
        for where in node.device_configurations
        if where.configuration_id == first.name
        for spec in where.sharding_spec
        if spec.tensor_name in node.output[:1] and spec.device
    )
    return {name: names[number] for name, number in specs if 0 <= number < len(names)}


def placed_as(path: Path, graph: Graph) -> Graph:
    """The graph, which was read from this model, with its layers on the devices that the model names.

    Only layers that have the name of a node of the model find their place, as those of our own models do.
    """
    device_of = placements(onnx.load(path, load_external_data=False))
    homes = {ref.node: device_of.get(node.name) for node in reversed(graph.nodes) for ref in node.inputs}
    nodes = tuple(
        replace(node, device=homes.get(node.name) if isinstance(node.op, State) else device_of.get(node.name))
        for node in graph
    )
    return replace(graph, nodes=nodes)
