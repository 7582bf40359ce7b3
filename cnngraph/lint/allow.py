"""`# allow W103` at the end of a line, or alone above it; `# allow-file W109` anywhere. Words may follow the codes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from cnngraph.diagnostics import CODES, Diagnostic, Label, Source, Span
from cnngraph.syntax.parse import comments

CODE = r"[A-Za-z]\d{2,}"
ALLOW = re.compile(rf"#+\s*(?P<what>allow|allow-file)\s+(?P<codes>{CODE}(?:[\s,]+{CODE})*)\b")


@dataclass(frozen=True)
class Allowance:
    """One code of one comment. `line` is the line that it speaks of; None: the whole file."""

    code: str
    span: Span
    line: int | None


def allowances(source: Source) -> tuple[Allowance, ...]:
    """What the comments of a file allow."""
    if "allow" not in source.text:
        return ()
    lines = _lines_meant(source)
    return tuple(found for comment in comments(source) for found in _of(comment, lines))


def without(findings: Sequence[Diagnostic], allowed: Sequence[Allowance]) -> list[Diagnostic]:
    """The findings that no comment allows."""
    meant = {(a.code, a.line) for a in allowed}
    return [finding for finding in findings if not meant & _ways_to_allow(finding)]


def idle(
    allowed: Sequence[Allowance], findings: Sequence[Diagnostic], judged: Callable[[Span], bool]
) -> list[Diagnostic]:
    """W110 for each allowance that no finding needs, of those whose place could be judged; or that is of no lint."""
    found = []
    needed = {way for finding in findings for way in _ways_to_allow(finding)}
    for allowance in allowed:
        label = Label(allowance.span, "allows nothing")
        if not allowance.code.startswith("W") or allowance.code not in CODES:
            help_ = f"the codes of lints are {', '.join(code for code in CODES if code.startswith('W'))}"
            found.append(Diagnostic("W110", f"`{allowance.code}` is not the code of a lint", label, helps=(help_,)))
        elif (allowance.code, allowance.line) not in needed and judged(allowance.span):
            help_ = "take the comment away: a later mistake would hide behind it"
            where = "in this file" if allowance.line is None else f"in line {allowance.line}"
            found.append(Diagnostic("W110", f"there is no {allowance.code} {where}", label, helps=(help_,)))
    return found


def _ways_to_allow(finding: Diagnostic) -> set[tuple[str, int | None]]:
    """A comment can mean a finding by its first line, by its last where it takes several, or by its file."""
    assert finding.primary is not None, "a lint has a place"
    span = finding.primary.span
    last = span.source.line_at(max(span.start, span.end - 1))
    return {(finding.code, line) for line in (None, span.line, last)}


def _of(comment: Span, lines: Sequence[int]) -> Iterator[Allowance]:
    match = ALLOW.match(comment.text)
    if match is None:
        return
    line = None if match["what"] == "allow-file" else lines[comment.line - 1]
    for code in re.finditer(CODE, match["codes"]):
        start = comment.start + match.start("codes") + code.start()
        yield Allowance(code[0], Span(comment.source, start, start + len(code[0])), line)


def _lines_meant(source: Source) -> list[int]:
    """For each line, the one that a comment in it speaks of: the next with more than a comment, or else itself."""
    texts = source.text.split("\n")
    meant = list(range(1, len(texts) + 1))
    below = None
    for number in range(len(texts), 0, -1):
        text = texts[number - 1].strip()
        if text and not text.startswith("#"):
            below = number
        elif below is not None:
            meant[number - 1] = below
    return meant
