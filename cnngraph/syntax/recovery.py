"""Find all syntax errors of a file, not only the first: panic mode with yacc's error token.

    c1: conv(16 $ 3x3) -> relu
                ^ does not fit: report it, drop the half-read line, put ERROR in its place,
                  skip to the next line end, `|` or `}` of this body, and go on

Where a whole `}` is missing (at the end of the file, or before the next `net`), the open bodies are closed. So a tree
always comes out, and each stretch that was dropped stands in it as `broken`.

The parser itself is behind the protocol `Machine`; nothing here knows which library drives it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from cnngraph.diagnostics import Diagnostic, Source
from cnngraph.syntax.messages import explain
from cnngraph.syntax.situation import Situation
from cnngraph.syntax.tokens import END, ITEM_WORDS, NEWLINE, Token

MAX_ERRORS = 50
MAX_MENDS = 200  # a line can have many errors, of which one is reported

STOPS = frozenset({NEWLINE, "RBRACE", "VBAR", END})


class Machine(Protocol):
    """A parser that is fed one token after the other."""

    def feed(self, token: Token) -> bool:
        """Take the token; False, and nothing changes, when it does not fit."""

    def accepts(self) -> frozenset[str]:
        """The kinds of token that fit now."""

    def give_up(self, at: Token) -> tuple[Token, int]:
        """Drop what was read of the innermost line, entry or item, and take an ERROR token in its place.

        The answer is that token, which covers what was dropped, and the number of open `{` that were dropped with it.
        """

    def invent(self, kind: str, at: Token) -> None:
        """Take a token that the text lacks."""


@dataclass
class Recovery:
    """One reading of one file. After `run` the machine has taken the end of the file."""

    machine: Machine
    tokens: Sequence[Token]
    source: Source
    diagnostics: list[Diagnostic] = field(default_factory=list)
    _last_line: int = 0
    _mends: int = 0

    def run(self) -> list[Diagnostic]:
        index = 0
        while index < len(self.tokens):
            if self.machine.feed(self.tokens[index]):
                index += 1
            elif len(self.diagnostics) >= MAX_ERRORS or self._mends >= MAX_MENDS:
                index = self._abandon()
            else:
                self._mends += 1
                self._report(index)
                index = self._mend(index)
        return self.diagnostics

    def _report(self, index: int) -> None:
        """One error a line: the second of a line is too often the echo of the first."""
        situation = Situation(self.source, self.tokens, index, self.machine.accepts())
        line = situation.place.line
        if line != self._last_line or situation.bad.type == END:
            self.diagnostics.append(explain(situation))
        self._last_line = line

    def _mend(self, index: int) -> int:
        """Bring the machine to a state from which reading can go on, and say where."""
        if self.tokens[index].type == END or self._begins_item(index):
            return self._close_bodies(index)
        wreck, depth = self.machine.give_up(self.tokens[index])
        stop = self._skip(index, depth)
        if stop > index:
            wreck.end_pos = self.tokens[stop - 1].end_pos
        return stop

    def _skip(self, index: int, depth: int) -> int:
        """The next token at which reading can go on; `depth` braces are open that the machine does not know of."""
        while not self._goes_on_at(index, depth):
            kind = self.tokens[index].type
            depth += (kind == "LBRACE") - (kind == "RBRACE" and depth > 0)
            index += 1
        return index

    def _goes_on_at(self, index: int, depth: int) -> bool:
        kind = self.tokens[index].type
        if kind == END or (kind == NEWLINE and self.tokens[index + 1].type in ITEM_WORDS):
            return True
        if depth > 0 or kind not in STOPS:
            return False
        fitting = self.machine.accepts()
        return kind in fitting and not (kind == NEWLINE and self._is_hollow(index, fitting))

    def _is_hollow(self, index: int, fitting: frozenset[str]) -> bool:
        """Whether no line follows this line end: layout keeps such a one only after a bracket that was left open."""
        follower = self.tokens[index + 1].type
        return follower == "LBRACE" or (follower in ("RBRACE", "VBAR") and follower in fitting)

    def _begins_item(self, index: int) -> bool:
        return self.tokens[index].type in ITEM_WORDS and (index == 0 or self.tokens[index - 1].type == NEWLINE)

    def _close_bodies(self, index: int) -> int:
        """Close what is open, so that the item or the end of the file at `index` fits."""
        at = self.tokens[index]
        self.machine.give_up(at)
        while END not in (fitting := self.machine.accepts()):
            closer = next((kind for kind in ("RBRACE", "RPAR", "RSQB") if kind in fitting), None)
            if closer is not None:
                self.machine.invent(closer, at)
            else:
                self.machine.give_up(at)
        if at.type != END:
            self.machine.invent(NEWLINE, at)
        return index

    def _abandon(self) -> int:
        """Leave the rest of the file unread: fifty errors say enough, and each costs time."""
        return self._close_bodies(len(self.tokens) - 1)
