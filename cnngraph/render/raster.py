"""A picture as pixels."""

from __future__ import annotations

from cnngraph.diagnostics import error
from cnngraph.render.engine import lay_out
from cnngraph.render.layout import laid_out

DOTS_PER_INCH, POINTS_PER_INCH = 96, 72
MOST_PIXELS = 150_000_000


def to_pixels(source: str, scale: float) -> bytes:
    """A PNG file of `scale` times 96 dots an inch. Errors: E0108 a scale that is none, E0603 more than fits."""
    if not 0 < scale < float("inf"):
        raise error("E0108", f"the scale of a picture is a positive number, not {scale}")
    width, height = (side * scale * DOTS_PER_INCH / POINTS_PER_INCH for side in laid_out(source).size)
    if width * height > MOST_PIXELS:
        raise error(
            "E0603",
            f"the picture would have {width:,.0f} x {height:,.0f} pixels, and {MOST_PIXELS:,} are the limit",
            "a smaller `scale` or `depth` gives fewer",
        )
    return lay_out(source, "png", {"dpi": f"{scale * DOTS_PER_INCH:g}"})
