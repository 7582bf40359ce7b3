"""Whether the arrays of a file are those that a network needs: all that does not fit, at once, with what would help."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cnngraph.diagnostics import MAX_PRINTED, Diagnostic
from cnngraph.ir.types import TensorType
from cnngraph.spelling import nearest

DTYPES = {"float32": "F32", "float64": "F64", "int64": "I64"}
BYTES = {"F32": 4, "F64": 8, "I64": 8}


@dataclass(frozen=True)
class Stored:
    """An array of a file: where it lies, under which name, and what it is."""

    path: Path
    name: str
    shape: tuple[int, ...]
    dtype: str


def misfits(
    path: Path, expected: Mapping[str, TensorType], found: Mapping[str, Stored], strict: bool = False
) -> Iterator[Diagnostic]:
    """One E0703 for each array that is missing or another; with `strict` also for each that nobody expects."""
    unused = [name for name in found if name not in expected]
    for i, name in enumerate(name for name in expected if name not in found):
        yield _missing(path, name, expected[name], list(found) if i < MAX_PRINTED else [])
    for name in (name for name in expected if name in found):
        yield from _wrong(path, name, expected[name], found[name])
    if strict:
        for name in unused:
            yield Diagnostic("E0703", f"{path}: the network has no {name} {shape_text(found[name].shape)}")


def unknown_numbers(path: Path, found: Mapping[str, Stored]) -> Iterator[Diagnostic]:
    """One E0703 for each array of numbers that no network of ours has."""
    for name, array in found.items():
        if array.dtype not in BYTES:
            known = ", ".join(BYTES)
            yield Diagnostic("E0703", f"{path}: {name} holds {array.dtype} numbers; those of cnngraph are {known}")


def _missing(path: Path, name: str, type_: TensorType, names: list[str]) -> Diagnostic:
    message = f"{path}: the weights lack {name} {shape_text(type_.concrete)}"
    if longer := next((other for other in names if other.endswith(f".{name}")), None):
        return Diagnostic("E0703", message, helps=(f"`--map '{longer.removesuffix(name)}*=*'`: the file has {longer}",))
    near = nearest(name, names)
    return Diagnostic("E0703", message, helps=(f"the file has {near}",) if near else ())


def _wrong(path: Path, name: str, type_: TensorType, stored: Stored) -> Iterator[Diagnostic]:
    shape, needed = stored.shape, type_.concrete
    called = name if stored.name == name else f"{name} ({stored.name} in the file)"
    if shape != needed:
        message = f"{path}: {called} is {shape_text(shape)}, the network needs {shape_text(needed)}"
        order = turned(shape, needed)
        hint = f"the same sizes in another order: `array.transpose{shape_text(order)}` makes it fit" if order else ""
        yield Diagnostic("E0703", message, helps=(hint,) if hint else ())
    if stored.dtype != (dtype := DTYPES[type_.dtype]):
        yield Diagnostic("E0703", f"{path}: {called} holds {stored.dtype} numbers, the network needs {dtype}")


def turned(shape: tuple[int, ...], needed: tuple[int, ...]) -> tuple[int, ...] | None:
    """An order of axes that makes `needed` of `shape`, if there is one; that of PyTorch's weights where it does.

    >>> turned((16, 6, 5, 5), (5, 5, 6, 16)), turned((84, 120), (120, 84)), turned((3, 4), (3, 5))
    ((2, 3, 1, 0), (1, 0), None)
    """
    if sorted(shape) != sorted(needed):
        return None
    foreign = (*range(2, len(shape)), 1, 0) if len(shape) > 1 else (0,)
    if tuple(shape[axis] for axis in foreign) == needed:
        return foreign
    left = list(range(len(shape)))
    order = []
    for size in needed:
        order.append(next(axis for axis in left if shape[axis] == size))
        left.remove(order[-1])
    return tuple(order)


def shape_text(shape: tuple[int, ...]) -> str:
    return f"({', '.join(map(str, shape))})"
