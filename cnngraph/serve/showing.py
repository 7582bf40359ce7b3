"""What the page shows of a net: its graph, its table, its division over devices; and the files made of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cnngraph.diagnostics import error
from cnngraph.elaborate.observe import Observation, observe
from cnngraph.ir.graph import Graph
from cnngraph.ir.leaves import State
from cnngraph.net import Net
from cnngraph.pages.explorer.page import explorer
from cnngraph.pages.explorer.subject import broken_subject
from cnngraph.pages.model import graph_model
from cnngraph.render.dot import to_svg
from cnngraph.render.partition_table import stages
from cnngraph.render.table import summary
from cnngraph.render.tabular import Table, shown
from cnngraph.serve.desk import Desk
from cnngraph.watch.broken import drawable

Json = dict[str, Any]
MOST_DEVICES = 8
MOST_SAMPLES = 4096
OBJECTIVES = ("throughput", "latency", "memory")
SEARCH_SECONDS = {"first": 0.3, "best": 5.0}  # an answer at once, and one that was searched for
MOST_NODES = 20_000  # that a browser draws


def draw(desk: Desk, job: Mapping[str, Any]) -> Json:
    """The net that is asked for, or the last one, as far as it goes: its graph, what fails in it, its table."""
    document = desk.document(job)
    observation = _observed(desk, job)
    graph, overlay = drawable(observation, document.path.stem)
    if len(graph.nodes) > MOST_NODES:
        raise error("E0402", f"{len(graph.nodes):,} nodes are too many to draw", f"at most {MOST_NODES:,}")
    return {
        "net": graph.name,
        "model": graph_model(graph, sources=[document.source], kinds=overlay.kind_of),
        "failing": list(overlay.kind_of),
        "notes": dict(overlay.notes),
        "whole": not observation.found,
        "table": _layers(observation),
    }


def _layers(observation: Observation) -> Json | None:
    """The table of layers; a net that breaks off has no depth."""
    if observation.graph is None:
        return None
    found = table(summary(observation.graph))
    if observation.found:
        del found["totals"]["depth"]
    return found


def _observed(desk: Desk, job: Mapping[str, Any]) -> Observation:
    program = desk.document(job).program
    return observe(program, _net_of(program.nets, job))


def _net_of(nets: Mapping[str, object], job: Mapping[str, Any]) -> str | None:
    """The net that is meant, if there is one of this name now: names change while one types."""
    return job["net"] if job.get("net") in nets else None


def table(found: Table) -> Json:
    """A table as the page shows it."""
    return {
        "columns": [{"heading": column.heading, "right": column.right} for column in found.columns],
        "rows": found.texts(),
        "totals": {name: shown(value) for name, value in found.totals.items()},
    }


def divide(desk: Desk, job: Mapping[str, Any]) -> Json:
    """The net over devices that are alike. Errors: those of the file; E0108 for numbers out of range; E0602."""
    devices, batch, objective = job.get("devices"), job.get("batch"), job.get("objective")
    effort = "first" if job.get("effort") == "first" else "best"
    if not (isinstance(devices, int) and 1 <= devices <= MOST_DEVICES):
        raise error("E0108", f"between 1 and {MOST_DEVICES} devices")
    if not (isinstance(batch, int) and 1 <= batch <= MOST_SAMPLES):
        raise error("E0108", f"a batch has between 1 and {MOST_SAMPLES:,} samples")
    if objective not in OBJECTIVES:
        raise error("E0108", f"the objectives are {', '.join(OBJECTIVES)}")
    how: Json = {"objective": objective, "time_limit_seconds": SEARCH_SECONDS[effort]}
    net = _net(desk, job)
    found = net.partition(str(devices), batch, **how)
    device_of = _devices(net.graph, found.device_of)
    return {
        "devices": list(found.cluster.names),
        "deviceOf": device_of,
        "model": graph_model(net.graph, sources=[desk.document(job).source], kinds=device_of),
        "isBest": found.gap == 0,
        "busiest": next(s.device.name for s in found.stages if s.load_seconds == found.bottleneck_seconds),
        "table": table(stages(found)),
    }


def _devices(graph: Graph, device_of: Mapping[str, str]) -> dict[str, str]:
    """The device of each node as it is written; one that a pass has taken into another runs where its input is."""
    found: dict[str, str] = {}
    for node in graph:
        before = next((found[ref.node] for ref in node.inputs if ref.node in found), "")
        if not isinstance(node.op, State) and (device := device_of.get(node.name, before)):
            found[node.name] = device
    return found


def _net(desk: Desk, job: Mapping[str, Any]) -> Net:
    program = desk.document(job).program
    return Net(program, _net_of(program.nets, job))


def picture(desk: Desk, job: Mapping[str, Any]) -> Json:
    """The static picture, as far as the net goes."""
    graph, overlay = drawable(_observed(desk, job), desk.document(job).path.stem)
    return {"name": f"{graph.name}.svg", "kind": "image/svg+xml", "text": to_svg(graph, overlay=overlay)}


def page(desk: Desk, job: Mapping[str, Any]) -> Json:
    """The explorer page, as far as the net goes."""
    document = desk.document(job)
    subject = broken_subject(document.program, _net_of(document.program.nets, job), None, document.path)
    return {"name": f"{subject.name}.html", "kind": "text/html", "text": explorer(subject)}
