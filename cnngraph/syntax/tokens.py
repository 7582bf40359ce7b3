"""What the front end knows about tokens: their shape, their kinds, and how a message names them.

The kinds are the terminals of `grammar/cnn.lark`. Nothing here imports the parser library: a token is anything that
looks like one.
"""

from __future__ import annotations

from typing import Protocol


class Token(Protocol):
    """One token: its kind, its text, and the characters of the source that it covers."""

    type: str
    value: str
    start_pos: int
    end_pos: int


END = "$END"
NEWLINE = "_NEWLINE"
ARROW = "_ARROW"
ERROR = "ERROR"

WORDS = frozenset(
    [
        "cnn",
        "import",
        "from",
        "as",
        "net",
        "block",
        "where",
        "let",
        "shared",
        "return",
        "check",
        "for",
        "in",
        "repeat",
        "if",
        "else",
        "residual",
        "project",
        "on",
        "and",
        "or",
        "not",
        "true",
        "false",
    ]
)
RESERVED = frozenset(word.upper() for word in WORDS)

CLOSER_OF = {"LPAR": "RPAR", "LSQB": "RSQB", "LBRACE": "RBRACE"}
TEXT_OF = {"LPAR": "(", "RPAR": ")", "LSQB": "[", "RSQB": "]", "LBRACE": "{", "RBRACE": "}"}
OPENERS = frozenset(CLOSER_OF)
CLOSERS = frozenset(CLOSER_OF.values())

ITEM_WORDS = frozenset({"NET", "BLOCK", "IMPORT"})
STATEMENT_WORDS = ITEM_WORDS | {"LET", "SHARED", "RETURN", "CHECK"}
OPERATORS = frozenset({"PLUS", "MINUS", "STAR", "SLASH", "PERCENT", "COMPARE", "AT", "DOT_DOT", "AND", "OR", "NOT"})
ATOMS = frozenset({"NAME", "INT", "FLOAT", "DIMS", "STRING", "OPEN_STRING", "TRUE", "FALSE"})
VALUE_STARTS = ATOMS | {"RESIDUAL", "REPEAT", "FOR"}
VALUE_ENDS = ATOMS | CLOSERS

DESCRIPTIONS = {
    END: "the end of the file",
    NEWLINE: "the end of the line",
    ARROW: "`->`",
    "NAME": "a name",
    "INT": "a number",
    "FLOAT": "a number",
    "DIMS": "a size such as 3x3",
    "STRING": "a string",
    "COMPARE": "a comparison",
    "COMMA": "`,`",
    "COLON": "`:`",
    "EQUAL": "`=`",
    "VBAR": "`|`",
    "DOT": "`.`",
    "DOT_DOT": "`..`",
    "AT": "`@`",
    "PLUS": "`+`",
    "MINUS": "`-`",
    "STAR": "`*`",
    "SLASH": "`/`",
    "PERCENT": "`%`",
    **{kind: f"`{text}`" for kind, text in TEXT_OF.items()},
    **{word.upper(): f"`{word}`" for word in WORDS},
}
