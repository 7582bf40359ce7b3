"""Colours as `#RRGGBB`: mixed with white, without their hue, and turned around for dark ground.

Lightness is that of Oklab (B. Ottosson, A perceptual color space for image processing, 2020), in which equal steps look
equally large: what is told apart on light ground is told apart on dark ground.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

Triple = NDArray[np.float64]

TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
DARKEST, LIGHTEST, STEEPNESS = 0.21, 0.97, 1.06  # dark grey ink is to become as light as black ink
COLOURFULNESS = 1.4  # of hues that were pale on white


def tint(colour: str, strength: float) -> str:
    """`colour` mixed with white; a strength of 1 leaves it as it is.

    >>> tint("#009E73", 0.5)
    '#80CEB9'
    """
    channels = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(255 - (255 - c) * strength):02X}" for c in channels)


def linear(colour: str) -> Triple:
    """Red, green and blue as amounts of light from 0 to 1 (IEC 61966-2-1)."""
    shown = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(shown <= 0.04045, shown / 12.92, ((shown + 0.055) / 1.055) ** 2.4)


def shown(light: Triple) -> str:
    """The inverse of `linear`; what no screen shows is cut off."""
    light = np.clip(light, 0, 1)
    values = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return "#" + "".join(f"{round(float(v) * 255):02X}" for v in values)


def oklab(colour: str) -> Triple:
    """Lightness, and two axes of hue."""
    found: Triple = TO_LAB @ np.cbrt(TO_CONES @ linear(colour))
    return found


@cache
def turned(colour: str) -> str:
    """The colour for dark ground: the same hue, light for dark and dark for light.

    >>> turned("#FFFFFF"), turned("#000000")
    ('#181818', '#F5F5F5')
    """
    lab = oklab(colour)
    lab[0] = min(DARKEST + STEEPNESS * (1 - lab[0]), LIGHTEST)
    lab[1:] *= COLOURFULNESS
    return shown(np.linalg.solve(TO_CONES, np.linalg.solve(TO_LAB, lab) ** 3))


@cache
def grey(colour: str) -> str:
    """The grey that is as light as a colour.

    >>> grey("#FFFFFF")
    '#FFFFFF'
    """
    return shown(np.linalg.solve(TO_CONES, np.full(3, oklab(colour)[0]) ** 3))
