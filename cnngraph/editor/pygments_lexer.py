"""Highlighting for Pygments (Sphinx, MkDocs, IPython, `pygmentize -l cnn`), made from the table of classes.

The only file that imports pygments; it is found through the entry point `pygments.lexers`.
"""

from __future__ import annotations

from typing import ClassVar

from pygments.lexer import RegexLexer
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

from cnngraph.editor.classes import patterns

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


class CnnLexer(RegexLexer):
    """`.cnn` files.

    >>> [str(kind) for kind, text in CnnLexer().get_tokens("relu") if text.strip()]
    ['Token.Name.Builtin']
    """

    name = "cnngraph"
    aliases: ClassVar[list[str]] = ["cnn", "cnngraph"]
    filenames: ClassVar[list[str]] = ["*.cnn"]
    mimetypes: ClassVar[list[str]] = ["text/x-cnn"]

    tokens: ClassVar[dict[str, list[tuple[str, _TokenType]]]] = {
        "root": [
            (r"\s+", Whitespace),
            *((pattern, TOKENS[kind]) for kind, pattern in patterns()),
            (r".", Text),
        ]
    }
