"""A scene as an SVG file; words stay words, and hints are tooltips."""

from __future__ import annotations

from html import escape

from cnngraph.render.volumes.scene import FONT_SIZE, Mark, Scene, Shape, Text


def svg(scene: Scene) -> str:
    """The text of the file; equal scenes give equal text."""
    size = f"{_px(scene.width)} {_px(scene.height)}"
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" width="{_px(scene.width)}" '
        f'height="{_px(scene.height)}" role="img" font-family="Helvetica, Arial, sans-serif" '
        f'font-size="{_px(FONT_SIZE)}" text-anchor="middle" stroke-linejoin="round">'
    )
    ground = f'<rect width="100%" height="100%" fill="{scene.ground}"/>'
    body = "\n".join(map(_mark, scene.marks))
    return f"{head}\n<title>{escape(scene.title)}</title>\n{ground}\n{body}\n</svg>\n"


def _mark(mark: Mark) -> str:
    return _text(mark) if isinstance(mark, Text) else _shape(mark)


def _text(text: Text) -> str:
    size = f' font-size="{_px(text.size)}"' if text.size != FONT_SIZE else ""
    bold = ' font-weight="bold"' if text.bold else ""
    return f'<text x="{_px(text.x)}" y="{_px(text.y)}" fill="{text.colour}"{size}{bold}>{escape(text.words)}</text>'


def _shape(shape: Shape) -> str:
    points = [f"{_px(x)} {_px(y)}" for x, y in shape.points]
    closed = "Z" if shape.points[0] == shape.points[-1] else ""
    kind = "C" if shape.curved else "L"
    line = f' stroke="{shape.line}" stroke-width="{_px(shape.width)}"' if shape.line else ""
    dash = ' stroke-dasharray="3 2"' if shape.dashed else ""
    path = f'<path d="M{points[0]}{kind}{" ".join(points[1:])}{closed}" fill="{shape.fill or "none"}"{line}{dash}'
    return f"{path}><title>{escape(shape.hint)}</title></path>" if shape.hint else f"{path}/>"


def _px(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
