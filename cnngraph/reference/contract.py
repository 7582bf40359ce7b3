"""A docstring of an operator, cut into its parts: what it is, its equation, and each labelled part."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from inspect import cleandoc

from cnngraph.diagnostics import CODES
from cnngraph.elaborate.arguments import signature_of
from cnngraph.ir.op import Op
from cnngraph.ir.window import PADDINGS

LABELS = ("shapes", "weights", "fields", "errors", "cost", "source")
_LABEL = re.compile(rf"(?:^|(?<=  ))({'|'.join(LABELS)}):[ ]*", re.MULTILINE)
_CODE = re.compile(r"\b[EW]\d{3,4}\b")


@dataclass(frozen=True)
class Contract:
    """What a docstring says. `equation` holds its displayed lines, or the one in the first sentence."""

    summary: str
    equation: str
    remarks: tuple[str, ...]
    parts: Mapping[str, str]

    @property
    def errors(self) -> tuple[tuple[str, str], ...]:
        """(code, what it means, in the words of the table of codes), once each."""
        codes = dict.fromkeys(_CODE.findall(self.parts.get("errors", "")))
        return tuple((code, CODES[code]) for code in codes)


def signature(op: type[Op]) -> str:
    """How an operator is written, with its defaults.

    >>> from cnngraph.ops.upsample import Upsample
    >>> signature(Upsample)
    'upsample(factor, mode = "nearest")'
    """
    known = signature_of(op)
    defaults = {field.name: field.default for field in dataclasses.fields(op)}
    listed = [f"{n} = {_default(defaults[n])}" if n in known.optional else n for n in known.plain]
    return f"{op.name}({', '.join(listed)})" if listed else op.name


def _default(value: object) -> str:
    """A default as the language writes it; `...` for one that the operator chooses, or that has no text."""
    if isinstance(value, str) and value not in PADDINGS:
        return f'"{value}"'
    return "..." if value in (None, ()) else str(value).lower()


def contract_of(op: type[Op]) -> Contract:
    """The parts of an operator's docstring.

    >>> from cnngraph.ops.relu import Relu
    >>> found = contract_of(Relu)
    >>> found.summary, found.equation, found.parts["cost"]
    ('Rectified linear unit', 'y = max(x, 0)', 'one flop for each element')
    """
    text = op.contract().partition("\n>>>")[0]
    head, *labelled = _cut(text)
    first, *others = [part for part in head.split("\n\n") if part.strip()]
    displayed = [part for part in others if part.startswith("    ")]
    remarks = [_joined(part) for part in others if not part.startswith("    ")]
    summary, equation, remark = _sentence(_joined(first))
    remarks = [*([remark] if remark else []), *remarks]
    shown = "\n\n".join(cleandoc(part) for part in displayed) or equation
    if displayed and equation:
        summary = f"{summary}: {equation}"
    parts = {label: _joined(body) for label, body in zip(labelled[::2], labelled[1::2], strict=True)}
    return Contract(summary.rstrip(":"), shown, tuple(remarks), parts)


def _cut(text: str) -> list[str]:
    """The text before the first label, then each label and what follows it."""
    found = list(_LABEL.finditer(text))
    ends = [*(match.start() for match in found), len(text)]
    pieces = [text[: ends[0]]]
    for match, end in zip(found, ends[1:], strict=True):
        pieces += [match[1], text[match.end() : end]]
    return pieces


def _sentence(text: str) -> tuple[str, str, str]:
    """What stands before a colon, an equation that follows it, and the sentences after that."""
    before, colon, after = text.partition(": ")
    equation, _, remark = after.partition(". ")
    return (before, equation.rstrip("."), remark) if colon and "=" in equation else (text, "", "")


def _joined(text: str) -> str:
    """The text in one line, without a full stop at its end."""
    joined = " ".join(text.split())
    return joined if joined.endswith("...") else joined.removesuffix(".")
