"""How each operator is written: the tables `WAYS` of the modules in `families`, found by listing the folder."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

from cnngraph.interop.onnx.writing import families
from cnngraph.interop.onnx.writing.sheet import Value
from cnngraph.interop.onnx.writing.site import Inexpressible, Site, Way


@cache
def ways() -> Mapping[str, Way]:
    """The way of each operator by name."""
    names = [f"{families.__name__}.{module.name}" for module in pkgutil.iter_modules(families.__path__)]
    tables = [importlib.import_module(name).WAYS for name in names]
    found = {name: way for table in tables for name, way in table.items()}
    assert len(found) == sum(map(len, tables)), "two families write one operator"
    return found


def written(site: Site) -> Value:
    """The value of a node, written by the way of its operator; raises `Inexpressible`.

    What works on each number by itself and names its counterpart needs no way: so operators of other packages, too.
    """
    if site.op.name in ways():
        return ways()[site.op.name](site)
    found = site.op.onnx()
    if found is None or not site.op.pointwise or site.count != 1:
        raise Inexpressible("no operators of ONNX are known for it")
    if not site.has_counterpart:
        raise Inexpressible(f"ONNX has {found.operator} from opset {found.opset} on")
    return site.counterpart(site.value().name, axes=site.value().axes)
