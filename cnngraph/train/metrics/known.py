"""All metrics by name, and those of a training section."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from types import MappingProxyType

from cnngraph.diagnostics import CnnGraphError, Diagnostic, Label
from cnngraph.elaborate.calls import choose
from cnngraph.elaborate.training import Setting, TrainingSpec
from cnngraph.ir.graph import Graph, Ref
from cnngraph.ir.leaves import State
from cnngraph.ir.types import TensorType
from cnngraph.train.metrics.metric import Metric


@cache
def known_metrics() -> Mapping[str, type[Metric]]:
    """The metrics of the files of this folder.

    >>> "accuracy" in known_metrics()
    True
    """
    folder = importlib.import_module("cnngraph.train.metrics")
    modules = [importlib.import_module(f"{folder.__name__}.{m.name}") for m in pkgutil.iter_modules(folder.__path__)]
    found = [
        thing
        for module in modules
        for thing in vars(module).values()
        if isinstance(thing, type) and issubclass(thing, Metric) and "name" in vars(thing)
        if thing.__module__ == module.__name__
    ]
    return MappingProxyType({cls.name: cls for cls in sorted(found, key=lambda cls: cls.name)})


def metrics_of(spec: TrainingSpec) -> dict[str, Metric]:
    """The metrics of a section by what they are called: their name, with all that they read where two have one name.

    Without the key `metrics` it is the accuracy of the prediction, if there is one. Raises CnnGraphError with all that
    is wrong: E0101 to E0108 for a call, E0112 where the network has nothing of a name, or of another type.
    """
    if not spec.metrics:
        return _called([_default(spec)]) if spec.prediction else {}
    found: list[Metric] = []
    wrong: list[Diagnostic] = []
    for setting in spec.metrics:
        try:
            found.append(_checked(spec, setting, _filled(spec, choose(setting, known_metrics(), "metric"))))
        except CnnGraphError as refused:
            wrong += refused.diagnostics
    if wrong:
        raise CnnGraphError(wrong)
    return _called(found)


def place_of(graph: Graph, name: str) -> Ref | None:
    """The value that a name means: an output, a node (an input is one), or the last node of a line with this label;
    None where there is none.
    """
    if name in graph.outputs:
        return graph.outputs[name]
    line = [node for node in graph if node.name.startswith(f"{name}.") and not isinstance(node.op, State)]
    return Ref(name) if name in graph else next((Ref(node.name) for node in reversed(line)), None)


def figure_text(called: str, figure: float) -> str:
    """A figure as people read it.

    >>> figure_text("accuracy", 0.9312), figure_text("mean_squared_error(x, y)", 0.25)
    ('93.12%', '0.2500')
    """
    metric = known_metrics().get(called.partition("(")[0])
    return f"{figure:.2%}" if metric is not None and metric.unit == "%" else f"{figure:.4f}"


def higher_is_better(called: str) -> bool:
    """Whether the larger of two figures of a metric is the better one.

    >>> higher_is_better("accuracy"), higher_is_better("mean_absolute_error(x, y)")
    (True, False)
    """
    return known_metrics()[called.partition("(")[0]].higher_is_better


def _default(spec: TrainingSpec) -> Metric:
    return _filled(spec, known_metrics()["accuracy"]())


def _filled(spec: TrainingSpec, metric: Metric) -> Metric:
    """With the names of the section's prediction and label where fields are empty."""
    meant = {"prediction": spec.prediction, "label": spec.label}
    empty = {field: meant.get(field, "") for field in metric.reads if not getattr(metric, field)}
    return replace(metric, **empty) if empty else metric  # type: ignore[type-var]


def _checked(spec: TrainingSpec, setting: Setting, metric: Metric) -> Metric:
    """Raises E0112 where the network lacks what the metric reads, or it has another type."""
    types: dict[str, TensorType] = {}
    for field, name in zip(metric.reads, metric.names, strict=True):
        ref = place_of(spec.graph, name)
        if ref is None:
            raise _refused(setting, f"{metric.name} reads `{name}`, which the network has not" if name else
                           f"{metric.name} needs a {field}, and no loss of this section compares classes")  # fmt: skip
        types[field] = spec.graph.type_of(ref)
    try:
        metric.check(types)
    except ValueError as problem:
        raise _refused(setting, f"{metric.name}: {problem}") from problem
    return metric


def _refused(setting: Setting, message: str) -> CnnGraphError:
    return CnnGraphError(Diagnostic("E0112", message, Label(setting.span, "here")))


def _called(found: Sequence[Metric]) -> dict[str, Metric]:
    names = [metric.name for metric in found]
    return {
        m.name if names.count(m.name) == 1 else f"{m.name}({', '.join(m.names)})": m
        for m in found
    }
