"""What the folders `meaning` and `folding` hold, found by listing them."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from types import ModuleType

from cnngraph.interop.imported import Imported
from cnngraph.interop.onnx.reading.call import Call
from cnngraph.interop.onnx.reading.foreign import Foreign
from cnngraph.interop.onnx.reading.values import Value

FOLDER = "cnngraph.interop.onnx.reading"
Meaning = Callable[[Call], "Value | tuple[Value | None, ...]"]


@cache
def meanings() -> Mapping[str, Meaning]:
    """The meaning of each operator: the tables `MEANINGS` of all modules in `meaning`."""
    found: dict[str, Meaning] = {}
    for module in _modules("meaning"):
        for operator, meaning in getattr(module, "MEANINGS", {}).items():
            found.setdefault(operator, meaning)
    return found


@cache
def unitings() -> Sequence[Callable[[Foreign], Foreign]]:
    """The functions `unite` of all modules in `folding`, by their `PLACE`."""
    return [module.unite for module in _in_order() if hasattr(module, "unite")]


@cache
def foldings() -> Sequence[Callable[[Imported], Imported]]:
    """The functions `fold` of all modules in `folding`, by their `PLACE`."""
    return [module.fold for module in _in_order() if hasattr(module, "fold")]


def _in_order() -> list[ModuleType]:
    rules = [module for module in _modules("folding") if hasattr(module, "PLACE")]
    return sorted(rules, key=lambda module: (module.PLACE, module.__name__))


def _modules(folder: str) -> list[ModuleType]:
    package = importlib.import_module(f"{FOLDER}.{folder}")
    names = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    return [importlib.import_module(f"{package.__name__}.{name}") for name in names]
