"""Paths for our nodes from whatever a file calls its own: `/layer1/layer1.0/conv1/Conv` becomes `layer1.0.conv1`.

In order: the scope that PyTorch's exporter writes; the name of the node; the names of its weights; its operator.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from onnx import defs

from cnngraph.interop.onnx.reading.foreign import Fed, Foreign, ForeignNode

LONGEST = 120  # characters of a path


def paths_of(net: Foreign) -> Mapping[int, str]:
    """A path for each node of the graph, by `id`; none stands twice."""
    if net.ours:
        return {id(node): path for node, path in zip(net.nodes, _own([node.name for node in net.nodes]), strict=True)}
    said = [_said(node, net) for node in net.nodes]
    scopes = Counter(tuple(path[:i]) for path in said for i in range(1, len(path)))
    taken: set[str] = set()
    found: dict[int, str] = {}
    for node, path in zip(net.nodes, said, strict=True):
        is_scoped = len(path) > 1 and (bool(node.scope) or node.name.startswith("/"))
        names_operator = bool(node.scope) or _names_operator(path[-1], node.operator)
        alone = is_scoped and names_operator and scopes[tuple(path[:-1])] == 1
        word = ".".join(path[:-1] if alone else path)[:LONGEST]
        found[id(node)] = _free(word, taken)
    return found


def _own(names: Sequence[str]) -> list[str]:
    """The paths of nodes that we named: what stands below another node is a part of it."""
    known = set(names)
    found = []
    for name in names:
        steps = name.split(".")
        above = (".".join(steps[:i]) for i in range(1, len(steps)))
        found.append(next((path for path in above if path in known), name))
    return found


def _said(node: ForeignNode, net: Foreign) -> list[str]:
    """The words of a path, outermost first; the last one may name the operator only."""
    operator = node.operator.rpartition(".")[2]
    if node.scope:
        return _steps([legal(part) for part in node.scope if part])
    if node.name.startswith("/"):
        *scopes, last = node.name.strip("/").split("/")
        return [*_steps([legal(part) for part in scopes]), legal(_small(last, operator))]
    weights = [name for name in node.inputs if name in net.initializers and "." in name]
    if weights and (not node.name or re.fullmatch(rf"(node_)?{operator}_?\d*", node.name, re.IGNORECASE)):
        return [legal(step) for step in weights[0].split(".")[:-1]]
    if node.name:
        return [legal(_small(step, operator)) for step in re.split(r"[/.]", node.name) if step] or [operator.lower()]
    return [legal(operator.lower())]


def _steps(scopes: Sequence[str]) -> list[str]:
    """Scopes, each of which may repeat the one before: `layer1`, `layer1.0` become `layer1`, `0`."""
    steps: list[str] = []
    for scope in scopes:
        full = ".".join(steps)
        if full and scope.startswith(f"{full}."):
            steps += scope[len(full) + 1 :].split(".")
        else:
            steps += scope.split(".")
    return steps


def _small(word: str, operator: str) -> str:
    """A step that is named after the operator, in small letters; or after one that became a part of it."""
    if _names_operator(word, operator):
        return word.removeprefix("node_").lower()
    return operator.lower() if word[:1].isupper() and defs.has(re.sub(r"_\d+$", "", word)) else word


def _names_operator(word: str, operator: str) -> bool:
    return bool(re.fullmatch(rf"(node_)?{re.escape(operator.rpartition('.')[2])}(_\d+)?", word, re.IGNORECASE))


def legal(word: str) -> str:
    """A word without characters that a printed graph cannot have.

    >>> legal("conv 1:0")
    'conv_1_0'
    """
    return re.sub(r"[^\w.\[\]-]", "_", word, flags=re.ASCII) or "node"


def words(values: Sequence[Fed]) -> list[str]:
    """A word for each input or output, by which it is fed or given here; none stands twice."""
    taken: set[str] = set()
    return [_free(re.sub(r"[.-]", "_", legal(value.name))[:LONGEST], taken) for value in values]


def _free(word: str, taken: set[str]) -> str:
    found = word
    number = 2
    while found in taken:
        found, number = f"{word}_{number}", number + 1
    taken.add(found)
    return found
