"""A scene as an SVG file, as short as can be: words stay words, hints are tooltips, and the usual look is said once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

from cnngraph.render.volumes.scene import FONT_SIZE, Mark, Scene, Shape, Text


def svg(scene: Scene) -> str:
    """The text of the file; equal scenes give equal text."""
    size = f"{_px(scene.width)} {_px(scene.height)}"
    usual = _Usual.of(scene)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" width="{_px(scene.width)}" '
        f'height="{_px(scene.height)}" role="img" font-family="Helvetica, Arial, sans-serif" '
        f'font-size="{_px(FONT_SIZE)}" text-anchor="middle" stroke-linejoin="round">'
    )
    told = f"<desc>{escape(scene.told)}</desc>\n" if scene.told else ""
    ground = f'<rect width="100%" height="100%" fill="{scene.ground}"/>'
    shapes = f'<g fill="none" stroke="{usual.line}" stroke-width="{_px(usual.width)}">'
    body = "\n".join(usual.marks(list(same)) for _, same in groupby(scene.marks, _key))
    return f"{head}\n<title>{escape(scene.title)}</title>\n{told}{ground}\n{shapes}\n{body}\n</g>\n</svg>\n"


def _key(mark: Mark) -> str:
    return "" if isinstance(mark, Text) else mark.hint


@dataclass(frozen=True)
class _Usual:
    """The line that most shapes have."""

    line: str
    width: float

    @staticmethod
    def of(scene: Scene) -> _Usual:
        lines = Counter((shape.line, shape.width) for shape in scene.shapes) or {("#000000", 1.0): 1}
        return _Usual(*max(lines, key=lambda look: lines[look]))

    def marks(self, marks: Sequence[Mark]) -> str:
        """Marks of one hint, in a group with that tooltip."""
        body = "\n".join(self._text(mark) if isinstance(mark, Text) else self._shape(mark) for mark in marks)
        hint = _key(marks[0])
        return f"<g><title>{escape(hint)}</title>\n{body}\n</g>" if hint else body

    def _text(self, text: Text) -> str:
        size = f' font-size="{_px(text.size)}"' if text.size != FONT_SIZE else ""
        bold = ' font-weight="bold"' if text.bold else ""
        look = f'fill="{text.colour}" stroke="none"{size}{bold}'
        return f'<text x="{_px(text.x)}" y="{_px(text.y)}" {look}>{escape(text.words)}</text>'

    def _shape(self, shape: Shape) -> str:
        fill = f' fill="{shape.fill}"' if shape.fill else ""
        line = f' stroke="{shape.line or "none"}"' if shape.line != self.line else ""
        width = f' stroke-width="{_px(shape.width)}"' if shape.width != self.width and shape.line else ""
        dash = ' stroke-dasharray="3 2"' if shape.dashed else ""
        return f'<path d="{_way(shape)}"{fill}{line}{width}{dash}/>'


def _way(shape: Shape) -> str:
    """The commands of a path, each point from the one before it."""
    points = [(round(x, 1), round(y, 1)) for x, y in shape.points]
    count = 3 if shape.curved else 1
    from_points = [points[i // count * count] for i in range(len(points) - 1)]
    steps = [f"{_px(b[0] - a[0])} {_px(b[1] - a[1])}" for a, b in zip(from_points, points[1:], strict=True)]
    end = "z" if points[0] == points[-1] else ""
    drawn = steps[:-1] if end and not shape.curved else steps  # the last line of an area is drawn by closing it
    return f"M{_px(points[0][0])} {_px(points[0][1])}{'c' if shape.curved else 'l'}{' '.join(drawn)}{end}"


def _px(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0").replace("-0.0", "0")
