"""Fills are told apart by everybody, and words on them are read, on light ground and on dark."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from cnngraph.diagnostics import CnnGraphError
from cnngraph.render.colour import TO_CONES, TO_LAB, Triple, grey, linear, oklab, tint, turned
from cnngraph.render.style import DARK_VERMILION, FAMILIES, RED, STYLES, WHITE, device_colours, family_fills, styled

SEEN = {
    "all cones": "1 0 0  0 1 0  0 0 1",
    "no red cones": "0.152286 1.052583 -0.204868  0.114503 0.786281 0.099216  -0.003882 -0.048116 1.051998",
    "no green cones": "0.367322 0.860646 -0.227968  0.280085 0.672501 0.047413  -0.011820 0.042940 0.968881",
    "no blue cones": "1.255528 -0.076749 -0.178779  -0.078411 0.930809 0.147602  0.004733 0.691367 0.303900",
}
"""What is left of linear red, green and blue, in rows. Machado, Oliveira, Fernandes: A physiologically-based model for
simulation of color vision deficiency, IEEE TVCG 15(6), 2009: the matrices of severity 1.0."""
APART = 0.035  # in Oklab; about 0.02 is just seen


def seen(colour: str, eyes: str) -> Triple:
    """A colour as these eyes see it, in Oklab."""
    left = np.array(SEEN[eyes].split(), float).reshape(3, 3)
    light = np.clip(left @ linear(colour), 0, 1)
    found: Triple = TO_LAB @ np.cbrt(TO_CONES @ light)
    return found


def distance(a: str, b: str, eyes: str) -> float:
    return float(np.linalg.norm(seen(a, eyes) - seen(b, eyes)))


def contrast(a: str, b: str) -> float:
    """WCAG 2.2, contrast ratio."""
    darker, lighter = sorted(float(linear(colour) @ [0.2126, 0.7152, 0.0722]) for colour in (a, b))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("eyes", SEEN)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_families_are_told_apart_whatever_cones_one_has(dark: bool, eyes: str) -> None:
    fills = {name: fill for name, fill in family_fills(dark).items() if name != "merge"}  # told by its round shape
    near = {(a, b): distance(fills[a], fills[b], eyes) for a, b in combinations(fills, 2)}
    assert min(near.values()) > APART, min(near.items(), key=lambda item: item[1])


def test_the_simulation_would_find_colours_that_are_confused() -> None:
    assert distance("#C00000", "#507000", "no red cones") < distance("#C00000", "#507000", "all cones") / 2


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", STYLES)
def test_words_are_read_on_every_fill(name: str, dark: bool) -> None:
    style = styled(name, dark)
    fills = [*FAMILIES.values(), *device_colours(str(i) for i in range(8)).values()]
    assert all(contrast(style.ink, style.fill(fill)) >= 4.5 for fill in fills)
    assert all(contrast(style.line_colour(words), style.ground) >= 4.5 for words in (RED, DARK_VERMILION))


def test_without_colours_there_are_only_greys() -> None:
    style = styled("plain")
    assert style.ink == "#000000"
    for colour in (style.fill(tint(RED, 0.4)), style.line_colour(RED)):
        assert len({colour[1:3], colour[3:5], colour[5:]}) == 1


def test_dark_turns_lightness_around_and_keeps_the_hue() -> None:
    colour = tint("#0072B2", 0.4)
    before, after = oklab(colour), oklab(turned(colour))
    assert before[0] > 0.7 > 0.45 > after[0]
    assert abs(np.arctan2(before[2], before[1]) - np.arctan2(after[2], after[1])) < 0.1
    assert styled(dark=True).ground == turned(WHITE)


def test_a_grey_is_as_light_as_its_colour() -> None:
    assert abs(oklab(grey("#D55E00"))[0] - oklab("#D55E00")[0]) < 0.005


def test_there_is_no_style_of_another_name() -> None:
    with pytest.raises(CnnGraphError, match=r"E0108.*no style `poster`"):
        styled("poster")
