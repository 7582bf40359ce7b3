"""One block of a picture in full, with its neighbours, and dots for the rest.

    a -> b -> [c -> d] -> e -> f          the focus is the block of c and d
      ... b -> [c -> d] -> e ...
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from cnngraph.ir.graph import Graph
from cnngraph.render.backward import twin
from cnngraph.render.outline import level, lies_in
from cnngraph.render.parts import Arrow, Box, Cluster, Part
from cnngraph.render.picture import Picture, picture


def focused(graph: Graph, path: str, kind_of: Mapping[str, str] | None = None) -> Picture:
    """The picture of one block and what it is joined to, in which other blocks are small. Errors: E0101."""
    whole = picture(graph, level(path) - 1, [path], kind_of)
    inside = {box.name for box in whole.root.boxes if any(lies_in(node.name, path) for node in box.nodes)}
    joined = [a for a in whole.arrows if a.kind in ("flow", "skip") and {a.source, a.target} & inside]
    kept = inside | {name for arrow in joined for name in (arrow.source, arrow.target)}
    kept |= {twin(name) for name in kept}
    return replace(
        whole,
        root=_pruned(whole.root, kept),
        arrows=tuple(arrow for arrow in whole.arrows if {arrow.source, arrow.target} <= kept),
        outputs={name: end for name, end in whole.outputs.items() if end[0] in kept},
        comes=_ends([(a.target, a.source) for a in _ways(whole)], kept),
        goes=_ends([(a.source, a.target) for a in _ways(whole)], kept),
    )


def _ways(whole: Picture) -> list[Arrow]:
    return [arrow for arrow in whole.arrows if arrow.kind in ("flow", "skip")]


def _ends(pairs: list[tuple[str, str]], kept: Collection[str]) -> tuple[str, ...]:
    """The kept boxes that are joined to one that is not."""
    return tuple(dict.fromkeys(near for near, far in pairs if near in kept and far not in kept))


def _pruned(cluster: Cluster, kept: Collection[str]) -> Cluster:
    parts: list[Part] = []
    for part in cluster.parts:
        if isinstance(part, Box):
            parts += [part] * (part.name in kept)
        elif any(box.name in kept for box in part.boxes):
            parts.append(_pruned(part, kept))
    return replace(cluster, parts=tuple(parts))
