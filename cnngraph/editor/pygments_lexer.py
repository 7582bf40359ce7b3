"""Highlighting for Pygments (Sphinx, MkDocs, IPython, `pygmentize -l cnn`), made from the table of classes.

The only file that imports pygments; it is found through the entry point `pygments.lexers`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar

from pygments.lexer import Lexer
from pygments.token import (
    Comment,
    Error,
    Keyword,
    Name,
    Number,
    Operator,
    Punctuation,
    String,
    Text,
    Whitespace,
    _TokenType,
)

from cnngraph.editor.classes import stretches

TOKENS: dict[str, _TokenType] = {
    "documentation": String.Doc,
    "comment": Comment.Single,
    "string": String.Double,
    "open string": Error,
    "dimensions": Number.Other,
    "number": Number,
    "definition": Name.Function,
    "declaration": Keyword.Declaration,
    "control": Keyword,
    "logic": Operator.Word,
    "constant": Keyword.Constant,
    "section": Keyword.Namespace,
    "layer": Name.Builtin,
    "label": Name.Label,
    "argument": Name.Attribute,
    "function": Name.Function.Magic,
    "type": Keyword.Type,
    "padding": Name.Constant,
    "left value": Name.Builtin.Pseudo,
    "name": Name,
    "arrow": Operator.Arrow,
    "lane": Operator.Lane,
    "operator": Operator,
    "punctuation": Punctuation,
}


class CnnLexer(Lexer):
    """`.cnn` files.

    >>> [str(kind) for kind, text in CnnLexer().get_tokens("relu") if text.strip()]
    ['Token.Name.Builtin']
    """

    name = "cnngraph"
    aliases: ClassVar[list[str]] = ["cnn", "cnngraph"]
    filenames: ClassVar[list[str]] = ["*.cnn"]
    mimetypes: ClassVar[list[str]] = ["text/x-cnn"]

    def get_tokens_unprocessed(self, text: str) -> Iterator[tuple[int, _TokenType, str]]:
        at = 0
        for stretch in stretches(text):
            yield from _between(text, at, stretch.start)
            yield stretch.start, TOKENS[stretch.kind], text[stretch.start : stretch.end]
            at = stretch.end
        yield from _between(text, at, len(text))


def _between(text: str, start: int, end: int) -> Iterator[tuple[int, _TokenType, str]]:
    """White space, and characters that no pattern knows."""
    for found in re.finditer(r"\s+|\S+", text[start:end]):
        yield start + found.start(), Whitespace if found[0].isspace() else Text, found[0]
