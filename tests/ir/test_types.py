from __future__ import annotations

import pytest

from cnngraph.ir.size import SizeError, symbol
from cnngraph.ir.types import BATCH, TensorType, positions_text

H = symbol("H", multiple_of=2)
W = symbol("W", multiple_of=2)


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        (TensorType.of(3, (224, 224)), "3@224x224"),
        (TensorType.of(4096), "4096"),
        (TensorType.of(512, (symbol("T"),)), "512@T"),
        (TensorType.of(64, (H // 2, W // 2)), "64@HxW/2"),
        (TensorType.ids(30000, (symbol("T"),)), "ids(30000)@T"),
        (TensorType.ids(10), "ids(10)"),
        (TensorType((5, 5, 1, 6)), "(5, 5, 1, 6)"),
        (TensorType(()), "scalar"),
    ],
)
def test_a_type_prints_in_the_notation_of_the_language(type_: TensorType, text: str) -> None:
    assert str(type_) == text


def test_mixed_positions_are_written_one_by_one() -> None:
    assert positions_text((H // 2, 2 * W)) == "(H/2, 2*W)"


def test_only_batched_values_have_the_batch_first() -> None:
    assert TensorType.of(3, (5, 7)).shape == (BATCH, 5, 7, 3)
    assert TensorType.of(3).batched
    assert not TensorType((3, 4)).batched
    assert not TensorType(()).batched


def test_ids_have_no_channel_axis() -> None:
    ids = TensorType.ids(100, (20,))
    assert ids.shape == (BATCH, 20)
    assert ids.positions == (20,)
    assert ids.dtype == "int64"


def test_known_changes_channels_or_positions_only() -> None:
    x = TensorType.of(3, (5, 7), "float64")
    assert x.known(channels=4) == TensorType.of(4, (5, 7), "float64")
    assert x.known(positions=(2,)) == TensorType.of(3, (2,), "float64")


def test_elements_and_bytes_count_all_axes() -> None:
    x = TensorType.of(3, (H, 7), "float64")
    assert x.elements == BATCH * H * 21
    assert x.bind(batch=2, H=4).bytes == 2 * 4 * 7 * 3 * 8
    assert TensorType(()).elements == 1


def test_bind_leaves_other_symbols() -> None:
    x = TensorType.of(1, (H // 2, W))
    assert x.symbols == ("batch", "H", "W")
    assert x.bind(batch=8, H=6).shape == (8, 3, W, 1)
    assert x.bind(batch=8, H=6, W=2).concrete == (8, 3, 2, 1)
    with pytest.raises(SizeError, match="not a number yet"):
        _ = x.concrete
