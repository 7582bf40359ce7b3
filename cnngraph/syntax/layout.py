"""Which line ends count: the filter between the lexer and the parser.

    conv(16,              inside ( and [ a line end means nothing
         3x3)             this one ends a statement
      -> relu             but not before `->`, `|`, `}`, `else` and `project`
    let a = b +           nor after an operator, `,` `=` `:` `{` `|` `->`
        c

A bracket that was never closed would swallow the rest of the file, and its error would stand many lines below the
mistake. So a bracket ends at a line that cannot go on inside it; the line end before is kept, and the parser stumbles
there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from cnngraph.syntax.tokens import (
    ARROW,
    CLOSER_OF,
    CLOSERS,
    END,
    NEWLINE,
    OPENERS,
    OPERATORS,
    STATEMENT_WORDS,
    VALUE_ENDS,
    VALUE_STARTS,
    Token,
)

MAX_NESTING = 100

ANY_LINE_MAY_FOLLOW = frozenset({"LBRACE", "VBAR", "COLON"})
NOT_AFTER = ANY_LINE_MAY_FOLLOW | OPERATORS | {"COMMA", "EQUAL", ARROW}
NOT_BEFORE = frozenset({"RBRACE", "ELSE", "PROJECT", ARROW, END})


@dataclass(frozen=True)
class Arranged:
    """The tokens that the parser reads, the comments, and the first bracket that is nested too deeply, if any."""

    tokens: list[Token]
    comments: list[Token]
    too_deep: Token | None


def arrange(stream: Iterable[Token]) -> Arranged:
    """Drop the line ends that mean nothing and set the comments aside. The stream ends with a token of kind `$END`."""
    code: list[Token] = []
    comments: list[Token] = []
    for token in stream:
        (comments if token.type == "COMMENT" else code).append(token)
    layout = _Layout(code)
    return Arranged(layout.run(), comments, layout.too_deep)


@dataclass
class _Bracket:
    kind: str
    holds_parameters: bool
    holds_lanes: bool


@dataclass
class _Layout:
    code: list[Token]
    too_deep: Token | None = None
    _open: list[_Bracket] = field(default_factory=list)

    def run(self) -> list[Token]:
        kept: list[Token] = []
        line_end: Token | None = None
        for index, token in enumerate(self.code):
            if token.type == NEWLINE:
                line_end = line_end or token
                continue
            if line_end is not None:
                if kept and self._counts(kept[-1], index):
                    kept.append(line_end)
                line_end = None
            self._follow(index)
            kept.append(token)
        return kept

    def _counts(self, previous: Token, index: int) -> bool:
        """Whether the line end between `previous` and the token at `index` ends a statement."""
        kind = self.code[index].type
        if self._in_bracket():
            if not self._left_open(previous.type, index):
                return False
            while self._in_bracket():
                self._open.pop()
            return True
        if kind in STATEMENT_WORDS and previous.type not in ANY_LINE_MAY_FOLLOW:
            return True
        if kind == "VBAR":
            return not (self._open and self._open[-1].holds_lanes)
        return previous.type not in NOT_AFTER and kind not in NOT_BEFORE

    def _in_bracket(self) -> bool:
        return bool(self._open) and self._open[-1].kind != "LBRACE"

    def _left_open(self, previous: str, index: int) -> bool:
        """Whether the line that begins at `index` cannot stand inside the open bracket."""
        kind = self.code[index].type
        if previous == "OPEN_STRING" or kind in STATEMENT_WORDS or kind in ("RBRACE", "VBAR"):
            return True
        if self._open[-1].holds_parameters:
            return False
        if kind == "NAME" and self._kind(index + 1) == "COLON":
            return True
        return previous in VALUE_ENDS and kind in VALUE_STARTS and not self._list_goes_on(index)

    def _list_goes_on(self, index: int) -> bool:
        """Whether the line at `index` closes more than it opens or ends with a comma: then only a comma is missing."""
        depth = 0
        while self._kind(index) not in (NEWLINE, END):
            depth += (self._kind(index) in OPENERS) - (self._kind(index) in CLOSERS)
            if depth < 0:
                return True
            index += 1
        return self._kind(index - 1) == "COMMA"

    def _kind(self, index: int) -> str:
        return self.code[index].type if 0 <= index < len(self.code) else END

    def _follow(self, index: int) -> None:
        kind = self.code[index].type
        if kind in OPENERS:
            self._open.append(_Bracket(kind, self._begins_parameters(index), self._begins_lanes(index)))
            if len(self._open) > MAX_NESTING and self.too_deep is None:
                self.too_deep = self.code[index]
        elif kind == "RBRACE":
            while self._in_bracket():
                self._open.pop()
            if self._open:
                self._open.pop()
        elif self._in_bracket() and kind == CLOSER_OF[self._open[-1].kind]:
            self._open.pop()

    def _begins_parameters(self, index: int) -> bool:
        return self._kind(index) == "LPAR" and index >= 2 and self._kind(index - 2) in ("NET", "BLOCK")

    def _begins_lanes(self, index: int) -> bool:
        follower = index + 1
        while self._kind(follower) == NEWLINE:
            follower += 1
        return self._kind(index) == "LBRACE" and self._kind(follower) == "VBAR"
