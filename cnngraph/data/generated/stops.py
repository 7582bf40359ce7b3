"""The sounds B, D and G before a vowel, as fifteen frames of sixteen mel bands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.data.generated.drawn import Columns, Drawn

FRAMES, BANDS = 15, 16  # of 10 ms
LOCUS = np.array([-4.0, 0.0, 4.0])  # how many bands from its vowel the second formant of B, D, G begins
GLIDE = 4  # frames until the formants are those of the vowel
HALF = 0.5  # what the evidence of the right sound shall be: about half of the frames see it


@dataclass(frozen=True)
class Stops(Drawn):
    """A stop may come at any of nine frames, before one of many vowels (second formant in band 5 to 11). What tells
    B, D and G apart is where the second formant comes from: at B it rises, at D it stays, at G it falls. As the vowel
    may be anywhere, no band and no frame by itself tells anything.

        band 15 |                |     G          |
                |                |       G        |     the vowel V lies at a place of its own
                |     D D V V V  |         V V V  |
                |                |                |         V V V
                |     F F F F F  |     F F F F F  |       B
        band 0  |                |                |     B F F F F

    columns: speech (N, 15, 16); target (N, 3): 0.5 for the sound that is there; label (N,).
    source: Delattre, Liberman, Cooper: Acoustic loci and transitional cues for consonants, 1955.
    """

    noise: float = 0.3

    name: ClassVar[str] = "stops"
    class_names: ClassVar[tuple[str, ...]] = ("B", "D", "G")

    def draw(self, numbers: np.random.Generator, count: int) -> Columns:
        label = numbers.integers(0, len(LOCUS), count)
        vowel = numbers.uniform(5, 11, (count, 1))
        since = np.arange(FRAMES) - numbers.integers(0, 9, (count, 1))  # (N, T): frames since the stop opened
        part = np.clip(since / GLIDE, 0, 1)
        second = vowel + (1 - part) * LOCUS[label][:, None]
        first = np.ones_like(part)
        voiced = (since >= 0) * numbers.uniform(0.7, 1.3, (count, 1))
        bands = np.arange(BANDS)
        sound = sum(np.exp(-np.square(bands - track[..., None]) / 1.5) for track in (first, second))
        heard = 2 * voiced[..., None] * sound + numbers.normal(0, self.noise, (count, FRAMES, BANDS))
        target = np.eye(len(LOCUS), dtype=np.float32)[label] * HALF
        return {"speech": heard.astype(np.float32), "target": target, "label": label}
