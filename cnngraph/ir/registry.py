"""All operators: those of the folder `cnngraph/ops`, of the entry points `cnngraph.ops`, and registered ones."""

from __future__ import annotations

import importlib
import keyword
import pkgutil
import re
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType, ModuleType

from cnngraph.diagnostics import error
from cnngraph.ir.op import Op
from cnngraph.uncollected import uncollected

GROUP = "cnngraph.ops"
_KNOWN: dict[str, type[Op]] = {}


def registry() -> Mapping[str, type[Op]]:
    """Every operator by name: the modules of `cnngraph.ops`, the entry points `cnngraph.ops`, and what was registered.

    Raises CnnGraphError where an entry point gives what is no operator, or a name that another one has.
    """
    _load_own()
    _load_plugged()
    return MappingProxyType(_KNOWN)


def register(cls: type[Op]) -> None:
    """Make an operator known; raises CnnGraphError where it is none, or has the name of another one.

    A class that stands where the known one stood (a cell of a notebook that is run again) takes its place.
    """
    _load_own()
    _require_operator(cls)
    other = _KNOWN.get(cls.name, cls)
    if other is not cls and _place(other) != _place(cls):
        message = f"two operators are named `{cls.name}`: {_place(other)} and {_place(cls)}"
        raise error("E0102", message, f"give {cls.__name__} a name of its own")
    ordered = sorted({**_KNOWN, cls.name: cls}.items())
    _KNOWN.clear()
    _KNOWN.update(ordered)


@cache
@uncollected()
def _load_own() -> None:
    folder = importlib.import_module("cnngraph.ops")
    names = ["cnngraph.ir.leaves", *(f"cnngraph.ops.{m.name}" for m in pkgutil.iter_modules(folder.__path__))]
    found = [cls for name in names for cls in _defined_in(importlib.import_module(name))]
    _KNOWN.update(sorted({cls.name: cls for cls in found}.items()))
    assert len(_KNOWN) == len(found), "two files of the folder give one name"


@cache
def _load_plugged() -> None:
    if not _is_plugged():
        return
    metadata = importlib.import_module("importlib.metadata")  # as much work as all operators of ours
    for entry in metadata.entry_points(group=GROUP):
        try:
            cls = entry.load()
        except (ImportError, AttributeError) as problem:
            message = f"the operator `{entry.name}` of {entry.value} cannot be imported: {problem}"
            raise error("E0501", message, "mend or remove the package that names it as an entry point") from problem
        register(cls)


def _is_plugged() -> bool:
    """Whether an installed package may bring operators: its list of entry points names our group, or lies in a zip."""
    places = [Path(place) for place in sys.path]
    lists = (file for place in places for file in place.glob("*-info/entry_points.txt"))
    return any(map(Path.is_file, places)) or any(f"[{GROUP}]".encode() in file.read_bytes() for file in lists)


def _require_operator(cls: object) -> None:
    if not (isinstance(cls, type) and issubclass(cls, Op) and isinstance(getattr(cls, "name", None), str)):
        raise error("E0103", f"{cls!r} is no operator", "an operator is a class on `Op` with a `name`")
    lacking = [part for part in ("infer", "forward", "samples") if not any(part in vars(c) for c in _below_op(cls))]
    if lacking:
        message = f"the operator `{cls.name}` has no {' and no '.join(lacking)}"
        raise error("E0103", message, "`cnngraph.ir.op.Op` says what each has to give")
    if "__dataclass_params__" not in vars(cls):
        help_ = f"put `@cnngraph.operator` before `class {cls.__name__}`"
        raise error("E0103", f"the operator `{cls.name}` is not a frozen dataclass", help_)
    if not re.fullmatch("[a-z][a-z0-9_]*", cls.name) or keyword.iskeyword(cls.name):
        help_ = "small letters, digits and `_` make a name that is no word of Python"
        raise error("E0103", f"`{cls.name}` cannot be the name of an operator", help_)


def _below_op(cls: type[Op]) -> tuple[type, ...]:
    """The class and what it inherits from, as far as `Op`, which only says what each part should do."""
    return cls.__mro__[: cls.__mro__.index(Op)]


def _place(cls: type[Op]) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


def _defined_in(module: ModuleType) -> list[type[Op]]:
    """The operators of a module; a class without a name is what several operators share."""
    classes = [v for v in vars(module).values() if isinstance(v, type) and issubclass(v, Op) and hasattr(v, "name")]
    return [c for c in classes if c.__module__ == module.__name__]
