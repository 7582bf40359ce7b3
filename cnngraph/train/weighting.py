"""Classes that count more or less: `class_weights: balanced`, or one number for each class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import ClassVar

import numpy as np

from cnngraph.data.dataset import Dataset, Part
from cnngraph.diagnostics import CnnGraphError, Diagnostic, Label, error
from cnngraph.elaborate.calls import choose
from cnngraph.elaborate.training import Setting, TrainingSpec
from cnngraph.ir.graph import Graph, Node
from cnngraph.ir.op import Array, OpError
from cnngraph.train.feeds import Feeder

ROWS = 100_000  # so many labels are counted at once


@dataclass(frozen=True)
class Balanced:
    """All classes count the same, whatever there is of them.

        w[k] = n / (c n[k]),   n[k] labels of class k, n in all, c classes; 1 where there are none

    source: King, Zeng: Logistic regression in rare events data, 2001, section 4.2, as scikit-learn has it.

    >>> Balanced.weights(np.array([2, 6, 0, 0]))
    (1.0, 0.3333333333333333, 1.0, 1.0)
    """

    name: ClassVar[str] = "balanced"

    @staticmethod
    def weights(counts: Array) -> tuple[float, ...]:
        shares = counts.sum() / (len(counts) * np.maximum(counts, 1))
        return tuple(float(share) if count else 1.0 for share, count in zip(shares, counts, strict=True))


RULES: Mapping[str, type[Balanced]] = {Balanced.name: Balanced}


def weighted(spec: TrainingSpec, data: Dataset, feeder: Feeder) -> TrainingSpec:
    """The section with weights in each of its losses that compares classes with its label; tests have none.

    A loss is the mean of the labels' losses by their weights, as in PyTorch. Raises E0112 where no loss has a place for
    weights, or there are not as many as classes.
    """
    if spec.class_weights is None:
        return spec
    graph = spec.graph
    losses = [node for node in graph if _compares(graph, node, spec.label)]
    if not losses:
        raise error("E0112", f"{spec.name} has class_weights, and no loss that compares classes", "cross_entropy does")
    weights = _weights(spec, data.train, feeder.columns[spec.label])
    found = {node.name: _with(graph, node, weights) for node in losses}
    return replace(spec, graph=replace(graph, nodes=tuple(found.get(node.name, node) for node in graph)))


def _compares(graph: Graph, node: Node, label: str) -> bool:
    has_weights = any(field.name == "class_weights" for field in fields(node.op))
    return node.op.loss and has_weights and any(ref.node == label for ref in node.inputs)


def _weights(spec: TrainingSpec, part: Part, column: str) -> tuple[float, ...]:
    if not isinstance(spec.class_weights, Setting):
        return spec.class_weights or ()
    rule = choose(spec.class_weights, RULES, "rule for class_weights")
    kinds = spec.graph[spec.label].type.vocabulary
    counts = np.zeros(kinds or 0, np.int64)
    for start in range(0, len(part), ROWS):
        indices = np.arange(start, min(start + ROWS, len(part)))
        counts += np.bincount(part.columns[column][indices].reshape(-1), minlength=len(counts))
    return rule.weights(counts)


def _with(graph: Graph, node: Node, weights: tuple[float, ...]) -> Node:
    if any(node.op.class_weights):  # type: ignore[attr-defined]
        raise error("E0112", f"{node.op.name} has class_weights already", "drop those of the section")
    op = replace(node.op, class_weights=weights)  # type: ignore[call-arg]
    try:
        op.output_types(list(graph.input_types(node)))
    except OpError as refused:
        help_ = f"its classes are {graph.input_types(node)[0].channels}"
        place = Label(node.origin.span, "here") if node.origin else None
        raise CnnGraphError(Diagnostic("E0112", refused.message, place, helps=(help_,))) from refused
    return replace(node, op=op)
