"""Rules about what is missing, or too much, between two things that are right by themselves."""

from __future__ import annotations

from cnngraph.diagnostics import Diagnostic, Span, Suggestion
from cnngraph.syntax.situation import Situation
from cnngraph.syntax.tokens import (
    ARROW,
    CLOSERS,
    END,
    ERROR,
    NEWLINE,
    OPERATORS,
    RESERVED,
    STATEMENT_WORDS,
    TEXT_OF,
    VALUE_ENDS,
)

ENDS = frozenset({NEWLINE, END, "VBAR"}) | CLOSERS
VALUE_WORDS = frozenset({"IN", "IF", "ELSE", "ON", "WHERE", "CHECK", "RETURN", "PROJECT"})
WAIT_FOR_VALUE = OPERATORS | VALUE_WORDS | {ARROW, "EQUAL", "COLON", "COMMA"}
LISTED = frozenset({"NAME", "INT", "FLOAT", "DIMS", "STRING", "TRUE", "FALSE", "LSQB", "LPAR"})


def number_of_version(it: Situation) -> Diagnostic | None:
    if it.kind(-1) != "CNN" or it.bad.type == "INT":
        return None
    return it.finding("the number of the version is missing", "", "write `cnn 1`")


def comparison(it: Situation) -> Diagnostic | None:
    """`=` or a second comparison where two values are compared."""
    if it.bad.type == "COMPARE" and it.kind(-1) in VALUE_ENDS:
        return it.finding("a comparison has two sides", "", "join two comparisons with `and`")
    if it.bad.type != "EQUAL" or it.kind(-1) not in VALUE_ENDS or it.in_bracket:
        return None
    words = [it.kind(-n) for n in range(1, min(it.index + 1, 20))]
    line = words[: words.index(NEWLINE)] if NEWLINE in words else words
    if not {"CHECK", "WHERE", "IF"} & set(line):
        return None
    return it.finding("a comparison is written `==`", "", "write `==`", mend=Suggestion(it.span(), "=="))


def repeated_body(it: Situation) -> Diagnostic | None:
    """`residual { ... } * 3`: only what stands in parentheses is multiplied."""
    if it.bad.type != "STAR" or it.kind(-1) != "RBRACE":
        return None
    return it.finding("a body is not multiplied", "", "write `repeat n { ... }`, or put all of it in parentheses")


def let_word(it: Situation) -> Diagnostic | None:
    if it.bad.type != "EQUAL" or it.kind(-1) != "NAME" or it.in_bracket:
        return None
    name = it.text(-1)
    if it.accepts <= {"COLON", "LBRACE", "NAME", ERROR} and it.open_kind == "LBRACE":
        message = "a key and its value are joined by `:`"
        return it.finding(message, "", f"write `{name}: ...`", mend=Suggestion(it.span(), ":"))
    first = -1
    while it.kind(first - 1) == "COMMA" and it.kind(first - 2) == "NAME":
        first -= 2
    if it.kind(first - 1) not in (NEWLINE, "LBRACE", "VBAR", "COLON"):
        return None
    names = ", ".join(it.text(offset) for offset in range(first, 0, 2))
    help_ = f"write `let {names} = ...`" + (f", or `{name}: ...` to name this line" if first == -1 else "")
    start = it.span(first, first)
    row = first == -1 and it.kind(1) == "NAME" and it.kind(2) == "LPAR"  # `c3 = conv(...)` may be a labelled row
    mend = Suggestion(Span(it.source, start.start, start.start), "let ", safe=not row)
    return it.finding("`=` needs `let` here", "", help_, mend=mend)


