"""A picture as a flowchart of Mermaid, which GitHub, GitLab and many editors draw in Markdown.

    flowchart TB
      n0(["image 3@224x224"]):::input
      subgraph g0 ["i3a: inception"]
        n1["conv 64, 1x1<br/>relu"]:::convolution
      end
      n0 --> n1

Grammar: https://mermaid.js.org/syntax/flowchart.html (read with release 11).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from cnngraph.render.caption import shape_text
from cnngraph.render.drawing import DOTS, Drawing
from cnngraph.render.parts import Arrow, Box, Cluster
from cnngraph.render.style import PURPLE, VERMILION, WHITE, family

ARROWS = {"flow": "-->", "skip": "-->", "gradient": "-->", "saved": "-.->"}
SIGNS = {"#": "#35;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "&": "#amp;", "`": "#96;", "*": "#42;", "\n": "<br/>"}
LINE = 1.2  # pixels


def mermaid(drawing: Drawing) -> str:
    """The text of a picture; the same for the same picture, character for character."""
    return "\n".join(_Flowchart(drawing).lines()) + "\n"


def quoted(text: str) -> str:
    """A text in quotation marks, in which no sign means anything.

    >>> quoted('6*6 "x"')
    '"6#42;6 #quot;x#quot;"'
    """
    return '"' + "".join(SIGNS.get(letter, letter) for letter in text) + '"'


@dataclass(frozen=True)
class _Flowchart:
    drawing: Drawing

    def lines(self) -> Iterator[str]:
        drawing = self.drawing
        theme = ["config:", "  theme: dark"] if drawing.style.dark else []
        yield from ("---", f"title: {json.dumps(drawing.title, ensure_ascii=False)}", *theme, "---")
        yield f"flowchart {drawing.direction}"
        yield from self._parts(drawing.picture.root, "  ")
        for place, (name, (source, ref)) in enumerate(drawing.picture.outputs.items()):
            text = f"{name} {shape_text(drawing.graph.type_of(ref))}"
            yield f"  out{place}([{quoted(text)}]):::output"
            yield f"  {self._names[source]} --> out{place}"
        arrows = [*drawing.picture.arrows]
        yield from map(self._arrow, arrows)
        yield from self._beyond()
        yield from self._looks(arrows)

    def _parts(self, cluster: Cluster, indent: str) -> Iterator[str]:
        for part in cluster.parts:
            if isinstance(part, Box):
                yield indent + self._box(part)
                continue
            yield f"{indent}subgraph {self._frames[part.path]} [{quoted(self.drawing.labels.frame(part).title)}]"
            yield from self._parts(part, f"{indent}  ")
            yield f"{indent}end"

    def _box(self, box: Box) -> str:
        labels = self.drawing.labels
        start, kind = self._names[box.name], self._kind(box)
        if kind == "input":
            shape = f"([{quoted(labels.fed(box.last))}])"
        elif kind == "merge":
            shape = f"(({quoted(labels.merge(box))}))"
        else:
            rows = [row.text for row in labels.rows(box)]
            shape = f"[{quoted(chr(10).join([*rows, *labels.note(box)]))}]"
        return f"{start}{shape}:::{self._classes[self._fill(box), kind]}"

    def _kind(self, box: Box) -> str:
        """The class of a box: its family, that of its first operator where it has several rows."""
        if box.nodes[0].name in self.drawing.picture.backward:
            return "gradient"
        if box.block:
            return "block"
        kind = family(self.drawing.graph, box.nodes[0])
        return kind if len(box.nodes) == 1 or kind not in ("input", "merge") else "block"

    def _fill(self, box: Box) -> str:
        labels = self.drawing.labels
        if box.nodes[0].name in self.drawing.picture.backward:
            return labels.gradient_fill(box)
        return labels.block_fills(box)[0] if box.block else labels.fill(box.nodes[0])

    def _arrow(self, arrow: Arrow) -> str:
        labels = self.drawing.labels
        shape = labels.shape(arrow) if arrow.kind == "flow" else None
        told = "\n".join(labels.cut(arrow) or ([shape] if shape else []))
        label = f"|{quoted(told)}|" if told else ""
        return f"  {self._names[arrow.source]} {ARROWS[arrow.kind]}{label} {self._names[arrow.target]}"

    def _beyond(self) -> Iterator[str]:
        """Dots where the way comes from, and leads to, what is left out."""
        picture = self.drawing.picture
        for side, names in (("before", picture.comes), ("behind", picture.goes)):
            for place, name in enumerate(names):
                dots = f"{side}{place}[{quoted(DOTS)}]:::beyond"
                ends = (dots, self._names[name]) if side == "before" else (self._names[name], dots)
                yield f"  {' --> '.join(ends)}"

    def _looks(self, arrows: list[Arrow]) -> Iterator[str]:
        """Classes, frames and coloured arrows."""
        style = self.drawing.style
        line = f"stroke:{style.ink},stroke-width:{LINE}px,color:{style.ink}"
        for (fill, _), name in self._classes.items():
            yield f"  classDef {name} fill:{style.fill(fill)},{line}"
        if self.drawing.picture.outputs:
            yield f"  classDef output fill:{style.fill(WHITE)},{line.replace(f'{LINE}px', f'{2 * LINE}px')}"
        if self.drawing.picture.comes or self.drawing.picture.goes:
            yield f"  classDef beyond fill:none,stroke:none,color:{style.ink}"
        for part in _frames(self.drawing.picture.root):
            look = self.drawing.labels.frame(part)
            colours = f"fill:{style.fill(look.fill)},stroke:{style.line_colour(look.line)},color:{style.ink}"
            yield f"  style {self._frames[part.path]} {colours}"
        yield from self._coloured([arrow.kind == "gradient" for arrow in arrows], PURPLE, LINE)
        yield from self._coloured([bool(self.drawing.labels.cut(arrow)) for arrow in arrows], VERMILION, 3 * LINE)

    def _coloured(self, chosen: list[bool], colour: str, width: float) -> Iterator[str]:
        """The look of some arrows, which are counted in the order in which they are written."""
        first = len(self.drawing.picture.outputs)
        places = [str(first + place) for place, is_so in enumerate(chosen) if is_so]
        if places:
            look = f"stroke:{self.drawing.style.line_colour(colour)},stroke-width:{width:g}px"
            yield f"  linkStyle {','.join(places)} {look}"

    @cached_property
    def _classes(self) -> dict[tuple[str, str], str]:
        """The name of each class, by fill and kind: that of the family where its boxes have one fill."""
        pairs = dict.fromkeys((self._fill(box), self._kind(box)) for box in self.drawing.picture.root.boxes)
        fills = Counter(kind for _, kind in pairs)
        return {(fill, kind): kind if fills[kind] == 1 else f"{kind}{i}" for i, (fill, kind) in enumerate(pairs)}

    @cached_property
    def _names(self) -> dict[str, str]:
        return {box.name: f"n{place}" for place, box in enumerate(self.drawing.picture.root.boxes)}

    @cached_property
    def _frames(self) -> dict[str, str]:
        return {part.path: f"g{place}" for place, part in enumerate(_frames(self.drawing.picture.root))}


def _frames(cluster: Cluster) -> Iterator[Cluster]:
    for part in cluster.parts:
        if isinstance(part, Cluster):
            yield part
            yield from _frames(part)
