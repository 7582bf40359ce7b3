"""What to say about a token that does not fit: rules from the most special to the most general; the first to know wins.

Each rule looks at a `Situation` and answers with a diagnostic or with nothing. A rule offers a `Suggestion` only if the
mended text means what was surely meant.
"""

from __future__ import annotations

from collections.abc import Callable
from unicodedata import name as unicode_name

from cnngraph.diagnostics import Diagnostic, Suggestion
from cnngraph.syntax.situation import Situation
from cnngraph.syntax.tokens import (
    ARROW,
    CLOSER_OF,
    CLOSERS,
    DESCRIPTIONS,
    END,
    ERROR,
    ITEM_WORDS,
    NEWLINE,
    OPERATORS,
    RESERVED,
    STATEMENT_WORDS,
    TEXT_OF,
    VALUE_ENDS,
)

MAX_EXPECTED = 6

LOOKALIKES = {
    **dict.fromkeys("“”„«»", '"'),
    **dict.fromkeys("−–—", "-"),
    **dict.fromkeys("∗⋅·", "*"),
    **dict(zip("≤≥≠⇒…，：（）'", ("<=", ">=", "!=", "->", "..", ",", ":", "(", ")", '"'), strict=True)),
}
BRACKET_NAMES = {"LPAR": "parenthesis", "LSQB": "bracket"}
ENDS = frozenset({NEWLINE, END, "VBAR"}) | CLOSERS
VALUE_WORDS = frozenset({"IN", "IF", "ELSE", "ON", "WHERE", "CHECK", "RETURN", "PROJECT"})
WAIT_FOR_VALUE = OPERATORS | VALUE_WORDS | {ARROW, "EQUAL", "COLON", "COMMA"}
LISTED = frozenset({"NAME", "INT", "FLOAT", "DIMS", "STRING", "TRUE", "FALSE", "LSQB", "LPAR"})

Rule = Callable[[Situation], Diagnostic | None]


def explain(it: Situation) -> Diagnostic:
    """The finding about a token that does not fit."""
    return next(found for rule in RULES if (found := rule(it)) is not None)


# ---- characters and words -----------------------------------------------------------------------------------------


def _bad_character(it: Situation) -> Diagnostic | None:
    if it.bad.type != "BAD_CHARACTER":
        return None
    character = it.bad.value
    meant = LOOKALIKES.get(character)
    shown = f"`{character}`" if character.isprintable() and not character.isspace() else f"U+{ord(character):04X}"
    remark = (
        unicode_name(character, "no character of any script").lower() if ord(character) > 126 else "not in the language"
    )
    helps = (f"write `{meant}`",) if meant else ("a comment begins with `#`",) if character in "/!%" else ()
    return it.finding(f"the character {shown} has no meaning here", remark, *helps)


def _foreign_comment(it: Situation) -> Diagnostic | None:
    if it.bad.type not in ("SLASH", "STAR") or not (it.kind(-1) == "SLASH" or it.begins_line):
        return None
    return it.finding(f"unexpected `{it.bad.value}`", "", "a comment begins with `#`")


def _open_string(it: Situation) -> Diagnostic | None:
    if it.bad.type != "OPEN_STRING":
        return None
    return it.finding("the string is not closed", "it begins here", 'close it with `"` on the same line')


def _digit_then_letters(it: Situation) -> Diagnostic | None:
    if not it.touching or it.kind(-1) not in ("INT", "FLOAT") or it.bad.type not in RESERVED | {"NAME", "DIMS"}:
        return None
    whole = it.text(-1) + it.bad.value
    message = f"`{whole}` is neither a number nor a name"
    return it.finding(message, "", "names cannot begin with a digit", at=it.span(-1, 0))


def _name_with_digit(it: Situation) -> Diagnostic | None:
    if it.bad.type not in ("INT", "FLOAT") or not it.accepts <= {"NAME", ERROR}:
        return None
    follower = it.near(1)
    glued = follower is not None and follower.type == "NAME" and follower.start_pos == it.bad.end_pos
    helps = (f"`{it.text(1)}_{it.bad.value}` is a name",) if glued and follower is not None else ()
    place = it.span(0, 1) if glued else it.span()
    return it.finding(
        f"a name cannot begin with the digit {it.bad.value[0]}", "a name is expected here", *helps, at=place
    )


def _spaced_size(it: Situation) -> Diagnostic | None:
    if it.bad.type != "NAME" or it.bad.value != "x" or it.kind(-1) != "INT" or it.kind(1) != "INT":
        return None
    whole = f"{it.text(-1)}x{it.text(1)}"
    place = it.span(-1, 1)
    return it.finding(
        "a size is written without spaces", "", f"write `{whole}`", at=place, mend=Suggestion(place, whole)
    )


def _half_number(it: Situation) -> Diagnostic | None:
    if it.bad.type == "DOT" and it.kind(1) == "INT" and it.kind(-1) not in VALUE_ENDS:
        return it.finding("a number begins with a digit", "", f"write `0.{it.text(1)}`", at=it.span(0, 1))
    if it.kind(-1) == "DOT" and it.kind(-2) == "INT":
        return it.finding(
            "digits must follow the point of a number", "", f"write `{it.text(-2)}.0`", at=it.span(-2, -1)
        )
    return None


