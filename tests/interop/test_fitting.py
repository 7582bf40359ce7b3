"""Arrays of a file beside those that a network needs."""

from __future__ import annotations

from pathlib import Path

from cnngraph.interop.fitting import Stored, misfits
from cnngraph.ir.types import TensorType

PATH = Path("w.safetensors")


def stored(**shapes: tuple[int, ...]) -> dict[str, Stored]:
    return {name: Stored(PATH, name, shape, "F32") for name, shape in shapes.items()}


def test_what_fits_is_silent():
    assert list(misfits(PATH, {"a": TensorType((2,))}, stored(a=(2,), b=(3,)))) == []


def test_everything_that_does_not_fit_is_told_with_what_would_help():
    expected = {
        "c1.weight": TensorType((5, 5, 6, 16)),
        "c2.weight": TensorType((3, 4)),
        "f.bias": TensorType((7,)),
        "step": TensorType((), "float64"),
    }
    found = stored(**{"c1.weight": (16, 6, 5, 5), "c2.weight": (3, 5), "module.f.bias": (7,), "step": ()})
    told = list(misfits(PATH, expected, found, strict=True))
    assert {d.code for d in told} == {"E0703"}
    assert [(d.message.removeprefix(f"{PATH}: "), d.helps) for d in told] == [
        ("the weights lack f.bias (7)", ("`--map 'module.*=*'`: the file has module.f.bias",)),
        (
            "c1.weight is (16, 6, 5, 5), the network needs (5, 5, 6, 16)",
            ("the same sizes in another order: `array.transpose(2, 3, 1, 0)` makes it fit",),
        ),
        ("c2.weight is (3, 5), the network needs (3, 4)", ()),
        ("step holds F32 numbers, the network needs F64", ()),
        ("the network has no module.f.bias (7)", ()),
    ]


def test_a_renamed_array_is_told_by_both_names():
    found = {"a": Stored(PATH, "old", (3,), "F32")}
    (told,) = misfits(PATH, {"a": TensorType((2,))}, found)
    assert "a (old in the file) is (3), the network needs (2)" in told.message


def test_a_thousand_that_lack_take_no_time():
    expected = {f"block.{i}.weight": TensorType((2,)) for i in range(3000)}
    found = stored(**{f"other.{i}.weighted": (2,) for i in range(3000)})
    assert len(list(misfits(PATH, expected, found))) == 3000
