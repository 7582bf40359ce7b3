"""Reads protobuf's text format, in which Caffe writes networks: any message, without knowing its fields.

    layer { name: "conv1" pads: [1, 2] pool: MAX }    a message is a list of fields: name, then a scalar or a message

Source: protobuf.dev, "Text Format Language Specification". Extensions and the expanded `Any` are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from cnngraph.diagnostics import CnnGraphError, Diagnostic, Label, Source, Span

MAX_BYTES = 4 * 2**20  # ResNet-152 has a twentieth of it
MAX_DEPTH = 20  # a layer's filler lies four deep
MAX_NUMBER = 64  # characters of a number

_TOKEN = re.compile(
    r"""(?P<space>(?:\s|\#[^\n]*)+)
    |(?P<word>[A-Za-z_]\w*)
    |(?P<number>0[xX][0-9a-fA-F]+|(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?[fF]?)
    |(?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    |(?P<mark>[-{}<>\[\]:;,])""",
    re.VERBOSE | re.ASCII,
)
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{1,2})|([0-7]{1,3})|(.))", re.DOTALL)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_CLOSING = {"{": "}", "<": ">"}


@dataclass(frozen=True)
class Scalar:
    """A `number` or a `word` as it is written, or a `text` without its quotes."""

    kind: str
    text: str
    span: Span


@dataclass(frozen=True)
class Field:
    """A field with one value; one that stands several times, or with a list, is several of these."""

    name: str
    value: Scalar | Message
    span: Span


@dataclass(frozen=True)
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
    """Recursive descent over the tokens; `token` is the one that comes next, of kind `end` after the last."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.tokens = self._tokens()
        self.token = next(self.tokens)

    def _tokens(self) -> Iterator[Scalar]:
        text, place = self.source.text, 0
        while place < len(text):
            found = _TOKEN.match(text, place)
            if found is None:
                raise fault(Span(self.source, place, place + 1), "this is not protobuf's text format")
            place = found.end()
            if found.lastgroup != "space":
                yield Scalar(str(found.lastgroup), found.group(), Span(self.source, found.start(), place))
        yield Scalar("end", "", Span(self.source, max(len(text) - 1, 0), len(text)))

    def take(self) -> Scalar:
        taken = self.token
        self.token = next(self.tokens, taken)
        return taken

    def takes(self, mark: str) -> bool:
        """Whether the next token is that mark, which is then taken."""
        found = self.token.kind == "mark" and self.token.text == mark
        if found:
            self.take()
        return found

    def message(self, closing: str | None, depth: int) -> Message:
        """The fields up to the closing mark, which is taken, or to the end of the text."""
        start = self.token.span
        if depth > MAX_DEPTH:
            raise fault(start, f"messages are nested deeper than {MAX_DEPTH} levels")
        fields: list[Field] = []
        while not self._ends(closing):
            fields += self._field(depth)
        return Message(tuple(fields), start.to(self.token.span))

    def _ends(self, closing: str | None) -> bool:
        if closing is None:
            return self.token.kind == "end"
        if self.token.kind == "end":
            raise fault(self.token.span, f"the text ends where `{closing}` is missing")
        return self.takes(closing)

    def _field(self, depth: int) -> list[Field]:
        name = self.take()
        if name.kind != "word":
            raise fault(name.span, f"a field begins with its name, not with `{name.text}`")
        colon = self.takes(":")
        values = self._list(depth) if self.takes("[") else [self._value(colon, depth)]
        if not self.takes(";"):
            self.takes(",")
        return [Field(name.text, value, name.span) for value in values]

    def _list(self, depth: int) -> list[Scalar | Message]:
        values: list[Scalar | Message] = []
        while not self.takes("]"):
            if values and not self.takes(","):
                raise fault(self.token.span, "a list has a comma between its values")
            values.append(self._value(True, depth))
        return values

    def _value(self, colon: bool, depth: int) -> Scalar | Message:
        for opening, closing in _CLOSING.items():
            if self.takes(opening):
                return self.message(closing, depth + 1)
        if not colon:
            raise fault(self.token.span, f"`:` or `{{` is missing before `{self.token.text}`")
        return self._scalar()

    def _scalar(self) -> Scalar:
        sign = self.token
        minus = self.takes("-")
        found = self.take()
        if found.kind == "text" and not minus:
            return self._strings(found)
        if found.kind not in ("number", "word"):
            raise fault(found.span, "a value is missing here")
        if found.kind == "number" and len(found.text) > MAX_NUMBER:
            raise fault(found.span, f"a number has more than {MAX_NUMBER} characters")
        return Scalar("number", f"-{found.text}", sign.span.to(found.span)) if minus else found

    def _strings(self, first: Scalar) -> Scalar:
        """Strings that stand side by side are one."""
        parts, last = [first.text[1:-1]], first
        while self.token.kind == "text":
            last = self.take()
            parts.append(last.text[1:-1])
        return Scalar("text", unescaped("".join(parts)), first.span.to(last.span))


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
