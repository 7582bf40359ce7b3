"""The words of train sections: their keys, and what the calls of a key can be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from cnngraph.data.augment import AUGMENTATIONS
from cnngraph.data.sources import SOURCES
from cnngraph.elaborate.training import KEYS, STEP_KEYS
from cnngraph.syntax import ast
from cnngraph.train.initialisers import INITIALISERS
from cnngraph.train.judging import STOPS
from cnngraph.train.metrics.known import known_metrics
from cnngraph.train.noise import NOISES
from cnngraph.train.schedule import SCHEDULES
from cnngraph.train.step import AVERAGES, CLIPS, DECAYS
from cnngraph.train.weighting import RULES

KEYS_OF: Mapping[str, Mapping[str, str]] = {"train": KEYS, "step": STEP_KEYS}

MAKERS: Mapping[str, Callable[[], Mapping[str, type]]] = {
    "data": lambda: SOURCES, "augment": lambda: AUGMENTATIONS, "init": lambda: INITIALISERS,
    "schedule": lambda: SCHEDULES, "clip": lambda: CLIPS, "average": lambda: AVERAGES, "decay": lambda: DECAYS,
    "noise": lambda: NOISES, "metrics": known_metrics, "stop": lambda: STOPS, "class_weights": lambda: RULES,
}  # fmt: skip


def meaning_at(module: ast.Module, offset: int) -> str:
    """What the key or the call at a place of a train section says, as Markdown; "" where there is none."""
    trained = (item for item in module.items if isinstance(item, ast.Section) and item.kind.text == "train")
    return next((text for section in trained for text in _meanings(section, offset)), "")


def _meanings(section: ast.Section, offset: int) -> Iterator[str]:
    for entry in section.entries:
        if isinstance(entry, ast.Broken):
            continue
        key = entry.kind if isinstance(entry, ast.Section) else entry.key
        known = KEYS_OF.get(section.kind.text, {})
        if _holds(key, offset) and key.text in known:
            yield f"`{key.text}`: {known[key.text]}"
        elif isinstance(entry, ast.Section):
            yield from _meanings(entry, offset)
        elif key.text in MAKERS:
            yield from (_of_call(key.text, unit.head) for unit in entry.value.units if _holds(_name(unit.head), offset))


def _name(head: ast.UnitHead) -> ast.Located | None:
    """The name of a call, or of a unit that is only a name."""
    return head.function if isinstance(head, ast.Call) else head if isinstance(head, ast.Name) else None


def _of_call(key: str, head: ast.UnitHead) -> str:
    name = _name(head)
    made = MAKERS[key]().get(name.text) if isinstance(name, ast.Name) else None
    return " ".join((made.__doc__ or "").split("\n\n")[0].split()) if made else ""


def _holds(located: ast.Located | None, offset: int) -> bool:
    return located is not None and located.span.start <= offset <= located.span.end
