"""`mnist(pad)`: handwritten digits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cnngraph.data.stored.idx import Idx


@dataclass(frozen=True)
class Mnist(Idx):
    """Handwritten digits, 60,000 and 10,000 images of 28x28. source: LeCun, Cortes, Burges, 1998."""

    subfolders: ClassVar[tuple[str, ...]] = ("mnist", "MNIST/raw", "MNIST")
    class_names: ClassVar[tuple[str, ...]] = tuple("0123456789")
