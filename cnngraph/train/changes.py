"""Settings of a train section that are changed from outside: `lr=0.01`, `schedule.every=2`, `augment.rotate.degrees=5`.

A setting has a full name:

    epochs, batch, seed, ...       a number of the section
    optimizer, schedule, init ...  a call of the section; its new value is the name of another one: schedule=cosine
    optimizer.lr, data.limit       an argument of a call, whether the file writes it or not
    augment.rotate.degrees         an argument of one of several calls

Its last word alone is enough where no other full name ends with it. A full name goes before a last word, so `batch` is
the section's own and never `data.batch`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
from cnngraph.train.schedule import SCHEDULES
from cnngraph.train.step import AVERAGES, CLIPS, DECAYS

WHOLE = ("epochs", "batch", "seed")
CALLS: Mapping[str, Mapping[str, type[Any]]] = {
    "data": SOURCES,
    "augment": AUGMENTATIONS,
    "schedule": SCHEDULES,
    "init": INITIALISERS,
    "decay": DECAYS,
    "clip": CLIPS,
    "average": AVERAGES,
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
        last[name.partition(".")[0]] = change
    for key, change in last.items():  # what one argument needs, another may give
        _check(spec, key, change)
    return spec


def setting_names(spec: TrainingSpec) -> tuple[str, ...]:
    """The full names of all that can be set, in the order of the section. A name that stands twice cannot be set."""
    names = [*WHOLE, "optimizer", *(f"optimizer.{field.name}" for field in fields(spec.optimizer))]
    for key, known in CALLS.items():
        value = getattr(spec, key)
        names += [key] if not isinstance(value, tuple) else []
        for setting in value if isinstance(value, tuple) else (value,) if value is not None else ():
            path = f"{key}.{setting.name}" if isinstance(value, tuple) else key
            names += [f"{path}.{field.name}" for field in fields(known[setting.name])] if setting.name in known else []
    return tuple(name for name in names if names.count(name) == 1)


def _is_call(spec: TrainingSpec, name: str) -> bool:
    return name == "optimizer" or (name in CALLS and not isinstance(getattr(spec, name), tuple))


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
    old: Any = getattr(spec, key)
    if not path:
        new: Any = _count(change) if key in WHOLE else _call(key, change)
    elif key == "optimizer":
        new = replace(old, **{path[0]: change.value})
    elif isinstance(old, tuple):
        new = tuple(_argument(key, call, path[1], change) if call.name == path[0] else call for call in old)
    else:
        new = _argument(key, old, path[0], change)
    return replace(spec, **{key: new})


def _count(change: _Change) -> int:
    if not isinstance(change.value, int) or isinstance(change.value, bool) or change.value < 0:
        raise change.problem("E0103", f"`{change.name}` is a whole number from 0, not {change.value!r}")
    return change.value


def _call(key: str, change: _Change) -> Setting | Op:
    """Another call, without arguments."""
    setting = Setting(str(change.value), (), {}, change.span)
    if key == "optimizer":
        return choose(setting, {name: op for name, op in registry().items() if op.optimizer}, key)
    if setting.name not in CALLS[key]:
        choose(setting, CALLS[key], key)
    return setting


def _argument(key: str, setting: Setting, name: str, change: _Change) -> Setting:
    """A call with another argument."""
    order = ordered(CALLS[key][setting.name])
    named = {**dict(zip(order, setting.positional, strict=False)), **setting.named, name: change.value}
    return replace(setting, positional=(), named=named, span=change.span)


def _check(spec: TrainingSpec, key: str, change: _Change) -> None:
    """Raises where the value of a key is wrong as a whole."""
    value: Any = getattr(spec, key)
    if key == "optimizer":
        made = choose(Setting(value.name, (), asdict(value), change.span), {value.name: type(value)}, key)
        try:
            made.output_types([TensorType(())] * 3)
        except OpError as refused:
            raise change.problem(refused.code, refused.message, *refused.helps) from refused
    elif key in CALLS:
        for setting in value if isinstance(value, tuple) else (value,):
            choose(setting, CALLS[key], key)
