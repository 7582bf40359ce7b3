"""Where training data comes from: the calls that `data:` of a train section can be."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from cnngraph.data import stored
from cnngraph.data.dataset import Dataset
from cnngraph.data.generated.drawn import generated
from cnngraph.data.source import Source
from cnngraph.diagnostics import CnnGraphError, Label
from cnngraph.elaborate.calls import choose
from cnngraph.elaborate.training import Setting


def _listed() -> Mapping[str, type[Source]]:
    """The class of each file of the folder `stored`, by the name of the file."""
    found: dict[str, type[Source]] = {}
    for module in pkgutil.iter_modules(stored.__path__):
        name, wanted = f"{stored.__name__}.{module.name}", module.name.replace("_", "")
        values = vars(importlib.import_module(name)).values()
        (found[module.name],) = (v for v in values if getattr(v, "__name__", "").lower() == wanted)
    return found


SOURCES: Mapping[str, type[Source]] = dict(sorted({**_listed(), **generated()}.items()))


def source_of(setting: Setting) -> Source:
    """The source that a train section asks for. Raises CnnGraphError where it is unknown or its arguments are wrong."""
    return choose(setting, SOURCES, "data set")


def load_data(setting: Setting, folder: Path | None = None, seed: int = 0) -> Dataset:
    """The data of a train section. `folder` is where the user keeps data sets; the argument `folder` of the call goes
    before it, the variable CNNGRAPH_DATA after. Raises CnnGraphError, E0701 where data is missing or damaged.
    """
    source = source_of(setting)
    try:
        return source.load(folder, seed)
    except CnnGraphError as problem:
        first, *others = problem.diagnostics
        if others or first.primary:  # findings at one place would count as one
            raise
        raise CnnGraphError(replace(first, primary=Label(setting.span, "asked for here"))) from problem
