"""A partition as a table: for each device its part of the network, its load and its memory, and how good the whole is.

print(stages(partition))
stages(partition).to("markdown")
print(shares(problem, answer))         of a workload that is numbers only
"""

from __future__ import annotations

import numpy as np

from cnngraph.cost.quantity import bytes_text, seconds_text
from cnngraph.ir.leaves import State
from cnngraph.partition.objective import objective_bound, objective_value
from cnngraph.partition.partition import GOALS, Partition, Stage
from cnngraph.partition.problem import Answer, Problem, loads
from cnngraph.partition.remarks import remarks
from cnngraph.render.outline import backward_nodes
from cnngraph.render.tabular import Cell, Column, Quantity, Table

BUSIEST = "<- busiest"
SIMPLE = {"throughput": "work over speed", "latency": "paths and work", "memory": "sizes"}  # bounds that need no search
BAR = 8  # letters
LONGEST = 30

COLUMNS = (
    Column("device", "device", right=False),
    Column("nodes", "nodes"),
    Column("first", "from", right=False),
    Column("last", "to", right=False),
    Column("compute_seconds", "compute"),
    Column("communication_seconds", "communication"),
    Column("load_seconds", "load"),
    Column("load_share", "of the busiest", right=False),
    Column("state_bytes", "weights"),
    Column("peak_bytes", "peak memory"),
    Column("memory_bytes", "limit"),
    Column("memory_share", "of the limit", right=False),
    Column("sent_bytes", "sends"),
    Column("received_bytes", "receives"),
    Column("bottleneck", "", right=False),
)
SHARES = (
    Column("device", "device", right=False),
    Column("operators", "operators"),
    Column("compute", "compute"),
    Column("communication", "communication"),
    Column("load", "load"),
    Column("load_share", "of the busiest", right=False),
    Column("peak_bytes", "memory"),
    Column("memory_bytes", "limit"),
    Column("memory_share", "of the limit", right=False),
    Column("bottleneck", "", right=False),
)


def stages(partition: Partition) -> Table:
    """One row for each device or team that has nodes, the busiest marked; below: what crosses, bound, gap and proof.

    `from` and `to` are its first and last forward operators; its gradients are those of the same layers. Loads and
    bytes are those of one run with the batch that the graph is bound to. What a team exchanges is communication.
    """
    backward = backward_nodes(partition.graph)
    rows = tuple(_row(partition, stage, backward) for stage in partition.stages)
    totals: dict[str, Cell] = {
        "values that cross": len(partition.cuts),
        "traffic": Quantity(sum(cut.bytes * len(cut.targets) for cut in partition.cuts), bytes_text),
        "bottleneck": Quantity(partition.bottleneck_seconds, seconds_text),
        **_goal(partition),
        "lower bound": Quantity(partition.lower_bound_seconds, partition.goal_text),
        "gap": Quantity(partition.gap, "{:.1%}".format),
        **_found(partition.proof, partition.strategy, partition.objective, partition.contiguous),
    }
    if partition.remarks:
        totals["note"] = "; ".join(partition.remarks)
    if partition.teams:
        totals["teams"] = "; ".join(" + ".join(team) for team in partition.teams)
    count = sum(len(stage.team) or 1 for stage in partition.stages)
    return Table(COLUMNS, rows, totals, f"{partition.graph.name} on {count} device{'s' * (count != 1)}")


def _goal(partition: Partition) -> dict[str, Cell]:
    if partition.objective == "throughput":
        return {}
    return {GOALS[partition.objective]: Quantity(partition.goal, partition.goal_text)}


def _row(partition: Partition, stage: Stage, backward: frozenset[str]) -> tuple[Cell, ...]:
    name, limit = stage.device.name, stage.device.memory_bytes
    times = (stage.compute_seconds, stage.communication_seconds + stage.exchange_seconds, stage.load_seconds)
    sent = sum(cut.bytes * len(cut.targets) for cut in partition.cuts if cut.source == name)
    received = sum(cut.bytes for cut in partition.cuts if name in cut.targets)
    forward = [n for n in stage.nodes if n not in backward and not isinstance(partition.graph[n].op, State)]
    busiest = partition.bottleneck_seconds
    return (
        stage.label,
        len(stage.nodes),
        _ending(forward[0]) if forward else None,
        _ending(forward[-1]) if forward else None,
        *(Quantity(seconds, seconds_text) for seconds in times),
        share(stage.load_seconds, busiest),
        *(Quantity(count, bytes_text) for count in (stage.state_bytes, stage.peak_bytes, limit)),
        share(stage.peak_bytes, limit),
        *(Quantity(count, bytes_text) for count in (sent, received)),
        BUSIEST if stage.load_seconds == busiest else "",
    )


def shares(problem: Problem, answer: Answer, strategy: str = "auto") -> Table:
    """The same for a problem of numbers only. Times have the unit of the file that the problem comes from."""
    chosen, load = np.asarray(answer.device_of), loads(problem, answer.device_of, answer.teams)
    tasks = np.bincount(chosen[problem.group_of], minlength=len(problem.devices))
    rows: list[tuple[Cell, ...]] = []
    for d in dict.fromkeys(sorted(answer.device_of)):
        compute, limit = float(problem.seconds[d, chosen == d].sum()), float(problem.limits_bytes[d])
        peak = problem.peak_bytes(chosen == d)
        times = (Quantity(value, "{:.6g}".format) for value in (compute, float(load[d]) - compute, float(load[d])))
        sizes: tuple[Cell, ...] = (Quantity(peak, bytes_text), None, None)
        if np.isfinite(limit):
            sizes = Quantity(peak, bytes_text), Quantity(limit, bytes_text), share(peak, limit)
        mark = BUSIEST if load[d] == load.max() else ""
        rows.append((problem.devices[d], int(tasks[d]), *times, share(float(load[d]), float(load.max())), *sizes, mark))
    goal = objective_value(problem, answer.device_of, answer.teams)
    bound = max(objective_bound(problem), answer.bound_seconds)
    totals: dict[str, Cell] = {
        "bottleneck": Quantity(float(load.max()), "{:.6g}".format),
        **({} if problem.objective == "throughput" else {GOALS[problem.objective]: Quantity(goal, "{:.6g}".format)}),
        "lower bound": Quantity(bound, "{:.6g}".format),
        "gap": Quantity(max(goal - bound, 0.0) / bound if bound else 0.0, "{:.2%}".format),
        **_found(answer.proof, strategy, problem.objective, problem.contiguous),
    }
    if found := remarks(problem, answer):
        totals["note"] = "; ".join(found)
    return Table(SHARES, tuple(rows), totals, f"{problem.title} on {len(rows)} devices")


def share(part: float, whole: float) -> Quantity:
    """A part of a whole as a bar and a percentage.

    >>> str(share(3, 8))
    '███░░░░░  38%'
    """
    fraction = part / whole if whole else 0.0
    full = min(round(fraction * BAR), BAR)
    bar = "█" * full + "░" * (BAR - full)
    return Quantity(fraction, lambda value: f"{bar} {value:4.0%}")


def _found(proof: str, strategy: str, objective: str, contiguous: bool) -> dict[str, Cell]:
    kind = "stages in order" if contiguous else "any split"
    return {"proved by": proof or SIMPLE[objective], "found by": f"{strategy or 'hand'} for {objective}, {kind}"}


def _ending(name: str) -> str:
    return name if len(name) <= LONGEST else f"…{name[1 - LONGEST :]}"