def _reserved_word(it: Situation) -> Diagnostic | None:
    if it.bad.type in ("COLON", "EQUAL") and it.kind(-1) in RESERVED:
        return _reserved(it, -1)
    if it.bad.type in RESERVED and (it.kind(1) in ("COLON", "EQUAL") or it.accepts <= {"NAME", ERROR}):
        if it.bad.type in STATEMENT_WORDS and it.kind(-1) == NEWLINE and it.kind(1) not in ("COLON", "EQUAL"):
            return None
        return _reserved(it, 0)
    return None


def _reserved(it: Situation, offset: int) -> Diagnostic:
    word = it.text(offset)
    message = f"`{word}` is a word of the language and cannot be a name"
    return it.finding(message, "", f"call it `{word}_1`, or use another word", at=it.span(offset, offset))


# ---- brackets and braces ------------------------------------------------------------------------------------------


def _open_bracket(it: Situation) -> Diagnostic | None:
    """A line, a lane, a body or the file ends inside `(` or `[`."""
    if not it.in_bracket or it.bad.type not in {NEWLINE, END, "VBAR", "RBRACE"} | STATEMENT_WORDS:
        return None
    assert it.opener is not None
    closer = CLOSER_OF[it.opener.type]
    what = {NEWLINE: "the line ends", END: "the file ends"}.get(it.bad.type, f"`{it.bad.value}` stands")
    helps = [f"close it with `{TEXT_OF[closer]}`"]
    if it.bad.type == NEWLINE and it.kind(-1) != "COMMA":
        helps.append("or, if the list goes on, put a comma at the end of the line")
    mend = Suggestion(it.after(-1), TEXT_OF[closer]) if closer in it.accepts else None
    message = f"{what} inside a {BRACKET_NAMES[it.opener.type]}"
    return it.finding(message, f"`{TEXT_OF[closer]}` is missing", *helps, also=it.opened_here(), mend=mend)


def _wrong_closer(it: Situation) -> Diagnostic | None:
    if it.bad.type not in CLOSERS:
        return None
    closer = it.bad.value
    if it.opener is None or (it.opener.type == "LBRACE" and it.bad.type != "RBRACE"):
        return it.finding(f"this `{closer}` closes nothing", "nothing is open here", "remove it")
    if CLOSER_OF[it.opener.type] == it.bad.type:
        return None
    wanted = TEXT_OF[CLOSER_OF[it.opener.type]]
    message = f"`{closer}` cannot close `{it.opener.value}`"
    return it.finding(message, f"`{wanted}` is expected here", also=it.opened_here())


def _open_body(it: Situation) -> Diagnostic | None:
    if it.open_kind != "LBRACE":
        return None
    if it.bad.type == END:
        help_ = "a `}` is missing at the end, or further up"
        return it.finding("the file ends inside a body", "`}` is missing", help_, also=it.opened_here())
    if it.bad.type in ITEM_WORDS and it.begins_line:
        message = f"`{it.bad.value}` stands inside a body"
        return it.finding(message, "a `}` is missing above", "close the body first", also=it.opened_here())
    return None


def _body_on_next_line(it: Situation) -> Diagnostic | None:
    if it.bad.type != NEWLINE or it.kind(1) != "LBRACE" or "LBRACE" not in it.accepts:
        return None
    return it.finding("the `{` of a body stands on the line that it belongs to", "write ` {` here")


def _missing_parameters(it: Situation) -> Diagnostic | None:
    if it.accepts - {ERROR} != {"LPAR"} or it.kind(-2) != "NET":
        return None
    mend = f"`net {it.text(-1)}(image: 3@224x224)`"
    return it.finding(
        "a net names its inputs", "the inputs are missing", f"write for example {mend}", at=it.span(-1, -1)
    )


def _misplaced_body(it: Situation) -> Diagnostic | None:
    if it.bad.type != "LBRACE":
        return None
    help_ = "only net, block, sections, merges, residual, repeat, for, if and on take `{ }`"
    return it.finding("a body cannot stand here", "", help_)


def _lanes(it: Situation) -> Diagnostic | None:
    if it.accepts == {"VBAR"} and it.kind(-1) == "LBRACE":
        helps = ("write `{ | ... | ... }`", "only residual, repeat, for, if and on take lines without `|`")
        return it.finding("a lane must begin with `|`", "", *helps)
    if it.bad.type in ("VBAR", "RBRACE") and it.kind(-1) == "VBAR":
        return it.finding("this lane is empty", "", "`identity` passes the value on", at=it.span(-1, -1))
    if it.bad.type == "VBAR":
        message = "`|` begins a lane, but there is no `{` of concat, add, mul, max or fork around it"
        return it.finding(message, "", "write `concat { | ... | ... }`")
    return None


# ---- what is missing between two things -----------------------------------------------------------------------------


