"""Windows: sizes, paddings, what does not fit, and why."""

from __future__ import annotations

import pytest

from cnngraph.ir.op import OpError
from cnngraph.ir.size import Dim, symbol
from cnngraph.ir.types import TensorType
from cnngraph.ir.window import Geometry, Padding, Window, geometry, lay, pooling, require_grid

H, W = symbol("H", 2), symbol("W", 2)


def laid(positions: tuple[Dim, ...], window: Window, pad: Padding = 0, **more: object) -> Geometry:
    return geometry("conv", TensorType.of(3, positions), window, pad, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("positions", "window", "pad", "expected"),
    [
        ((227, 227), Window((11, 11), (4, 4)), 0, (55, 55)),
        ((32, 32), Window((5, 5)), 2, (32, 32)),
        ((6, 6), Window((3, 3)), "same", (6, 6)),
        ((6, 6), Window((3, 3)), "valid", (4, 4)),
        ((6, 7), Window((3, 2)), "full", (8, 8)),
        ((6, 7), Window((3, 3)), (0, 1), (4, 7)),
        ((6, 7), Window((3, 2)), ((1, 0), (0, 2)), (5, 8)),
        ((9, 12), Window((3,), (2,)), "same", (5, 6)),
        ((9,), Window((4,)), 0, (6,)),
        ((5, 6, 7), Window((1, 2, 3)), 0, (5, 5, 5)),
        ((H, W), Window((3, 3), (2, 2)), "same", (H // 2, W // 2)),
        ((H, 5), Window((2, 2)), 0, (H - 1, 4)),
    ],
)
def test_sizes(positions: tuple[Dim, ...], window: Window, pad: Padding, expected: tuple[Dim, ...]) -> None:
    assert laid(positions, window, pad).sizes(positions) == expected


def test_dilation_makes_holes() -> None:
    g = laid((9, 9), Window((3, 3)), "same", dilation=(1, 2))
    assert g.extent == (3, 5)
    assert g.pad == ((1, 1), (2, 2))
    assert g.sizes((9, 9)) == (9, 9)


@pytest.mark.parametrize(
    ("n", "window", "pad", "floor", "ceil"),
    [
        (6, Window((3,), (2,)), 0, 2, 3),
        (7, Window((3,), (2,)), 0, 3, 3),
        (4, Window((1,), (2,)), 0, 2, 2),  # a third window would begin beyond the input
        (5, Window((2,), (2,)), 1, 3, 3),  # a fourth would begin in the padding
        (112, Window((3,), (2,)), 0, 55, 56),
    ],
)
def test_ceil_rounds_up_but_begins_no_window_outside(n: int, window: Window, pad: int, floor: int, ceil: int) -> None:
    x = TensorType.of(3, (n,))
    assert pooling("maxpool", x, window, pad, None, ceil=False).sizes((n,)) == (floor,)
    rounded = pooling("maxpool", x, window, pad, None, ceil=True)
    assert rounded.sizes((n,)) == (ceil,)
    assert rounded.covering((n,)).sizes((n,)) == (ceil,)


def test_ceil_of_a_symbol() -> None:
    x = TensorType.of(3, (H,))
    sizes = pooling("maxpool", x, Window((3,), (2,)), 0, None, ceil=True).sizes((H,))
    assert sizes == (H // 2,)
    with pytest.raises(OpError, match="cannot tell how many windows fit into H") as caught:
        pooling("maxpool", x, Window((2,)), 1, None, ceil=True)
    assert caught.value.code == "E0204"


def test_a_pool_steps_by_its_own_size() -> None:
    x = TensorType.of(3, (6, 6))
    assert pooling("maxpool", x, Window((2, 3)), 0, None, ceil=False).stride == (2, 3)
    assert pooling("maxpool", x, Window((3, 3), (2, 2)), 0, None, ceil=False).stride == (2, 2)
    assert pooling("maxpool", x, Window((3, 3)), 0, 1, ceil=False).stride == (1, 1)


@pytest.mark.parametrize(
    ("window", "more", "code", "message"),
    [
        (Window((3, 3), (2, 2)), {"stride": 2}, "E0106", "conv has two strides: 3x3/2 and stride = 2"),
        (Window((0,)), {}, "E0108", "the window of conv must be 1 or more, not 0"),
        (Window((3,)), {"stride": 0}, "E0108", "the stride of conv must be 1 or more, not 0"),
        (Window((3,)), {"dilation": 0}, "E0108", "the dilation of conv must be 1 or more, not 0"),
        (Window((3, 2)), {"pad": "same"}, "E0108", "`same` needs an odd window, and conv covers 2 positions"),
        (Window((3,)), {"pad": "some"}, "E0108", "conv knows no padding `some`"),
        (Window((3,)), {"pad": -1}, "E0108", "the pad of conv must not be negative"),
        (Window((3,)), {"pad": ((0, -1), 2)}, "E0108", "the pad of conv must not be negative"),
        (Window((3, 3, 3)), {}, "E0204", "the window of conv has 3 sizes, but its input has 2 position axes"),
        (Window((7, 5)), {"pad": (0, 3)}, "E0203", "the 7x5 window of conv does not fit into 4x6"),
    ],
)
def test_what_is_refused(window: Window, more: dict[str, object], code: str, message: str) -> None:
    with pytest.raises(OpError) as caught:
        geometry("conv", TensorType.of(3, (4, 6)), window, **more)  # type: ignore[arg-type]
    assert (caught.value.code, caught.value.message) == (code, message)


def test_help_for_a_window_that_is_too_large() -> None:
    with pytest.raises(OpError) as caught:
        laid((4, 6), Window((7, 5)))
    assert caught.value.helps == ("`pad = 2` makes room; a smaller window fits as it is",)
    assert caught.value.operand == 0


def test_a_pool_window_must_reach_out_of_the_padding() -> None:
    with pytest.raises(OpError, match="the pad of maxpool must be below the 2 of its window, not 2"):
        pooling("maxpool", TensorType.of(3, (6, 6)), Window((3, 2)), 2, None, ceil=False)


@pytest.mark.parametrize(
    ("type_", "received"),
    [
        (TensorType.of(10), "the vector 10"),
        (TensorType.ids(50, (7,)), "ids(50)@7"),
        (TensorType(()), "scalar"),
    ],
)
def test_a_grid_is_required(type_: TensorType, received: str) -> None:
    with pytest.raises(OpError) as caught:
        require_grid("maxpool", type_)
    assert caught.value.code == "E0202"
    assert caught.value.message == f"maxpool needs a grid such as 3@224x224, but receives {received}"


@pytest.mark.parametrize(
    ("window", "pad", "reason"),
    [
        (Window((3, 3), (2, 2)), 1, "stride 2 of this conv"),
        (Window((3, 3), (2, 1)), 1, "stride 2x1 of this conv"),
        (Window((5, 5)), 0, "a 5x5 window with pad 0 takes off 4"),
        (Window((3, 3)), 2, "a 3x3 window with pad 2 adds 2"),
        (Window((3, 2)), ((1, 0), (0, 0)), "a 3x2 window with pad (1, 0), 0 takes off 1"),
    ],
)
def test_reasons(window: Window, pad: Padding, reason: str) -> None:
    assert lay("conv", 2, window, pad).reason("conv") == reason


def test_windows_print_as_they_are_written() -> None:
    windows = (Window((3,)), Window((7, 7), (2, 2)), Window((3, 5), (2, 1)))
    assert [str(w) for w in windows] == ["3", "7x7/2", "3x5/(2, 1)"]
