"""Reads protobuf's text format, in which Caffe writes networks: any message, without knowing its fields.

    layer { name: "conv1" pads: [1, 2] pool: MAX }    a message is a list of fields: name, then a scalar or a message

Source: protobuf.dev, "Text Format Language Specification". Extensions and the expanded `Any` are refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from cnngraph.diagnostics import CnnGraphError, Diagnostic, Label, Source, Span

MAX_BYTES = 2 * 2**20  # ResNet-152 has a tenth of it
MAX_DEPTH = 20  # a layer's filler lies four deep
MAX_NUMBER = 64  # characters of a number

_TOKEN = re.compile(
    r"""(?:\s|\#[^\n]*+)*+(?:(?P<word>[A-Za-z_]\w*)
    |(?P<number>0[xX][0-9a-fA-F]+|(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?[fF]?)
    |(?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    |(?P<mark>[-{}<>\[\]:;,])
    |(?P<end>\Z))""",
    re.VERBOSE | re.ASCII,
)
_SPACE = re.compile(r"(?:\s|#[^\n]*+)*+", re.ASCII)
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{1,2})|([0-7]{1,3})|(.))", re.DOTALL)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_CLOSING = {"{": "}", "<": ">"}


@dataclass(frozen=True, slots=True)
class Scalar:
    """A `number` or a `word` as it is written, or a `text` without its quotes."""

    kind: str
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Field:
    """A field with one value; one that stands several times, or with a list, is several of these."""

    name: str
    value: Scalar | Message
    span: Span


class Token(NamedTuple):
    """A word, number, text or mark, and where it begins; of kind `end` after the last."""

    kind: str
    text: str
    start: int


@dataclass(frozen=True, slots=True)
class Message:
    fields: tuple[Field, ...]
    span: Span

    def all(self, name: str) -> list[Field]:
        return [field for field in self.fields if field.name == name]


def parse(source: Source) -> Message:
    """The message that a whole text is. Raises E0801 with the place of the first fault.

    >>> found = parse(Source("a.prototxt", 'name: "n" layer { pad: [1, 2] pool: MAX }'))
    >>> [field.name for field in found.fields], [field.name for field in found.fields[1].value.fields]
    (['name', 'layer'], ['pad', 'pad', 'pool'])
    """
    if len(source.text) > MAX_BYTES:
        raise fault(Span(source, 0, 0), f"the text is longer than {MAX_BYTES:,} characters")
    return _Parser(source).message(None, 0)


def fault(span: Span, message: str, *helps: str) -> CnnGraphError:
    return CnnGraphError(Diagnostic("E0801", message, Label(span, ""), helps=helps))


class _Parser:
    """Recursive descent over the tokens; `token` is the one that comes next."""

    def __init__(self, source: Source) -> None:
        self.source, self.text = source, source.text
        self.place = 0
        self.token = self._next()

    def _next(self) -> Token:
        found = _TOKEN.match(self.text, self.place)
        if found is None:
            start = self._after_space()
            raise fault(Span(self.source, start, start + 1), "this is not protobuf's text format")
        self.place = found.end()
        kind = str(found.lastgroup)
        return Token(kind, found[kind], found.start(kind))

    def _after_space(self) -> int:
        found = _SPACE.match(self.text, self.place)
        return found.end() if found else self.place

    def span(self, token: Token) -> Span:
        return Span(self.source, token.start, token.start + len(token.text))

    def take(self) -> Token:
        taken = self.token
        self.token = self._next()
        return taken

    def takes(self, mark: str) -> bool:
        """Whether the next token is that mark, which is then taken."""
        found = self.token.text == mark and self.token.kind == "mark"
        if found:
            self.token = self._next()
        return found

    def message(self, closing: str | None, depth: int) -> Message:
        """The fields up to the closing mark, which is taken, or to the end of the text."""
        start = self.span(self.token)
        if depth > MAX_DEPTH:
            raise fault(start, f"messages are nested deeper than {MAX_DEPTH} levels")
        fields: list[Field] = []
        while not self._ends(closing):
            self._field(fields, depth)
        return Message(tuple(fields), start)

    def _ends(self, closing: str | None) -> bool:
        if closing is None:
            return self.token.kind == "end"
        if self.token.kind == "end":
            raise fault(self.span(self.token), f"the text ends where `{closing}` is missing")
        return self.takes(closing)

    def _field(self, fields: list[Field], depth: int) -> None:
        name = self.take()
        if name.kind != "word":
            raise fault(self.span(name), f"a field begins with its name, not with `{name.text}`")
        colon, span = self.takes(":"), self.span(name)
        values = self._list(depth) if self.takes("[") else [self._value(colon, depth)]
        if not self.takes(";"):
            self.takes(",")
        fields += [Field(name.text, value, span) for value in values]

    def _list(self, depth: int) -> list[Scalar | Message]:
        values: list[Scalar | Message] = []
        while not self.takes("]"):
            if values and not self.takes(","):
                raise fault(self.span(self.token), "a list has a comma between its values")
            values.append(self._value(True, depth))
        return values

    def _value(self, colon: bool, depth: int) -> Scalar | Message:
        if self.token.kind == "mark" and self.token.text in _CLOSING:
            return self.message(_CLOSING[self.take().text], depth + 1)
        if not colon:
            raise fault(self.span(self.token), f"`:` or `{{` is missing before `{self.token.text}`")
        return self._scalar()

    def _scalar(self) -> Scalar:
        first = self.token
        minus = self.takes("-")
        found = self.take()
        if found.kind == "text" and not minus:
            return self._strings(found)
        if found.kind not in ("number", "word"):
            raise fault(self.span(found), "a value is missing here")
        if found.kind == "number" and len(found.text) > MAX_NUMBER:
            raise fault(self.span(found), f"a number has more than {MAX_NUMBER} characters")
        if minus:
            return Scalar("number", f"-{found.text}", self.span(first).to(self.span(found)))
        return Scalar(found.kind, found.text, self.span(found))

    def _strings(self, first: Token) -> Scalar:
        """Strings that stand side by side are one."""
        parts, last = [first.text[1:-1]], first
        while self.token.kind == "text":
            last = self.take()
            parts.append(last.text[1:-1])
        return Scalar("text", unescaped("".join(parts)), self.span(first).to(self.span(last)))


def unescaped(text: str) -> str:
    r"""A string without its escapes.

    >>> unescaped(r"a\tb \"c\" \x41\101")
    'a\tb "c" AA'
    """
    return _ESCAPE.sub(_plain, text) if "\\" in text else text


def _plain(found: re.Match[str]) -> str:
    hexadecimal, octal, letter = found.groups()
    if letter is not None:
        return _LETTERS.get(letter, letter)
    return chr(int(hexadecimal, 16) if hexadecimal else int(octal, 8))
