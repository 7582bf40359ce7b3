"""Spoken words as log-mel spectrograms: formants that glide from sound to sound, hiss, noise, many speakers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.data.generated.drawn import Columns, Drawn
from cnngraph.ir.op import Array

FRAMES, BANDS = 32, 40  # of 20 ms; from 100 Hz to 8 kHz
SOUNDS = {  # the first three formants in Hz, how loud they are, how loud the hiss above 4 kHz is
    "y": (280, 2250, 2900, 0.9, 0.0),
    "e": (550, 1800, 2500, 1.0, 0.0),
    "s": (300, 1700, 2600, 0.0, 1.0),
    "n": (260, 1350, 2300, 0.6, 0.0),
    "o": (500, 900, 2400, 1.0, 0.0),
}
WORDS = {"yes": "yes", "say": "sey", "no": "noo", "own": "oon"}


@dataclass(frozen=True)
class Keywords(Drawn):
    """The words yes, say, no and own: yes is say from behind, own is no from behind, so the same sounds in another
    order. Each is said by another speaker (formants times 0.85 to 1.2), faster or slower (9 to 16 frames of 32),
    sooner or later, more or less loud, in noise, between two whistles and two hisses that mean nothing.

        band 40 |          sss      |  sss            |            hiss
                |  yyy              |         yyyy    |            F2 of y and e
                |  yyyeeee          |     eeeeyyyy    |
        band 0  |  yyyeeee  yes     |  say eeeyyyy    |            F1

    columns: spectrogram (N, 32, 40, 1) about 0, deviation 1; label (N,).
    source: formants of the sounds after Peterson, Barney: Control methods used in a study of the vowels, 1952.
    """

    noise: float = 0.7

    name: ClassVar[str] = "keywords"
    class_names: ClassVar[tuple[str, ...]] = tuple(WORDS)

    def draw(self, numbers: np.random.Generator, count: int) -> Columns:
        label = numbers.integers(0, len(WORDS), count)
        frames = numbers.uniform(9, 16, count)
        start = numbers.uniform(0, FRAMES - frames)
        when = (np.arange(FRAMES) - start[:, None]) / frames[:, None] * 3 - 0.5  # 0, 1, 2: the middle of each sound
        table = np.array([[SOUNDS[sound] for sound in word] for word in WORDS.values()])  # (word, 3, 5)
        tracks = _between(table[label], np.clip(when, 0, 2))  # (N, T, 5)
        speaker = numbers.uniform(0.85, 1.2, (count, 1, 1))
        loud = numbers.uniform(0.7, 1.3, (count, 1, 1)) * ((when > -0.5) & (when < 2.5))[..., None]
        bands = np.linspace(_mel(100.0), _mel(8000.0), BANDS)
        sound = np.zeros((count, FRAMES, BANDS))
        for formant, part in enumerate((1.0, 0.8, 0.5)):
            place = _mel(tracks[..., formant, None] * speaker)
            sound += part * tracks[..., 3, None] * np.exp(-np.square((bands - place) / 110))
        sound += tracks[..., 4, None] / (1 + np.exp((_mel(4000.0) * speaker - bands) / 60))
        heard = 3 * sound * loud + self.disturbance(numbers, count) + numbers.normal(0, self.noise, sound.shape)
        return {"spectrogram": ((heard - 0.4) / 1.2).astype(np.float32)[..., None], "label": label}

    def disturbance(self, numbers: np.random.Generator, count: int) -> Array:
        """Two whistles and two hisses at any time, each of three frames, (N, T, bands)."""
        time, band = np.arange(FRAMES)[:, None], np.arange(BANDS)
        heard = np.zeros((count, FRAMES, BANDS))
        for low, high, width in ((2, 38, 1.5), (2, 38, 1.5), (32, 38, 5), (32, 38, 5)):
            place = numbers.uniform(low, high, (count, 1, 1))
            begin = numbers.uniform(0, FRAMES - 3, (count, 1, 1))
            lasting = (time >= begin) & (time < begin + 3)
            heard += 2.5 * lasting * np.exp(-np.square((band - place) / width))
        return heard


def _between(middles: Array, when: Array) -> Array:
    """(N, 3, F) at the times 0, 1, 2 -> (N, T, F) at the times `when` (N, T), in straight lines."""
    first = np.minimum(when.astype(np.intp), 1)
    rows = np.arange(len(middles))[:, None]
    part = (when - first)[..., None]
    mixed: Array = (1 - part) * middles[rows, first] + part * middles[rows, first + 1]
    return mixed


def _mel(hertz: Array | float) -> Array:
    """Pitch as ears measure it: 1000 for 1000 Hz."""
    return 2595 * np.log10(1 + np.asarray(hertz) / 700)
