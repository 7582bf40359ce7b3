"""Settings of a train section that are changed from outside: `lr=0.01`, `schedule.every=2`, `augment.rotate.degrees=5`.

A setting has a full name:

    epochs, batch, seed, ...       a number of the section
    optimizer, schedule, init ...  a call of the section; its new value is the name of another one: schedule=cosine
    optimizer.lr, data.limit       an argument of a call, whether the file writes it or not
    augment.rotate.degrees         an argument of one of several calls
    discriminate.optimizer.lr      an argument of the optimizer that a step has for itself

Its last word alone is enough where no other full name ends with it. A full name goes before a last word, so `batch` is
the section's own and never `data.batch`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from cnngraph.data.augment import AUGMENTATIONS
from cnngraph.data.sources import SOURCES
from cnngraph.diagnostics import CnnGraphError, Diagnostic, Label, Source, Span
from cnngraph.elaborate.calls import choose, ordered
from cnngraph.elaborate.training import Setting, TrainingSpec
from cnngraph.ir.op import Op, OpError
from cnngraph.ir.registry import registry
from cnngraph.ir.types import TensorType
from cnngraph.spelling import nearest
from cnngraph.train.initialisers import INITIALISERS
from cnngraph.train.judging import STOPS
from cnngraph.train.noise import NOISES
from cnngraph.train.schedule import SCHEDULES
from cnngraph.train.step import AVERAGES, CLIPS, DECAYS
from cnngraph.train.weighting import RULES

WHOLE = {"epochs": 0, "batch": 1, "seed": 0, "accumulate": 1}  # with the least of each
CALLS: Mapping[str, Mapping[str, type[Any]]] = {
    "data": SOURCES,
    "augment": AUGMENTATIONS,
    "schedule": SCHEDULES,
    "init": INITIALISERS,
    "decay": DECAYS,
    "clip": CLIPS,
    "average": AVERAGES,
    "noise": NOISES,
    "stop": STOPS,
    "class_weights": RULES,
}
"""What the calls of each key can be."""


@dataclass(frozen=True)
class _Change:
    """One setting, as it was given."""

    name: str
    value: object

    @property
    def span(self) -> Span:
        text = f"{self.name}={self.value}"
        return Span(Source("--set", text), 0, len(text))

    def problem(self, code: str, message: str, *helps: str) -> CnnGraphError:
        return CnnGraphError(Diagnostic(code, message, Label(self.span, "set here"), helps=helps))


def changed(spec: TrainingSpec, changes: Mapping[str, object], others: Iterable[str] = ()) -> TrainingSpec:
    """The training with these settings; `others` are further names that could have been meant by a wrong one.

    Raises E0107 for a name that is unknown or could mean several settings, E0103 and E0108 for wrong values.
    """
    given = [_Change(name, value) for name, value in changes.items()]
    last: dict[str, _Change] = {}
    for change in sorted(given, key=lambda change: not _is_call(spec, change.name)):  # a new call has other arguments
        name = _full(spec, change, others)
        spec = _with(spec, name, change)
        last[name] = change
    for name, change in last.items():  # what one argument needs, another may give
        _check(spec, name, change)
    return spec


def setting_names(spec: TrainingSpec) -> tuple[str, ...]:
    """The full names of all that can be set, in the order of the section. A name that stands twice cannot be set."""
    names = [*WHOLE]
    for path, op in _optimizers(spec).items():
        names += [path, *(f"{path}.{field.name}" for field in fields(op))]
    for key, known in CALLS.items():
        value = getattr(spec, key)
        names += [key] if _is_call(spec, key) else []
        for setting in value if isinstance(value, tuple) else (value,):
            path = f"{key}.{setting.name}" if isinstance(value, tuple) and isinstance(setting, Setting) else key
            if isinstance(setting, Setting) and setting.name in known:
                names += [f"{path}.{field.name}" for field in fields(known[setting.name])]
    return tuple(name for name in names if names.count(name) == 1)


def _optimizers(spec: TrainingSpec) -> dict[str, Any]:
    """The optimizers that are used, by their full names: that of the section, and those that steps have."""
    own = {f"{step.name}.optimizer": step.optimizer for step in spec.steps if step.optimizer is not None}
    return own if own and len(own) == len(spec.steps) else {"optimizer": spec.optimizer, **own}


def _is_call(spec: TrainingSpec, name: str) -> bool:
    return name in _optimizers(spec) or (name in CALLS and not isinstance(getattr(spec, name), tuple))


def _full(spec: TrainingSpec, change: _Change, others: Iterable[str]) -> str:
    """The full name that a name means."""
    names = setting_names(spec)
    if change.name in names:
        return change.name
    found = [name for name in names if name.endswith(f".{change.name}")]
    if len(found) == 1:
        return found[0]
    if found:
        raise change.problem("E0107", f"`{change.name}` could be {' or '.join(found)}", f"write {found[0]}=...")
    message = f"`{spec.name}` has no parameter `{change.name}` to set, nor has its train section"
    known = [*others, *names, *(name.rpartition(".")[2] for name in names)]
    close = nearest(change.name, known)
    listed = f"it has {', '.join([*others, *names])}"
    raise change.problem("E0107", message, f"did you mean `{close}`?" if close else listed)


def _with(spec: TrainingSpec, name: str, change: _Change) -> TrainingSpec:
    """`spec` with a new value for the setting of this full name."""
    key, *path = name.split(".")
    if path[:1] == ["optimizer"]:
        steps = (replace(s, optimizer=_optimizer(s.optimizer, path[1:], change)) if s.name == key else s
                 for s in spec.steps)  # fmt: skip
        return replace(spec, steps=tuple(steps))
    old: Any = getattr(spec, key)
    if key in WHOLE:
        new: Any = _count(change, WHOLE[key])
    elif key == "optimizer":
        new = _optimizer(old, path, change)
    elif not path:
        new = _call(key, change)
    elif isinstance(old, tuple):
        new = tuple(_argument(key, call, path[1], change) if call.name == path[0] else call for call in old)
    else:
        new = _argument(key, old, path[0], change)
    return replace(spec, **{key: new})


def _count(change: _Change, least: int) -> int:
    if not isinstance(change.value, int) or isinstance(change.value, bool) or change.value < least:
        raise change.problem("E0103", f"`{change.name}` is a whole number from {least}, not {change.value!r}")
    return change.value


def _optimizer(old: Any, path: Sequence[str], change: _Change) -> Op:
    """Another optimizer, or the same with another argument."""
    if path:
        changed: Op = replace(old, **{path[0]: change.value})
        return changed
    setting = Setting(str(change.value), (), {}, change.span)
    return choose(setting, {name: op for name, op in registry().items() if op.optimizer}, "optimizer")


def _call(key: str, change: _Change) -> Setting:
    """Another call, without arguments."""
    setting = Setting(str(change.value), (), {}, change.span)
    if setting.name not in CALLS[key]:
        choose(setting, CALLS[key], key)
    return setting


def _argument(key: str, setting: Setting, name: str, change: _Change) -> Setting:
    """A call with another argument."""
    order = ordered(CALLS[key][setting.name])
    named = {**dict(zip(order, setting.positional, strict=False)), **setting.named, name: change.value}
    return replace(setting, positional=(), named=named, span=change.span)


def _check(spec: TrainingSpec, name: str, change: _Change) -> None:
    """Raises where the value that a name is a part of is wrong as a whole."""
    key = name.partition(".")[0]
    for path, op in _optimizers(spec).items():
        if name.startswith(path):
            made = choose(Setting(op.name, (), asdict(op), change.span), {op.name: type(op)}, "optimizer")
            try:
                made.output_types([TensorType(())] * 3)
            except OpError as refused:
                raise change.problem(refused.code, refused.message, *refused.helps) from refused
    value = getattr(spec, key) if key in CALLS else ()
    for setting in value if isinstance(value, tuple) else (value,):
        choose(setting, CALLS[key], key)
