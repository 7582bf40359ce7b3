"""The layers of a net by the names that people give: a node, or the label or block that it lies in."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from cnngraph.diagnostics import CnnGraphError, error
from cnngraph.ir.graph import Graph, Node
from cnngraph.ir.leaves import Input, State

BEFORE = ("softmax", "log_softmax", "sigmoid")  # operators whose operand is the score of a class
SHOWN = 12  # names in a message


def layer_of(graph: Graph, name: str) -> Node:
    """The node of this name; of a label or a block, its last one. Raises E0101 with the nearest names."""
    found = [node for node in graph if _within(node, name) and not isinstance(node.op, State)]
    if not found:
        raise unknown_layer(graph, name)
    return next((node for node in found if node.name == name), found[-1])


def kernel_of(graph: Graph, name: str | None = None) -> Node:
    """The weight with windows of the first convolution, or of the first one in this layer, label or block.

    Raises E0101 for an unknown name, E0705 where there is no such weight.
    """
    windows = [node for node in graph if node.op.counts_depth and _windows(graph, node)]
    if name is not None and not any(_within(node, name) for node in graph):
        raise unknown_layer(graph, name)
    found = [node for node in windows if name is None or _within(node, name)]
    if not found:
        named = ", ".join(node.name for node in windows[:SHOWN])
        where = f"{name} has no windows" if name is not None else f"{graph.name} has no convolution"
        raise error("E0705", where, f"layers with windows are {named}" if named else "look at its maps instead")
    return _windows(graph, found[0])[0]


def last_grid(graph: Graph) -> Node:
    """The last layer with rows and columns, and more than one position: where a class still has a place. Or E0705."""
    grids = [node for node in graph if _is_grid(node) and node.type.positions != (1, 1)]
    if not grids:
        raise error("E0705", f"no layer of {graph.name} has rows and columns", "it takes a layer such as 8@7x7")
    return grids[-1]


def score_of(graph: Graph, output: str | None = None) -> tuple[str, Node]:
    """An output with classes, and the node that holds the score of each: the one before softmax or sigmoid.

    Without a name it is the first output that comes from a softmax, else the first vector. Raises E0101, E0705.
    """
    if output is not None and output not in graph.outputs:
        raise error("E0101", f"{graph.name} has no output {output}", f"its outputs are {', '.join(graph.outputs)}")
    makers = {name: graph[ref.node] for name, ref in graph.outputs.items()}
    names = [output] if output is not None else sorted(makers, key=lambda name: makers[name].op.name not in BEFORE[:2])
    for name in names:
        node = makers[name]
        if node.type.batched and node.type.vocabulary is None and not node.type.positions and len(node.type.shape) == 2:
            return name, graph[node.inputs[0].node] if node.op.name in BEFORE else node
    raise error(
        "E0705", f"no output of {graph.name} holds classes", "an output with classes is a vector; else give a --layer"
    )


def image_of(graph: Graph, name: str) -> Node:
    """The one input that leads to a node, if it is a grid of numbers. Raises E0702."""
    inputs = graph.fetch([name]).inputs
    grids = [node for node in inputs if node.type.vocabulary is None and len(node.type.positions) == 2]
    if len(inputs) == len(grids) == 1:
        return grids[0]
    if not inputs:
        raise error("E0702", f"no input leads to {name}")
    listed = ", ".join(f"{node.name}: {node.type}" for node in inputs)
    told = f"{name} of {graph.name} is made from {listed}; only layers made from one picture can be examined"
    raise error("E0702", told, "choose a layer that a single picture leads to")


def unknown_layer(graph: Graph, name: str) -> CnnGraphError:
    """E0101, with the names that are like `name`, or with those that there are."""
    known = dict.fromkeys(path for node in graph if not isinstance(node.op, State) for path in _paths(node.name))
    close = get_close_matches(name[:80], list(known), 3, 0.5)
    plain = [path for path in known if "." not in path]
    listed = f"its layers are {', '.join(plain[:SHOWN])}{', ...' if len(plain) > SHOWN else ''}"
    helps = f"did you mean {' or '.join(f'`{c}`' for c in close)}?" if close else listed
    return error("E0101", f"the net {graph.name} has no layer `{name}`", helps)


def _paths(name: str) -> Iterable[str]:
    """The name, and the blocks and labels above it."""
    parts = name.split(".")
    return (".".join(parts[: i + 1]) for i in range(len(parts)))


def _within(node: Node, name: str) -> bool:
    return node.name == name or node.name.startswith((f"{name}.", f"{name}["))


def _windows(graph: Graph, node: Node) -> list[Node]:
    """The weights of a node that have rows and columns (or more axes) of windows: (k..., C, features)."""
    states = [graph[ref.node] for ref in node.inputs if isinstance(graph[ref.node].op, State)]
    return [state for state in states if len(state.type.shape) >= 3]


def _is_grid(node: Node) -> bool:
    type_ = node.type
    plain = type_.batched and type_.vocabulary is None and not isinstance(node.op, Input | State)
    return plain and len(type_.positions) == 2
