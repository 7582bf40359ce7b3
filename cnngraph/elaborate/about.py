"""The `about` section: texts for people, under keys that are known."""

from __future__ import annotations

from collections.abc import Iterator

from cnngraph.diagnostics import Diagnostic, Label
from cnngraph.elaborate.values import problem
from cnngraph.spelling import misspelled
from cnngraph.syntax import ast

ABOUT_KEYS = ("title", "paper", "authors", "year", "url", "source", "license", "note")


def wrong_entries(section: ast.Section) -> Iterator[Diagnostic]:
    """Keys that are unknown or given twice, and values that are no texts."""
    seen: dict[str, ast.Name] = {}
    for entry in section.entries:
        if isinstance(entry, ast.Broken):
            continue
        key = entry.kind if isinstance(entry, ast.Section) else entry.key
        if isinstance(entry, ast.Section) or key.text not in ABOUT_KEYS:
            message, keys = f"an about section has no key `{key.text}`", ", ".join(ABOUT_KEYS)
            yield misspelled("E0112", message, key.span, ABOUT_KEYS, f"the keys are {keys}")
        elif key.text in seen:
            first = (Label(seen[key.text].span, "given here"),)
            yield Diagnostic("E0112", f"`{key.text}` is given twice", Label(key.span, "again"), first)
        elif not _holds(entry.value, ast.String) and not (key.text == "year" and _holds(entry.value, ast.Int)):
            yield problem("E0112", f"`{key.text}` is a text", entry.value.span, "here", 'write `"..."`').diagnostic
        seen.setdefault(key.text, key)


def _holds(value: ast.Pipe, kind: type[ast.String | ast.Int]) -> bool:
    only = value.units[0]
    return len(value.units) == 1 and only.shape is None and value.device is None and isinstance(only.head, kind)


def told_of(module: ast.Module, net: str) -> list[str]:
    """What a file tells people of a net: the comment right before it, then the texts of its `about` section."""
    nets = [item for item in module.items if isinstance(item, ast.Definition) and item.name.text == net]
    sections = [item for item in module.items if isinstance(item, ast.Section) and item.kind.text == "about"]
    texts = [item.documentation for item in nets if item.documentation]
    entries = [entry for section in sections for entry in section.entries if isinstance(entry, ast.Entry)]
    return [*texts, *(f"{entry.key.text}: {_text(entry.value)}" for entry in entries)]


def _text(value: ast.Pipe) -> str:
    head = value.units[0].head
    return str(head.value) if isinstance(head, ast.String | ast.Int) else ""
