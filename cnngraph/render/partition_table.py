"""A partition as a table: for each device its part of the network, its load and its memory, and how good the whole is.

    print(stages(partition))
    stages(partition).to("markdown")
"""

from __future__ import annotations

from cnngraph.cost.quantity import bytes_text, seconds_text
from cnngraph.ir.leaves import State
from cnngraph.partition.partition import Partition, Stage
from cnngraph.render.outline import backward_nodes
from cnngraph.render.tabular import Cell, Column, Quantity, Table

BUSIEST = "<- busiest"

COLUMNS = (
    Column("device", "device", right=False),
    Column("nodes", "nodes"),
    Column("first", "from", right=False),
    Column("last", "to", right=False),
    Column("compute_seconds", "compute"),
    Column("communication_seconds", "communication"),
    Column("load_seconds", "load"),
    Column("state_bytes", "weights"),
    Column("peak_bytes", "peak memory"),
    Column("memory_bytes", "limit"),
    Column("sent_bytes", "sends"),
    Column("received_bytes", "receives"),
    Column("bottleneck", "", right=False),
)


def stages(partition: Partition) -> Table:
    """One row for each device that has nodes, the busiest marked; below: traffic, bottleneck, lower bound and gap.

    `from` and `to` are its first and last forward operators; its gradients are those of the same layers. Loads and
    bytes are those of one run with the batch that the graph is bound to.
    """
    backward = backward_nodes(partition.graph)
    rows = tuple(_row(partition, stage, backward) for stage in partition.stages)
    totals: dict[str, Cell] = {
        "values that cross": len(partition.cuts),
        "traffic": Quantity(sum(cut.bytes * len(cut.targets) for cut in partition.cuts), bytes_text),
        "bottleneck": Quantity(partition.bottleneck_seconds, seconds_text),
        "lower bound": Quantity(partition.lower_bound_seconds, seconds_text),
        "gap": Quantity(partition.gap, "{:.1%}".format),
    }
    count = len(partition.stages)
    return Table(COLUMNS, rows, totals, f"{partition.graph.name} on {count} device{'s' * (count != 1)}")


def _row(partition: Partition, stage: Stage, backward: frozenset[str]) -> tuple[Cell, ...]:
    name = stage.device.name
    times = (stage.compute_seconds, stage.communication_seconds, stage.load_seconds)
    sent = sum(cut.bytes * len(cut.targets) for cut in partition.cuts if cut.source == name)
    received = sum(cut.bytes for cut in partition.cuts if name in cut.targets)
    sizes = (stage.state_bytes, stage.peak_bytes, stage.device.memory_bytes, sent, received)
    forward = [n for n in stage.nodes if n not in backward and not isinstance(partition.graph[n].op, State)]
    return (
        name,
        len(stage.nodes),
        forward[0] if forward else None,
        forward[-1] if forward else None,
        *(Quantity(seconds, seconds_text) for seconds in times),
        *(Quantity(count, bytes_text) for count in sizes),
        BUSIEST if stage.load_seconds == partition.bottleneck_seconds else "",
    )
