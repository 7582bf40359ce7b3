"""Rules about single characters, numbers, words and names that are spelled wrongly."""

from __future__ import annotations

import re
from unicodedata import name as unicode_name

from cnngraph.diagnostics import Diagnostic, Span, Suggestion
from cnngraph.spelling import nearest
from cnngraph.syntax.situation import Situation
from cnngraph.syntax.tokens import (
    ERROR,
    NEWLINE,
    RESERVED,
    STATEMENT_WORDS,
    VALUE_ENDS,
)

LOOKALIKES = {
    **dict.fromkeys("“”„«»", '"'),
    **dict.fromkeys("−–—", "-"),
    **dict.fromkeys("∗⋅·", "*"),
    **dict(zip("≤≥≠⇒…，：（）'", ("<=", ">=", "!=", "->", "..", ",", ":", "(", ")", '"'), strict=True)),
}
LINE_WORDS = ("import", "net", "block", "let", "shared", "return", "check", "residual", "repeat")


def bad_character(it: Situation) -> Diagnostic | None:
    if it.bad.type != "BAD_CHARACTER":
        return None
    character = it.bad.value
    meant = LOOKALIKES.get(character)
    shown = f"`{character}`" if character.isprintable() and not character.isspace() else f"U+{ord(character):04X}"
    remark = (
        unicode_name(character, "no character of any script").lower() if ord(character) > 126 else "not in the language"
    )
    helps = (f"write `{meant}`",) if meant else ("a comment begins with `#`",) if character in "/!%" else ()
    mend = _quoted(it) if meant == '"' else Suggestion(it.span(), meant) if meant else None
    return it.finding(f"the character {shown} has no meaning here", remark, *helps, mend=mend)


def _quoted(it: Situation) -> Suggestion | None:
    """The string between two marks of print, with those of the language."""
    text = re.match(r".([^\n\"\\]*?)[“”„«»']", it.source.text[it.bad.start_pos :])
    if text is None:
        return None
    return Suggestion(Span(it.source, it.bad.start_pos, it.bad.start_pos + text.end()), f'"{text[1]}"')


def foreign_comment(it: Situation) -> Diagnostic | None:
    if it.bad.type not in ("SLASH", "STAR") or not (it.kind(-1) == "SLASH" or it.begins_line):
        return None
    first = -1 if it.kind(-1) == "SLASH" else 0
    slashes = it.kind(first) == it.kind(first + 1) == "SLASH"
    if slashes and it.kind(first - 1) in VALUE_ENDS and (it.in_bracket or it.kind(first + 2) == "INT"):
        help_ = "`/` is exact on whole numbers, and `floor(a / b)` rounds down"
        return it.finding("unexpected `/`", "", help_, mend=Suggestion(it.span(first, first + 1), "/"))
    mend = Suggestion(it.span(first, first + 1), "#") if slashes else None
    return it.finding(f"unexpected `{it.bad.value}`", "", "a comment begins with `#`", mend=mend)


def open_string(it: Situation) -> Diagnostic | None:
    if it.bad.type != "OPEN_STRING":
        return None
    return it.finding("the string is not closed", "it begins here", 'close it with `"` on the same line')


def digit_then_letters(it: Situation) -> Diagnostic | None:
    if not it.touching or it.kind(-1) not in ("INT", "FLOAT") or it.bad.type not in RESERVED | {"NAME", "DIMS"}:
        return None
    whole = it.text(-1) + it.bad.value
    message = f"`{whole}` is neither a number nor a name"
    return it.finding(message, "", "names cannot begin with a digit", at=it.span(-1, 0))


def name_with_digit(it: Situation) -> Diagnostic | None:
    if it.bad.type not in ("INT", "FLOAT") or not it.accepts <= {"NAME", ERROR}:
        return None
    follower = it.near(1)
    glued = follower is not None and follower.type == "NAME" and follower.start_pos == it.bad.end_pos
    helps = (f"`{it.text(1)}_{it.bad.value}` is a name",) if glued and follower is not None else ()
    place = it.span(0, 1) if glued else it.span()
    return it.finding(
        f"a name cannot begin with the digit {it.bad.value[0]}", "a name is expected here", *helps, at=place
    )


def spaced_size(it: Situation) -> Diagnostic | None:
    if it.bad.type != "NAME" or it.bad.value != "x" or it.kind(-1) != "INT" or it.kind(1) != "INT":
        return None
    whole = f"{it.text(-1)}x{it.text(1)}"
    place = it.span(-1, 1)
    return it.finding(
        "a size is written without spaces", "", f"write `{whole}`", at=place, mend=Suggestion(place, whole)
    )


def half_number(it: Situation) -> Diagnostic | None:
    if it.bad.type == "DOT" and it.kind(1) == "INT" and it.kind(-1) not in VALUE_ENDS:
        place, number = it.span(0, 1), f"0.{it.text(1)}"
        mend = Suggestion(place, number)
        return it.finding("a number begins with a digit", "", f"write `{number}`", at=place, mend=mend)
    if it.kind(-1) == "DOT" and it.kind(-2) == "INT":
        place, number = it.span(-2, -1), f"{it.text(-2)}.0"
        mend = Suggestion(place, number)
        return it.finding("digits must follow the point of a number", "", f"write `{number}`", at=place, mend=mend)
    return None


def reserved_word(it: Situation) -> Diagnostic | None:
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


def misspelled(it: Situation) -> Diagnostic | None:
    """`imprt a from ...`, `retrun x`: a line that begins with two names, the first of them almost a word."""
    first = next((offset for offset in (-1, -2, -3) if it.kind(offset - 1) in (NEWLINE, "LBRACE", "VBAR")), None)
    if first is None or it.kind(first) != "NAME" or it.kind(first + 1) != "NAME":
        return None
    close = nearest(it.text(first), LINE_WORDS, 0.75)
    if close is None:
        return None
    place = it.span(first, first)
    message = f"`{it.text(first)}` is not a word of the language"
    return it.finding(message, "", f"did you mean `{close}`?", at=place, mend=Suggestion(place, close))
