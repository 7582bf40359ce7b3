"""One look at a file: its picture, its findings, and its figures. Never raises for what a file may hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Unpack

from cnngraph.diagnostics import CnnGraphError, Diagnostic, in_order
from cnngraph.elaborate.modules import Program, load_file
from cnngraph.elaborate.observe import Observation, observe
from cnngraph.ir import counts
from cnngraph.ir.graph import Graph
from cnngraph.ir.size import number_text
from cnngraph.judge import judge
from cnngraph.render.dot import to_svg
from cnngraph.render.options import VOLUMES, Options
from cnngraph.syntax import ast
from cnngraph.watch.broken import drawable


@dataclass(frozen=True)
class Look:
    """What a file is at this moment. `files` are those that it is made of, also where one of them is missing."""

    observation: Observation
    found: tuple[Diagnostic, ...]
    files: frozenset[Path]
    name: str

    @property
    def figures(self) -> str:
        """The net in a line; as much of it as there is."""
        graph = self.observation.graph
        if graph is None:
            return f"{self.name}: no net can be read"
        operators = len(graph.nodes) - len(graph.states) - len(graph.inputs)
        words = f"{operators:,} operator{'s' if operators != 1 else ''}"
        params, products = (number_text(count(graph)) for count in (counts.parameters, counts.multiply_adds))
        depth = _depth(drawable(self.observation, self.name)[0])
        return f"{graph.name}: {words}, {params} parameters, {products} multiply-adds, depth {depth}"

    def svg(self, **options: Unpack[Options]) -> str:
        """The picture: the whole net, or the net as far as it goes, as a graph, since volumes show nothing wrong."""
        graph, overlay = drawable(self.observation, self.name)
        if options.get("style") == VOLUMES:
            if not self.observation.found:
                return to_svg(graph, **options)
            options["style"] = "paper"
        marked: Options = {**options, "overlay": overlay}
        return to_svg(graph, **marked)


def look(path: Path, net: str | None = None, settings: Mapping[str, object] | None = None) -> Look:
    """Read a file as `check` and `compile` do, wrong or right.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "n.cnn"
    ...     _ = path.write_text("cnn 1\\nnet n(image: 1@8x8) { conv(4, 3x3); dense(10) }")
    ...     seen = look(path)
    >>> seen.figures, [finding.code for finding in seen.found]
    ('n: 1 operator, 40 parameters, 1,296 multiply-adds, depth 1', ['E0201'])
    """
    try:
        program = load_file(path)
    except CnnGraphError as error:
        return Look(Observation(None, error.diagnostics), error.diagnostics, frozenset({path}), path.stem)
    observation = observe(program, net, settings)
    found = in_order([*observation.found, *judge(program, settings).found])
    return Look(observation, tuple(found), frozenset({path, *_files(program, path)}), path.stem)


def _files(program: Program, path: Path) -> Iterator[Path]:
    """The files of a program, and those that it imports but that are not there yet."""
    yield from (file.path for file in program.files.values())
    for item in program.module.items:
        if isinstance(item, ast.Import) and not item.path.value.startswith("std/"):
            yield path.parent / item.path.value


def _depth(graph: Graph) -> int:
    """The depth of the deepest node: a net that breaks off has no outputs."""
    ends = {node.name: node.ref for node in graph if not graph.users[node.name]}
    return counts.depth(Graph(graph.name, graph.nodes, ends))
