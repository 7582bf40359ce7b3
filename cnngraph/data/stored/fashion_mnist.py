"""`fashion_mnist(pad)`: pieces of clothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cnngraph.data.stored.idx import Idx


@dataclass(frozen=True)
class FashionMnist(Idx):
    """Pieces of clothing, 60,000 and 10,000 images of 28x28. source: Xiao, Rasul, Vollgraf, arXiv:1708.07747."""

    subfolders: ClassVar[tuple[str, ...]] = ("fashion-mnist", "fashion_mnist", "FashionMNIST/raw", "FashionMNIST")
    class_names: ClassVar[tuple[str, ...]] = (
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    )  # fmt: skip
