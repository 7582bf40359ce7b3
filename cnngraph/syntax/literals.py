"""The values of numbers, sizes and strings, and what can be wrong with a single one of them."""

from __future__ import annotations

import math
import re

from cnngraph.diagnostics import Diagnostic, Label, Source, Span
from cnngraph.syntax.tokens import Token

MAX_DIGITS = 18

ESCAPES = {'"': '"', "\\": "\\", "n": "\n", "t": "\t"}


class Literals:
    """Reads literals of one source; what is wrong is collected, and a harmless value stands in for it."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.diagnostics: list[Diagnostic] = []

    def whole(self, token: Token) -> int:
        return self._whole(token.value, token)

    def _whole(self, text: str, token: Token) -> int:
        digits = text.replace("_", "")
        if len(digits) <= MAX_DIGITS:
            return int(digits)
        self._report(token.start_pos, token.end_pos, "this number is too large", f"more than {MAX_DIGITS} digits")
        return 0

    def decimal(self, token: Token) -> float:
        value = float(token.value.replace("_", ""))
        if math.isfinite(value):
            return value
        self._report(token.start_pos, token.end_pos, "this number is too large", "a float64 cannot hold it")
        return 0.0

    def sizes(self, token: Token) -> tuple[int | str, ...]:
        parts = re.split("[x×]", token.value)
        return tuple(self._whole(part, token) if part[0].isdigit() else part for part in parts)

    def string(self, token: Token) -> str:
        return re.sub(r"\\(.)", lambda escape: self._escape(escape, token), token.value[1:-1])

    def _escape(self, escape: re.Match[str], token: Token) -> str:
        meant = ESCAPES.get(escape[1])
        if meant is None:
            start = token.start_pos + 1 + escape.start()
            message = f"`{escape[0]}` has no meaning in a string"
            self._report(start, start + 2, message, "unknown escape", r"a string knows `\"`, `\\`, `\n` and `\t`")
        return meant if meant is not None else escape[0]

    def _report(self, start: int, end: int, message: str, remark: str, *helps: str) -> None:
        label = Label(Span(self.source, start, end), remark)
        self.diagnostics.append(Diagnostic("E0001", message, label, helps=helps))
