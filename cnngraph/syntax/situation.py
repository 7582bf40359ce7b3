"""The place where the parser stumbled, and what can be asked about it: the vocabulary of the rules in `messages.py`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from cnngraph.diagnostics import Diagnostic, Label, Source, Span, Suggestion
from cnngraph.syntax.tokens import CLOSER_OF, CLOSERS, END, NEWLINE, OPENERS, Token


@dataclass(frozen=True)
class Situation:
    """Token `index` of `tokens` does not fit; `accepts` are the kinds that would have fitted."""

    source: Source
    tokens: Sequence[Token]
    index: int
    accepts: frozenset[str]

    @property
    def bad(self) -> Token:
        return self.tokens[self.index]

    def near(self, offset: int) -> Token | None:
        """The token that many places after the bad one, or before it where `offset` is negative."""
        index = self.index + offset
        return self.tokens[index] if 0 <= index < len(self.tokens) else None

    def kind(self, offset: int) -> str:
        """The kind of the token at `offset`; nothing at all counts as the end of a line before, of the file after."""
        token = self.near(offset)
        return token.type if token is not None else NEWLINE if offset < 0 else END

    def text(self, offset: int) -> str:
        token = self.near(offset)
        return token.value if token is not None else ""

    def span(self, first: int = 0, last: int = 0) -> Span:
        """From the token at offset `first` to the token at offset `last`."""
        return Span(self.source, self._at(first).start_pos, self._at(last).end_pos)

    def _at(self, offset: int) -> Token:
        token = self.near(offset)
        assert token is not None, "only tokens that are there have a place"
        return token

    def after(self, offset: int) -> Span:
        """The empty stretch behind the token at `offset`."""
        end = self._at(offset).end_pos
        return Span(self.source, end, end)

    @property
    def place(self) -> Span:
        """Where to point: at the bad token, or behind the one before it if the bad one is the end of a line or file."""
        if self.bad.type in (NEWLINE, END) and self.index > 0:
            return self.after(-1)
        return self.span()

    @property
    def touching(self) -> bool:
        """Whether nothing separates the bad token from the one before it."""
        previous = self.near(-1)
        return previous is not None and previous.end_pos == self.bad.start_pos

    @property
    def begins_line(self) -> bool:
        return self.kind(-1) in (NEWLINE, "LBRACE", "VBAR")

    @cached_property
    def opener(self) -> Token | None:
        """The innermost bracket that is open here: a `(` or `[` of the same line, else a `{`."""
        waiting: list[str] = []
        same_line = True
        for token in reversed(self.tokens[: self.index]):
            if token.type in CLOSERS:
                waiting.append(token.type)
            elif token.type == NEWLINE:
                same_line = same_line and "RBRACE" in waiting
            elif token.type in OPENERS and self._is_open(token.type, waiting, same_line):
                return token
        return None

    def _is_open(self, kind: str, waiting: list[str], same_line: bool) -> bool:
        """Whether an opener, met on the way back, has no closer among those `waiting`, met before it."""
        if kind == "LBRACE":
            if "RBRACE" not in waiting:
                return True
            while waiting.pop() != "RBRACE":
                pass
            return False
        if waiting and waiting[-1] == CLOSER_OF[kind]:
            waiting.pop()
            return False
        return same_line and "RBRACE" not in waiting

    @property
    def open_kind(self) -> str | None:
        return self.opener.type if self.opener is not None else None

    @property
    def in_bracket(self) -> bool:
        return self.open_kind in ("LPAR", "LSQB")

    def opened_here(self) -> tuple[Label, ...]:
        if self.opener is None:
            return ()
        return (Label(Span(self.source, self.opener.start_pos, self.opener.end_pos), "opened here"),)

    def finding(
        self,
        message: str,
        remark: str = "",
        *helps: str,
        at: Span | None = None,
        also: tuple[Label, ...] = (),
        mend: Suggestion | None = None,
    ) -> Diagnostic:
        """The diagnostic of this situation: `at` is where to point if not at `place`."""
        label = Label(at if at is not None else self.place, remark)
        return Diagnostic("E0001", message, label, also, helps=helps, suggestion=mend)
