"""A net as far as it goes, as a graph to draw: an operator that refused its inputs is a box that is not really there.

    image -> conv 50, 5x5 -> maxpool 2x2 - - -> [ dense 500 | dense needs a vector, but receives 50@4x4 ]

The same for a row of the right column that does not hold: behind it the way goes on with the shape that the row says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from textwrap import wrap
from typing import ClassVar

from cnngraph.diagnostics import Diagnostic
from cnngraph.elaborate.observe import Observation
from cnngraph.ir.graph import Graph, Node
from cnngraph.ir.leaves import Input
from cnngraph.ir.op import Op
from cnngraph.ir.types import TensorType
from cnngraph.render.overlay import Mark, Overlay
from cnngraph.render.style import RED, WHITE

WRONG = Mark(WHITE, RED, dashed=True, arrows="into")
BESIDE = "red: what cannot be, and why"
SHOWN, LETTERS = 12, 44  # findings in a picture; letters in a line of one


@dataclass(frozen=True)
class Absent(Op):
    """An operator that did not take its inputs; it is drawn, and nothing else."""

    text: str

    name: ClassVar[str] = "absent"
    internal: ClassVar[bool] = True

    def infer(self, *inputs: TensorType) -> TensorType:
        return inputs[0]

    def __str__(self) -> str:
        return self.text


def drawable(observation: Observation, name: str) -> tuple[Graph, Overlay]:
    """The graph to draw, and what is wrong in it; `name` stands for a file without a net."""
    graph = observation.graph or Graph(name, (), {})
    nodes = graph.by_name
    wrong: dict[str, tuple[Node, Diagnostic]] = {}
    for node, finding in (*_refused(observation, nodes), *_unmet_rows(observation, nodes)):
        wrong.setdefault(node.name, (node, finding))
    beside = [finding for _, finding in wrong.values()]
    told = (BESIDE,) if beside else ()
    overlay = Overlay(
        kind_of=dict.fromkeys(wrong, "wrong"),
        marks={"wrong": WRONG},
        title="as far as it goes" if observation.found else "",
        notes={name: tuple(_told(finding)) for name, (_, finding) in wrong.items()},
        hints={name: finding.render() for name, (_, finding) in wrong.items()},
        remarks=tuple(_remarks([finding for finding in observation.found if finding not in beside])) or told,
    )
    absent = {name: node for name, (node, _) in wrong.items()}
    return replace(graph, nodes=tuple({**nodes, **absent}.values())), overlay


def _refused(observation: Observation, nodes: Mapping[str, Node]) -> Iterator[tuple[Node, Diagnostic]]:
    for failure in observation.failures:
        text = " ".join(failure.origin.span.text.split())
        inputs = tuple(ref for ref in failure.inputs if ref.node in nodes)
        type_ = nodes[inputs[0].node].types[inputs[0].index] if inputs else TensorType(())
        yield Node(failure.name, Absent(text), inputs, (type_,), origin=failure.origin), failure.diagnostic


def _unmet_rows(observation: Observation, nodes: Mapping[str, Node]) -> Iterator[tuple[Node, Diagnostic]]:
    """Rows that do not hold: the graph goes on from an input of the stated shape, behind the node that gave another."""
    unmet = [d for d in observation.found if d.code == "E0300" and d.primary]
    for given in observation.values:
        finding = next((d for d in unmet if d.primary and given.span.contains(d.primary.span)), None)
        made = [nodes[name] for name in given.nodes if name in nodes]
        if finding and made and isinstance(made[-1].op, Input):
            inputs = (made[-2].ref,) if len(made) > 1 else ()
            yield replace(made[-1], op=Absent("assumed"), inputs=inputs), finding


def _told(finding: Diagnostic) -> Iterator[str]:
    """A finding in lines short enough to stand beside a box: code and place, message, help."""
    place = f", line {finding.primary.span.line}" if finding.primary else ""
    yield f"{finding.severity} {finding.code}{place}"
    yield from wrap(finding.message, LETTERS)
    for text in finding.helps:
        yield from wrap(f"help: {text}", LETTERS)


def _remarks(found: Sequence[Diagnostic]) -> Iterator[str]:
    """The findings in short: line, code, message."""
    for finding in found[:SHOWN]:
        place = f"line {finding.primary.span.line}: " if finding.primary else ""
        yield f"{place}{finding.message} ({finding.code})"
    if len(found) > SHOWN:
        yield f"and {len(found) - SHOWN} more"
