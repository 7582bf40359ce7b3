"""An operator in a file: its first sample that the language can write, elaborated, with what comes of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cnngraph.diagnostics import CnnGraphError
from cnngraph.interop.flat.words import layer_text
from cnngraph.ir.counts import cost_of
from cnngraph.ir.leaves import Input, State
from cnngraph.ir.op import Op, Sample, total_elements
from cnngraph.ir.size import number_text
from cnngraph.net import loads

NAME = "example"
LETTERS = "abcdefgh"


@dataclass(frozen=True)
class Example:
    """A file, and what it gives in words."""

    text: str
    gives: str


def example(op: type[Op]) -> Example | None:
    """The example of an operator; None where no sample of it can be written.

    >>> from cnngraph.ops.dense import Dense
    >>> print(example(Dense))
    Example(text='net example(x: 3) = dense(5)', gives='`5`: 20 parameters, 15 multiply-adds, 30 flops for each sample')
    """
    if op.optimizer:
        return _of_optimizer(op)
    return next((found for sample in op.samples() for found in _of_layer(sample)), None)


def _of_layer(sample: Sample) -> Iterator[Example]:
    """The sample as a net; nothing where the language has no words for it."""
    one = len(sample.inputs) == 1
    names = ["x"] if one else list(LETTERS[: len(sample.inputs)])
    head = ", ".join(f"{name}: {type_}" for name, type_ in zip(names, sample.inputs, strict=True))
    try:
        layer = layer_text(sample.op)
        if not one:
            arguments = layer.removeprefix(sample.op.name).strip("()")
            layer = f"{sample.op.name}({', '.join([*names, *([arguments] if arguments else [])])})"
        text = f"net {NAME}({head}) = {layer}" if one else f"net {NAME}({head}) {{ {layer} }}"
        graph = loads(text).graph
    except CnnGraphError:
        return
    nodes = [node for node in graph if not isinstance(node.op, State | Input)]
    (result,) = graph.outputs.values()
    weights = [node for node in graph if isinstance(node.op, State) and node.op.trainable]
    cost = sum((cost_of(graph, node) for node in nodes[1:]), cost_of(graph, nodes[0]))
    figures = [
        f"{number_text(total_elements([node.type for node in weights]))} parameters",
        f"{number_text(cost.multiply_adds)} multiply-adds",
        f"{number_text(cost.flops)} flops for each sample",
    ]
    yield Example(text, f"`{graph.type_of(result)}`: {', '.join(figures)}")


def _of_optimizer(op: type[Op]) -> Example:
    """A net that is trained by the optimizer, with the states that it keeps for one of the weights."""
    text = (
        f"net {NAME}(x: 4) = dense(3) -> softmax\n\n"
        f"train {NAME} {{\n  loss:      cross_entropy(output, label)\n  optimizer: {op.name}(lr = 0.01)\n}}"
    )
    graph = loads(text).training_graph()
    step = next(node for node in graph if isinstance(node.op, op))
    own = [ref for ref in step.inputs[len(op.operands) :] if isinstance(graph[ref.node].op, State)]
    kept = [f"`{ref.node}` {graph.type_of(ref)}" for ref in own]
    return Example(text, f"these states: {', '.join(kept) or 'none'}")
