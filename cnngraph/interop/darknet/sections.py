"""Reads darknet's cfg: sections in brackets, each with lines `option=value`; `#` and `;` begin comments.

As in darknet, blanks mean nothing, and of an option that stands twice the first counts. What nobody asked for is told,
so that nothing is passed over in silence. A wrong value raises E0801 with its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from math import isfinite

from cnngraph.diagnostics import CnnGraphError, Diagnostic, Label, Source, Span
from cnngraph.interop.assembly import MAX_LAYERS

MAX_BYTES = 4 * 2**20
LARGEST = 2**31 - 1
_WHOLE = re.compile(r"[-+]?[0-9]{1,10}")


class Section:
    """A section: its name, and the values of its options."""

    def __init__(self, name: str, span: Span) -> None:
        self.name, self.span = name, span
        self.options: dict[str, tuple[str, Span]] = {}
        self._asked: set[str] = set()

    def whole(self, name: str, default: int, low: int = 0) -> int:
        (value,) = self.wholes(name, (default,), low) if name in self else (default,)
        return value

    def wholes(self, name: str, default: Sequence[int] = (), low: int = 0) -> list[int]:
        """Whole numbers between commas."""
        if name not in self:
            return list(default)
        text, span = self.options[name]
        parts = text.rstrip(",").split(",")
        if len(default) == 1 != len(parts):
            raise fault(span, f"{name} must be one number")
        return [_whole(part, low, span) for part in parts]

    def number(self, name: str, default: float) -> float:
        text, span = self._option(name, default)
        try:
            value = float(text)
        except ValueError:
            raise fault(span, f"{name} must be a number, not `{text}`") from None
        if not isfinite(value):
            raise fault(span, f"{name} must be a finite number, not `{text}`")
        return value

    def flag(self, name: str) -> bool:
        return self.whole(name, 0, low=-LARGEST) != 0

    def word(self, name: str, default: str) -> str:
        return self._option(name, default)[0]

    def ignore(self, *names: str) -> None:
        """These options say nothing about what the network computes."""
        self._asked.update(names)

    def place(self, name: str) -> Span:
        return self.options[name][1] if name in self.options else self.span

    def unread(self) -> Iterator[tuple[str, Span]]:
        """The options that nobody asked for."""
        return ((name, span) for name, (_, span) in self.options.items() if name not in self._asked)

    def __contains__(self, name: str) -> bool:
        self._asked.add(name)
        return name in self.options

    def _option(self, name: str, default: object) -> tuple[str, Span]:
        return self.options[name] if name in self else (str(default), self.span)


def read_sections(source: Source) -> list[Section]:
    """The sections of a text. Raises E0801 with the place of the first fault.

    >>> sections = read_sections(Source("a.cfg", "[net]\\nwidth = 8 # small\\n\\n[maxpool]\\nsize=2"))
    >>> [(section.name, section.whole("width", 0), section.whole("size", 1)) for section in sections]
    [('net', 8, 1), ('maxpool', 0, 2)]
    """
    if len(source.text) > MAX_BYTES:
        raise fault(Span(source, 0, 0), f"the text is longer than {MAX_BYTES:,} characters")
    sections: list[Section] = []
    start = 0
    for line in source.text.split("\n"):
        span = Span(source, start, start + len(line.rstrip()))
        text = "".join(line.split())
        start += len(line) + 1
        if text.startswith("["):
            sections.append(Section(_name(text, span), span))
        elif text and text[0] not in "#;":
            if not sections:
                raise fault(span, "an option stands before the first section")
            _add(sections[-1], text, span)
    if not sections:
        raise fault(Span(source, 0, 0), "there is no section in this file")
    if len(sections) > MAX_LAYERS:
        raise fault(sections[-1].span, f"the network has more than {MAX_LAYERS:,} layers")
    return sections


def fault(span: Span, message: str) -> CnnGraphError:
    return CnnGraphError(Diagnostic("E0801", message, Label(span, "")))


def _name(text: str, span: Span) -> str:
    if "]" not in text:
        raise fault(span, "`]` is missing after the name of the section")
    return text[1 : text.index("]")]


def _add(section: Section, text: str, span: Span) -> None:
    name, equals, value = text.partition("=")
    if not equals:
        raise fault(span, "this is neither a section nor an option with its value")
    section.options.setdefault(name, (value.split("#")[0], span))


def _whole(text: str, low: int, span: Span) -> int:
    if not _WHOLE.fullmatch(text):
        raise fault(span, f"this must be a whole number, not `{text[:40]}`")
    if not low <= int(text) <= LARGEST:
        raise fault(span, f"this must be a whole number from {low} to {LARGEST}, not {text}")
    return int(text)
