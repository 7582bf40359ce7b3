"""The kernels, found by listing this folder: every class on `Kernel` that says what it serves."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

from cnngraph.kernels.kernel import PLAIN, Kernel, Key, Task
from cnngraph.uncollected import uncollected


@cache
@uncollected()
def registered() -> Mapping[Key, tuple[Kernel, ...]]:
    """The kernels of each operator and gradient, in the order of their files."""
    found: dict[Key, tuple[Kernel, ...]] = {}
    for module in pkgutil.iter_modules(__path__):
        names = vars(importlib.import_module(f"{__name__}.{module.name}"))
        for cls in names.values():
            if isinstance(cls, type) and issubclass(cls, Kernel) and cls.__module__ == f"{__name__}.{module.name}":
                for key in cls.serves:
                    found[key] = (*found.get(key, ()), cls())
    return found


def kernels_for(task: Task, exact: bool = False, compiled: bool = True) -> tuple[Kernel, ...]:
    """All that can compute the task, the plain one last; `exact` and `compiled` may leave some out."""
    known = registered().get(task.key, ())
    allowed = (k for k in known if not (exact and k.approximate) and (compiled or not k.compiled))
    return (*(k for k in allowed if k.applies(task)), PLAIN)
