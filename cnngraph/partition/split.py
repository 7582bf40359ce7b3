"""Divides a graph over a cluster: poses the problem, asks strategies, measures and verifies the answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from cnngraph.cost.model import require_bound
from cnngraph.ir.graph import Graph
from cnngraph.partition.auto import race
from cnngraph.partition.device import Cluster, unknown_devices
from cnngraph.partition.objective import objective_bound
from cnngraph.partition.partition import Partition, assign
from cnngraph.partition.pose import even_links, pose
from cnngraph.partition.problem import Answer, Objective, Problem
from cnngraph.partition.refusal import refusal
from cnngraph.partition.remarks import told
from cnngraph.partition.strategy import Deadline, strategy_named

NAMED_SECONDS = 10.0  # for a strategy that is asked for by name, where no limit is given


def solve(problem: Problem, strategy: str = "auto", time_limit_seconds: float | None = None) -> Answer:
    """The best answer that the strategy finds in the time. Errors: E0107, E0603; E0602 nothing fits."""
    if strategy == "auto":
        answer = race(problem, time_limit_seconds)
    else:
        seconds = NAMED_SECONDS if time_limit_seconds is None else time_limit_seconds
        answer = strategy_named(strategy).solve(problem, None, Deadline(seconds))
    if answer is None:
        raise refusal(problem)
    return answer


def split(
    graph: Graph,
    cluster: Cluster,
    strategy: str = "auto",
    *,
    objective: Objective = "throughput",
    contiguous: bool | None = None,
    time_limit_seconds: float | None = None,
    measured: Mapping[str, float] | None = None,
    replicate: bool = False,
) -> Partition:
    """A device for each node of a bound graph, so that the busiest device is as little busy as the strategy can.

    With `replicate`, devices that are alike may share a stage as a team, each for samples of its own, where that makes
    the busiest less busy. Without a time limit, `auto` gives the same answer on every machine; with one it searches
    longer, and says in `Partition.proof` where the clock ended the search. Limits that always hold: the memory of each
    device; placements (`on`); what must stay together (`groups`).

    errors: E0109 a size is still a symbol; E0107 unknown strategy; E0601 placed on a device that the cluster lacks;
            E0602 nothing fits, with the numbers; E0603 the strategy needs a package that is not installed.
    """
    require_bound(graph)
    placed = {node.name: node.device for node in graph if node.device is not None}
    if wrong := unknown_devices(placed, cluster):
        raise wrong
    problem = pose(graph, cluster, objective, contiguous, measured, replicate)
    answer = solve(problem, strategy, time_limit_seconds)
    if not even_links(cluster):  # the problem takes the slower direction: what it proves is not true of the faster one
        answer = replace(answer, bound_seconds=0.0, proof="")
    names = [cluster.names[d] for d in answer.device_of]
    device_of = {task: names[group] for task, group in zip(problem.tasks, problem.group_of, strict=True)}
    bound = max(objective_bound(problem), answer.bound_seconds)
    teams = tuple(tuple(cluster.names[d] for d in team) for team in answer.teams)
    return assign(
        graph, cluster, device_of, bound, measured, teams,
        strategy=strategy, proof=answer.proof, objective=objective, contiguous=problem.contiguous,
        **told(problem, answer),
    )  # fmt: skip
