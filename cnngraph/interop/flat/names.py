"""Names of nodes as labels of lines: `conv3.bottleneck[2].conv` becomes `conv3_bottleneck2_conv`."""

from __future__ import annotations

import re
from collections.abc import Collection

from cnngraph.elaborate.scope import words_of_the_language
from cnngraph.ir.graph import Graph
from cnngraph.syntax.tokens import WORDS

SIZES = re.compile(r"[A-Z]\d*(?:x(?:[A-Z]\d*|\d+))+")
"""What the language reads as sizes, such as `HxW`, and never as a name."""


def labels_of(graph: Graph, reserved: Collection[str] = ()) -> dict[str, str]:
    """A label for each node: an input keeps its name, a result takes the name of the output, others that of the path.

    No label is one of the `reserved` words.

    >>> from cnngraph.elaborate.elaborate import elaborate
    >>> from cnngraph.elaborate.modules import load_text
    >>> graph = elaborate(load_text("net n(image: 1@8x8) { c: conv(4, 3x3) * 2; relu }"))
    >>> [label for path, label in labels_of(graph).items() if "weight" not in path and "bias" not in path]
    ['image', 'c_conv1', 'c_conv2', 'output']
    """
    taken = {*words_of_a_file(), *graph.symbols, graph.name, *reserved}
    labels = {node.name: free(node.name, taken) for node in graph.inputs}
    for name, ref in graph.outputs.items():
        if ref.node not in labels and legal(name) == name and name not in taken:
            labels[ref.node] = free(name, taken)
    return {node.name: labels.get(node.name) or free(node.name, taken) for node in graph}


def legal(path: str) -> str:
    """The path as one word, which may still be taken.

    >>> legal("conv3.bottleneck[2].conv"), legal("half_2[1].relu")
    ('conv3_bottleneck2_conv', 'half_2_1_relu')
    >>> legal("HxW"), legal("2")
    ('x_HxW', 'x_2')
    """
    word = re.sub(r"(?<=\d)\[", "_", path).replace("[", "").replace("]", "")
    word = re.sub(r"\W", "_", word, flags=re.ASCII)
    return word if re.match(r"[A-Za-z]|_\w", word) and not SIZES.fullmatch(word) else f"x_{word}"


def free(path: str, taken: set[str]) -> str:
    """The path as a word that is not taken; from now on it is."""
    word = legal(path)
    numbered = (f"{word}_{i}" for i in range(1, len(taken) + 2))
    found = word if word not in taken else next(name for name in numbered if name not in taken)
    taken.add(found)
    return found


def words_of_a_file() -> Collection[str]:
    """Words that no label can be: those of the grammar, of the layers, and `it`."""
    return {*WORDS, *words_of_the_language().names, "it", "ids"}