def _number_of_version(it: Situation) -> Diagnostic | None:
    if it.kind(-1) != "CNN" or it.bad.type == "INT":
        return None
    return it.finding("the number of the version is missing", "", "write `cnn 1`")


def _comparison(it: Situation) -> Diagnostic | None:
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


def _missing_let(it: Situation) -> Diagnostic | None:
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
    mend = Suggestion(type(start)(it.source, start.start, start.start), "let ")
    return it.finding("`=` needs `let` here", "", help_, mend=mend)


def _several_without_let(it: Situation) -> Diagnostic | None:
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
    mend = Suggestion(type(start)(it.source, start.start, start.start), "let ")
    return it.finding(
        "`=` needs `let` here", "", f"write `let {', '.join(names)} = ...`", at=it.span(offset, offset), mend=mend
    )


def _missing_comma(it: Situation) -> Diagnostic | None:
    if "COMMA" not in it.accepts or it.bad.type not in LISTED or it.kind(-1) not in VALUE_ENDS:
        return None
    if not it.in_bracket and (NEWLINE in it.accepts or it.bad.type != "NAME"):
        return None
    before = it.text(-1)
    help_ = f"write `{before}, {it.bad.value}`" if before not in TEXT_OF.values() else "write `,` between them"
    what = "values" if it.in_bracket else "names"
    mend = Suggestion(it.after(-1), ",")
    return it.finding(f"a comma is missing between two {what}", "", help_, mend=mend)


def _missing_line_end(it: Situation) -> Diagnostic | None:
    """`update: D loss: ...` on one line."""
    if it.bad.type != "NAME" or it.kind(1) != "COLON" or it.kind(-1) not in VALUE_ENDS or NEWLINE not in it.accepts:
        return None
    message = f"`;` or a new line is missing before `{it.bad.value}:`"
    return it.finding(
        message, "another line begins here", "write `;` between two on one line", mend=Suggestion(it.after(-1), ";")
    )


def _arrow(it: Situation) -> Diagnostic | None:
    if it.bad.type != ARROW:
        return None
    if it.kind(-1) == ARROW:
        return it.finding("there is no layer between the two arrows", "", "remove one of them", also=())
    if it.kind(-1) in (NEWLINE, "LBRACE", "VBAR", "COLON", "EQUAL", "LPAR"):
        return it.finding("there is nothing before this arrow", "", "begin with a layer, or with `it`, the value above")
    return None


def _missing_value(it: Situation) -> Diagnostic | None:
    if it.bad.type not in ENDS | {"COMMA"} | STATEMENT_WORDS or it.kind(-1) not in WAIT_FOR_VALUE:
        return None
    before = it.text(-1)
    what = "a layer" if it.kind(-1) == ARROW else "a value"
    message = f"{what} is missing after `{before}`"
    return it.finding(message, "", at=it.span(-1, -1))


def _outside(it: Situation) -> Diagnostic | None:
    """A line that belongs into a net stands at the top level."""
    flow = it.kind(-1) == "NAME" and it.bad.type in OPERATORS | {"LPAR", ARROW, "COLON", "EQUAL", "LSQB", NEWLINE, END}
    words = it.bad.type in ("SHARED", "RETURN", "CHECK", "RESIDUAL", "REPEAT", "FOR", "IF", "ON") and it.begins_line
    if it.opener is not None or not (words or (flow and it.kind(-2) == NEWLINE)):
        return None
    place = it.span() if words else it.span(-1, -1)
    help_ = "only net, block, import, let and sections such as train stand at the top level"
    return it.finding("this line stands outside of every net and block", "", help_, at=place)


def _juxtaposed(it: Situation) -> Diagnostic | None:
    if it.bad.type not in LISTED | RESERVED or it.kind(-1) not in VALUE_ENDS or NEWLINE not in it.accepts:
        return None
    message = f"`{it.bad.value}` cannot follow `{it.text(-1)}` directly"
    return it.finding(message, "", "write one layer per line, or join them with `->`")


def _unexpected(it: Situation) -> Diagnostic:
    early = {NEWLINE: "the line ends too early", END: "the file ends too early"}
    message = early.get(it.bad.type, f"unexpected `{it.bad.value}`")
    names = sorted({DESCRIPTIONS.get(kind, kind) for kind in it.accepts - {ERROR}})
    if not names or len(names) > MAX_EXPECTED:
        return it.finding(message)
    expected = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
    return it.finding(message, "", f"expected {expected}")


RULES: tuple[Rule, ...] = (
    _bad_character,
    _foreign_comment,
    _open_string,
    _open_bracket,
    _spaced_size,
    _digit_then_letters,
    _name_with_digit,
    _half_number,
    _reserved_word,
    _number_of_version,
    _lanes,
    _missing_value,
    _open_body,
    _wrong_closer,
    _body_on_next_line,
    _comparison,
    _outside,
    _missing_let,
    _several_without_let,
    _missing_comma,
    _missing_line_end,
    _arrow,
    _missing_parameters,
    _misplaced_body,
    _juxtaposed,
    _unexpected,
)
