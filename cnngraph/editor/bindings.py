"""Names and where they can be seen: a binding for each definition, a region for each body."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from cnngraph.diagnostics import Span
from cnngraph.syntax import ast


@dataclass(eq=False)
class Binding:
    """A name that the file defines. `item` is the statement, parameter or item that does; `uses` lack that place."""

    name: str
    kind: str  # net, block, import, let, shared, label, parameter, size, loop or result
    span: Span
    item: ast.Located
    region: Region
    uses: list[Span] = field(default_factory=list)

    @property
    def places(self) -> list[Span]:
        """Every place where the name stands, in order."""
        return sorted([self.span, *self.uses], key=lambda span: span.start)


@dataclass(eq=False)
class Region:
    """A stretch of the file whose names are seen in it and in the regions inside it, and nowhere else."""

    span: Span
    parent: Region | None = None
    names: dict[str, Binding] = field(default_factory=dict)

    def outwards(self) -> Iterator[Region]:
        region: Region | None = self
        while region is not None:
            yield region
            region = region.parent

    def find(self, name: str) -> Binding | None:
        return next((region.names[name] for region in self.outwards() if name in region.names), None)

    def inside(self, other: Region) -> bool:
        return other in self.outwards()


@dataclass(frozen=True)
class ArgumentName:
    """`pad` in `conv(8, 3x3, pad = 1)`; `function` is the word that is called, and its binding if the file has one."""

    span: Span
    function: str
    binding: Binding | None


@dataclass(frozen=True)
class Open:
    """A name that nothing in the file defines: a word of the language, a value fed from the data, or a mistake."""

    name: str
    span: Span
    region: Region
