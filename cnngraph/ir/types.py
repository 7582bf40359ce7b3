"""The type of a value: its shape, channels last, and the kind of its numbers.

A value that belongs to a batch has the symbol `batch` as its first size: (batch, positions..., channels). A weight has
none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

from cnngraph.ir.size import Dim, bind, number, symbol, symbols

BATCH = symbol("batch")
ITEM_BYTES = {"float32": 4, "float64": 8, "int64": 8}


@dataclass(frozen=True)
class TensorType:
    """Shape and kind of a value. `vocabulary` is set for ids: whole numbers from 0 to below it, without a channel axis.

    >>> print(TensorType.of(96, (55, 55)))
    96@55x55
    >>> TensorType.of(96, (55, 55)).bind(batch=8).bytes
    9292800
    """

    shape: tuple[Dim, ...]
    dtype: str = "float32"
    vocabulary: int | None = None

    @staticmethod
    def of(channels: Dim, positions: Sequence[Dim] = (), dtype: str = "float32") -> TensorType:
        """A batched value of `channels` features at each of `positions`."""
        return TensorType((BATCH, *positions, channels), dtype)

    @staticmethod
    def ids(vocabulary: int, positions: Sequence[Dim] = ()) -> TensorType:
        """Batched whole numbers below `vocabulary`, one at each of `positions`."""
        return TensorType((BATCH, *positions), "int64", vocabulary)

    @property
    def batched(self) -> bool:
        return bool(self.shape) and self.shape[0] == BATCH

    @property
    def channels(self) -> Dim:
        """Number of features: the last axis."""
        assert self.vocabulary is None, "ids have no channels"
        return self.shape[-1]

    @property
    def positions(self) -> tuple[Dim, ...]:
        """The axes between the batch and the channels: () for a vector, (H, W) for an image."""
        return self.shape[1:] if self.vocabulary is not None else self.shape[1:-1]

    @property
    def elements(self) -> Dim:
        return prod(self.shape, start=1)

    @property
    def bytes(self) -> Dim:
        return self.elements * ITEM_BYTES[self.dtype]

    def known(self, channels: Dim | None = None, positions: Sequence[Dim] | None = None) -> TensorType:
        """The same batch and dtype with other channels or positions."""
        middle = self.positions if positions is None else tuple(positions)
        last = self.channels if channels is None else channels
        return replace(self, shape=(self.shape[0], *middle, last))

    def bind(self, **sizes: int) -> TensorType:
        """The type with numbers for symbols, e.g. `bind(batch=8, H=224)`."""
        return replace(self, shape=tuple(bind(size, sizes) for size in self.shape))

    @property
    def concrete(self) -> tuple[int, ...]:
        """The shape as numbers; raises `SizeError` where a symbol is left."""
        return tuple(number(size) for size in self.shape)

    @property
    def symbols(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(s.name for size in self.shape for s in symbols(size)))

    def __str__(self) -> str:
        if not self.batched:
            return f"({', '.join(map(str, self.shape))})" if self.shape else "scalar"
        head = f"ids({self.vocabulary})" if self.vocabulary is not None else str(self.channels)
        return f"{head}@{positions_text(self.positions)}" if self.positions else head


def positions_text(positions: Sequence[Dim]) -> str:
    """Positions in the notation of the language: `28x28`, `HxW/2`, `(H/4, 2*W)`.

    >>> positions_text((symbol("H", 2) // 2, symbol("W", 2) // 2))
    'HxW/2'
    >>> positions_text((symbol("H", 2) // 2 - 2, symbol("W", 2) // 2 - 2))
    '(H/2-2, W/2-2)'
    """
    texts = [str(size) for size in positions]
    if all(_plain(text) for text in texts):
        return "x".join(texts)
    below = {text.rpartition("/")[2] for text in texts}
    above = [text.rpartition("/")[0] for text in texts]
    if len(below) == 1 and all(text.isdigit() for text in below) and all(_plain(text) for text in above):
        return f"{'x'.join(above)}/{below.pop()}"
    return texts[0] if len(texts) == 1 else f"({', '.join(texts)})"


def _plain(text: str) -> bool:
    return text.isalnum()