def several_without_let(it: Situation) -> Diagnostic | None:
    """`a, b = ...`: the comma is where the parser stumbles."""
    if it.bad.type != "COMMA" or it.kind(-1) != "NAME" or it.kind(-2) not in (NEWLINE, "LBRACE", "VBAR"):
        return None
    names, offset = [it.text(-1)], 0
    while it.kind(offset) == "COMMA" and it.kind(offset + 1) == "NAME":
        names.append(it.text(offset + 1))
        offset += 2
    if it.kind(offset) != "EQUAL":
        return it.finding("a line has one value", "", "write one layer per line, or join them with `->`")
    start = it.span(-1, -1)
    mend = Suggestion(Span(it.source, start.start, start.start), "let ")
    return it.finding(
        "`=` needs `let` here", "", f"write `let {', '.join(names)} = ...`", at=it.span(offset, offset), mend=mend
    )


def comma(it: Situation) -> Diagnostic | None:
    if "COMMA" not in it.accepts or it.bad.type not in LISTED or it.kind(-1) not in VALUE_ENDS:
        return None
    if not it.in_bracket and (NEWLINE in it.accepts or it.bad.type != "NAME"):
        return None
    before = it.text(-1)
    help_ = f"write `{before}, {it.bad.value}`" if before not in TEXT_OF.values() else "write `,` between them"
    what = "values" if it.in_bracket else "names"
    mend = Suggestion(it.after(-1), ",")
    return it.finding(f"a comma is missing between two {what}", "", help_, mend=mend)


def line_end(it: Situation) -> Diagnostic | None:
    """`update: D loss: ...` on one line."""
    if it.bad.type != "NAME" or it.kind(1) != "COLON" or it.kind(-1) not in VALUE_ENDS or NEWLINE not in it.accepts:
        return None
    message = f"`;` or a new line is missing before `{it.bad.value}:`"
    return it.finding(
        message, "another line begins here", "write `;` between two on one line", mend=Suggestion(it.after(-1), ";")
    )


def arrow(it: Situation) -> Diagnostic | None:
    if it.bad.type != ARROW:
        return None
    if it.kind(-1) == ARROW:
        mend = Suggestion(it.after(-1).to(it.span()), "")
        return it.finding("there is no layer between the two arrows", "", "remove one of them", mend=mend)
    if it.kind(-1) in (NEWLINE, "LBRACE", "VBAR", "COLON", "EQUAL", "LPAR"):
        return it.finding("there is nothing before this arrow", "", "begin with a layer, or with `it`, the value above")
    return None


def value(it: Situation) -> Diagnostic | None:
    if it.bad.type not in ENDS | {"COMMA"} | STATEMENT_WORDS or it.kind(-1) not in WAIT_FOR_VALUE:
        return None
    before = it.text(-1)
    what = "a layer" if it.kind(-1) == ARROW else "a value"
    message = f"{what} is missing after `{before}`"
    return it.finding(message, "", at=it.span(-1, -1))


def outside(it: Situation) -> Diagnostic | None:
    """A line that belongs into a net stands at the top level."""
    flow = it.kind(-1) == "NAME" and it.bad.type in OPERATORS | {"LPAR", ARROW, "COLON", "EQUAL", "LSQB", NEWLINE, END}
    words = it.bad.type in ("SHARED", "RETURN", "CHECK", "RESIDUAL", "REPEAT", "FOR", "IF", "ON") and it.begins_line
    if it.opener is not None or not (words or (flow and it.kind(-2) == NEWLINE)):
        return None
    place = it.span() if words else it.span(-1, -1)
    help_ = "only net, block, import, let and sections such as train stand at the top level"
    return it.finding("this line stands outside of every net and block", "", help_, at=place)


def juxtaposed(it: Situation) -> Diagnostic | None:
    if it.bad.type not in LISTED | RESERVED or it.kind(-1) not in VALUE_ENDS or NEWLINE not in it.accepts:
        return None
    message = f"`{it.bad.value}` cannot follow `{it.text(-1)}` directly"
    layers = it.bad.type == "NAME" and it.opener is not None and not it.in_bracket
    mend = Suggestion(it.after(-1), " ->", safe=False) if layers else None
    return it.finding(message, "", "write one layer per line, or join them with `->`", mend=mend)
