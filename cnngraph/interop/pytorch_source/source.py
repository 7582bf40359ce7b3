"""The door of this folder: a graph and its states as PyTorch source and the arrays of its state dict."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from cnngraph.interop.imported import Axes
from cnngraph.interop.pytorch_source.classes import classes_of
from cnngraph.interop.pytorch_source.docs import comment_above, paper_of, quoted
from cnngraph.interop.pytorch_source.layout import Layout, axes_of, shape_text
from cnngraph.interop.pytorch_source.modules import modules_of
from cnngraph.interop.pytorch_source.naming import class_name, word
from cnngraph.interop.pytorch_source.parts import Block, Chain, Choice, Leaf, Module
from cnngraph.interop.pytorch_source.step import Weight
from cnngraph.interop.pytorch_source.support import SUPPORT, support_for
from cnngraph.interop.pytorch_source.translate import Program, translate
from cnngraph.interop.pytorch_source.wrapping import WIDTH, wrapped
from cnngraph.interop.pytorch_source.writing import Whole, class_text
from cnngraph.ir.graph import Graph, Node
from cnngraph.ir.op import Array
from cnngraph.ir.size import symbols


@dataclass(frozen=True)
class Source:
    """PyTorch source with the arrays for `load_state_dict`, by PyTorch's names, in its shapes and orders.

    `inputs` and `outputs` say which axis of ours each axis of the module's arguments and results is. `names` has for
    each array the state of ours that it was made of.
    """

    text: str
    states: Mapping[str, Array] = field(repr=False)
    inputs: Mapping[str, Axes] = field(default_factory=dict)
    outputs: Mapping[str, Axes] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict, repr=False)


def to_pytorch(graph: Graph, states: Mapping[str, Array] | None = None, file: str = "weights.safetensors") -> Source:
    """The network as PyTorch source; with `states`, also its state dict. Raises E0803 for all that has no words there.

    `file` is what the text calls the file of the state dict. Weights that layers of different kinds share are in it for
    each of them: there they are no longer one.

    >>> from cnngraph.net import loads
    >>> source = to_pytorch(loads("net tiny(image: 3@8x8) { first: conv(4, 3x3, same) -> relu }").graph)
    >>> [line.strip() for line in source.text.splitlines() if "self.first" in line]
    ['self.first = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU())', 'return self.first(image)  # (N, 4, 8, 8)']
    """
    program = translate(graph)
    root = modules_of(graph.name, program.steps, tuple(program.inputs), [v.name for v in program.outputs.values()])
    classes = classes_of(root, program.types, tuple(SUPPORT))
    names = {value.name: word(name) for name, value in program.outputs.items()} if len(program.outputs) > 1 else {}
    texts = [class_text(made, program.types) for made in classes[:-1]]
    texts.append(class_text(classes[-1], program.types, Whole(_about(graph, program), names)))
    weights = dict(_weights(root, ""))
    arrays = {} if states is None else {n: np.ascontiguousarray(w.turn(states[w.state])) for n, w in weights.items()}
    return Source(
        _file(graph, program, texts, file),
        arrays,
        {node.name: axes_of(node.type, program.inputs[node.name]) for node in graph.inputs},
        {name: axes_of(graph.type_of(graph.outputs[name]), value.layout) for name, value in program.outputs.items()},
        {name: weight.state for name, weight in weights.items()},
    )


def _weights(module: Module, path: str) -> Iterator[tuple[str, Weight]]:
    """The weights of a module by their names in the state dict."""
    match module:
        case Leaf():
            yield from ((f"{path}{weight.attribute}", weight) for weight in module.weights)
            if module.cell:
                yield from _weights(module.cell, f"{path}cell.")
        case Chain():
            for place, part in enumerate(module.members):
                yield from _weights(part, f"{path}{place}.")
        case Choice():
            if module.present:
                yield from _weights(module.module, path)
        case Block():
            for name, part in module.attributes.items():
                yield from _weights(part, f"{path}{name}.")


# ---- the file ----


def _file(graph: Graph, program: Program, classes: Sequence[str], weights: str) -> str:
    name = class_name(graph.name)
    body = "\n\n\n".join([*support_for("\n".join(classes)), *classes, _main(graph, program, name)])
    paper = paper_of(_text(graph))
    head = [
        f'"""The network {quoted(graph.name)} as PyTorch modules, from a table of cnngraph.',
        *(["", *paper] if paper else []),
        "",
        f"    model = {name}()",
        f"    model.load_state_dict(safetensors.torch.load_file({json.dumps(weights)}))",
        "    model.eval()",
        '"""',
    ]
    functional = "from torch.nn import functional as F\n" if re.search(r"\bF\.", body) else ""
    tensor = "Tensor, nn" if "Tensor" in body else "nn"
    imports = f"import torch\nfrom torch import {tensor}\n{functional}"
    return "\n".join([*head, "", imports, "", f"{body}\n"])


def _main(graph: Graph, program: Program, name: str) -> str:
    """What runs the network on random numbers when the file is run."""
    sizes = {s.name: _example(s.name, s.multiple_of, s.at_least) for node in graph.inputs
             for size in node.type.shape for s in symbols(size)}  # fmt: skip
    inputs = ", ".join(_random(node, program.inputs[node.name], sizes) for node in graph.inputs)
    shown = "print(tuple(result.shape))"
    if len(graph.outputs) > 1:
        shown = "print(*(tuple(result.shape) for result in results))"
    made = "result" if len(graph.outputs) == 1 else "results"
    return "\n".join(
        [
            'if __name__ == "__main__":',
            f"    model = {name}().eval()",
            "    with torch.inference_mode():",
            *wrapped(f"{made} = model({inputs})", 8),
            f"    {shown}",
        ]
    )


def _example(name: str, multiple_of: int, at_least: int) -> int:
    least = 1 if name == "batch" else max(at_least, 16)
    return -(-least // multiple_of) * multiple_of


def _random(node: Node, layout: Layout, sizes: Mapping[str, int]) -> str:
    bound = node.type.bind(**sizes)
    if bound.vocabulary is not None:
        return f"torch.randint({bound.vocabulary}, {bound.concrete})"
    shape = axes_of(bound, layout).places
    return f"torch.randn({', '.join(str(bound.concrete[place]) for place in shape if place is not None)})"


def _about(graph: Graph, program: Program) -> list[str]:
    """The docstring of the network: its inputs and outputs."""
    inputs = [f"{word(node.name)} {shape_text(node.type, program.inputs[node.name])}" for node in graph.inputs]
    outputs = [f"{word(name)} {shape_text(graph.type_of(graph.outputs[name]), value.layout)}"
               for name, value in program.outputs.items()]  # fmt: skip
    one = f"{', '.join(inputs)} -> {', '.join(outputs)}."
    shapes = [one] if len(one) < WIDTH - 10 else [f"{', '.join(inputs)}", *(f"-> {text}" for text in outputs)]
    return [*comment_above(graph.name, _text(graph)), *shapes]


def _text(graph: Graph) -> str:
    """The file that the network is from."""
    origins = (node.origin for node in graph)
    return next((origin.at_depth(0).source.text for origin in origins if origin), "")


