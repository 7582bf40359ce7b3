"""Which name stands where in a file, and which names can be used there."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from cnngraph.editor.bindings import ArgumentName, Binding, Open, Region
from cnngraph.editor.resolution import Resolution
from cnngraph.syntax import ast


class Names:
    """The names of a module."""

    def __init__(self, module: ast.Module) -> None:
        found = Resolution(module)
        self.file = found.file
        self.regions: Sequence[Region] = found.regions
        self.bindings: Sequence[Binding] = found.bindings
        self.arguments: Sequence[ArgumentName] = found.arguments
        self.open: Sequence[Open] = found.open

    def at(self, offset: int) -> Binding | None:
        """The binding whose name stands at `offset`, or ends there."""
        return next((binding for start, end, binding in self._places if start <= offset <= end), None)

    @cached_property
    def _places(self) -> list[tuple[int, int, Binding]]:
        return [(span.start, span.end, binding) for binding in self.bindings for span in binding.places]

    def argument_at(self, offset: int) -> ArgumentName | None:
        return next((a for a in self.arguments if a.span.start <= offset <= a.span.end), None)

    def region_at(self, offset: int) -> Region:
        around = [r for r in reversed(self.regions) if r.span.start <= offset <= r.span.end]  # of equals the inner one
        return min(around, key=lambda r: r.span.end - r.span.start, default=self.file)

    def visible(self, offset: int) -> dict[str, Binding]:
        """The names that can be used at `offset`: those of the file, and those of its body that stand before it."""
        seen: dict[str, Binding] = {}
        for region in self.region_at(offset).outwards():
            for name, binding in region.names.items():
                if region is self.file or binding.span.end < offset:
                    seen.setdefault(name, binding)
        return seen
