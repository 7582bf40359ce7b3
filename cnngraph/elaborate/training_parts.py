"""Parts of a net, as a train section names them: by a label, by the name of a shared layer, or by the path of a block.

    G                   all states of the shared layer G
    features            those of the line `features: ...`, or of the block `features`
    trunk.stage         those of the block `stage` in the line `trunk`; if it stands there several times, of all
    "trunk.stage[2]"    those of the second one
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import inf
from pathlib import Path

from cnngraph.elaborate.expressions import value_of
from cnngraph.elaborate.frame import Frame
from cnngraph.elaborate.numbers import is_number
from cnngraph.elaborate.scope import Scope
from cnngraph.elaborate.training_spec import Loading
from cnngraph.elaborate.values import Problem, SharedLayer, problem
from cnngraph.ir.graph import Graph
from cnngraph.ir.size import Size
from cnngraph.spelling import misspelled
from cnngraph.syntax import ast

INDEX = re.compile(r"\[\d+\]")


@dataclass(frozen=True)
class Part:
    """States under one name; `rests` has for each what stands behind that name in its own: `.conv.weight`, or
    `[2].conv.weight` where it is the second one of the name.
    """

    name: str
    rests: Mapping[str, str]

    @property
    def states(self) -> tuple[str, ...]:
        return tuple(self.rests)


class Parts:
    """The parts of a graph. `final` are the names in it of the nodes as they were while the net was read."""

    def __init__(self, graph: Graph, scope: Scope, final: Mapping[str, str]) -> None:
        self.graph, self.scope, self.final = graph, scope, final

    def of(self, unit: ast.Unit, key: str) -> Part:
        """The part that a unit of an entry names. Raises E0112, with the nearest name."""
        if not isinstance(unit.head, ast.Expr):
            raise problem("E0112", f"`{key}` are names of parts of the net", unit.span)
        return self.named(unit.head, key)

    def named(self, expr: ast.Expr, key: str) -> Part:
        path = _path(expr)
        if path is None:
            raise problem("E0112", f"`{key}` are names of parts of the net", expr.span, "here",
                          'write a label, the name of a shared layer, or a path such as "trunk.stage[2]"')  # fmt: skip
        rests = self._shared(path) or dict(self._below(path))
        if not rests:
            known = self._known()
            raise Problem(misspelled(
                "E0112", f"the net has no part `{path}` with weights", expr.span, known,
                f"it has {', '.join(known) or 'none'}", word=path,
            ))  # fmt: skip
        return Part(path, rests)

    def _shared(self, path: str) -> dict[str, str]:
        """The states of a shared layer, wherever it was used first."""
        found = self.scope.find(path)
        if found is None or not isinstance(found[0], SharedLayer):
            return {}
        names = {}
        for rest, ref in found[0].instance.states.items():  # `rest` is what stands behind the path of the first use
            name, path = self.final[ref.node], self.final[ref.node.removesuffix(rest).removesuffix(".")]
            names[name] = name.removeprefix(path)
        return names

    def _below(self, path: str) -> Iterator[tuple[str, str]]:
        words = path.split(".")
        for node in self.graph.states:
            own = node.name.split(".")
            if len(own) > len(words) and all(map(_is, own, words)):
                index = own[len(words) - 1].removeprefix(words[-1])
                yield node.name, ".".join([index, *own[len(words) :]])

    def _known(self) -> list[str]:
        shared = [n for scope in self.scope.chain() for n, (v, _) in scope.names.items() if isinstance(v, SharedLayer)]
        first = (INDEX.sub("", node.name.split(".")[0]) for node in self.graph.states)
        return list(dict.fromkeys([*shared, *first]))

    def slow(self, unit: ast.Unit, frame: Frame) -> dict[str, float]:
        """`times(part, 0.1)`: the factor of each of its states."""
        match unit.head:
            case ast.Call(function=ast.Name(text="times"), arguments=(ast.Argument(name=None), ast.Argument()) as both):
                part, factor = both
                number = value_of(frame, factor.value)
                if not is_number(number) or isinstance(number, Size) or not 0 <= number < inf:
                    raise problem("E0112", "the factor of `times` is a number from 0", factor.span)
                return dict.fromkeys(self.named(part.value, "slow").states, float(number))
        raise problem("E0112", "`slow` is `times(part, factor)`", unit.span, "here", "write `times(trunk, 0.1)`")

    def loading(self, unit: ast.Unit) -> Loading:
        """`load("file.safetensors", into = trunk, part = backbone)`: all of the file, or its part, into a part."""
        match unit.head:
            case ast.Call(
                function=ast.Name(text="load"), arguments=(ast.Argument(name=None, value=ast.String() as file), *others)
            ) if {argument.name for argument in others} <= {"into", "part"}:
                given = {argument.name: argument.value for argument in others}
                into = self.named(given["into"], "into").rests if "into" in given else self._whole()
                source = _path(given["part"]) if "part" in given else None
                folder = Path(unit.span.source.name).parent
                names = {state: (source + rest,) if source else (state, rest[1:]) for state, rest in into.items()}
                return Loading(folder / file.value, names, unit.span)
        raise problem(
            "E0112", '`weights` is `load("file", into = part, part = "part of the file")`', unit.span, "here",
            'write `load("resnet.safetensors", into = trunk)`',
        )  # fmt: skip

    def _whole(self) -> dict[str, str]:
        return {node.name: f".{node.name}" for node in self.graph.states}


def _path(expr: ast.Expr) -> str | None:
    match expr:
        case ast.Name(text=text):
            return text
        case ast.String(value=text):
            return text
        case ast.Attribute(value=value, name=name):
            before = _path(value)
            return f"{before}.{name}" if before else None
    return None


def _is(own: str, word: str) -> bool:
    """Whether a step of a node's name is the one that is meant; without an index all of that name are."""
    return word in (own, INDEX.sub("", own))
