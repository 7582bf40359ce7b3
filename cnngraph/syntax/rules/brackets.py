"""Rules about brackets, bodies and lanes: what is open, what closes it, what may stand inside."""

from __future__ import annotations

from cnngraph.diagnostics import Diagnostic, Suggestion
from cnngraph.syntax.situation import Situation
from cnngraph.syntax.tokens import (
    CLOSER_OF,
    CLOSERS,
    END,
    ERROR,
    ITEM_WORDS,
    NEWLINE,
    STATEMENT_WORDS,
    TEXT_OF,
)

BRACKET_NAMES = {"LPAR": "parenthesis", "LSQB": "bracket"}


def open_bracket(it: Situation) -> Diagnostic | None:
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


def wrong_closer(it: Situation) -> Diagnostic | None:
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


def open_body(it: Situation) -> Diagnostic | None:
    if it.open_kind != "LBRACE":
        return None
    if it.bad.type == END:
        help_ = "a `}` is missing at the end, or further up"
        return it.finding("the file ends inside a body", "`}` is missing", help_, also=it.opened_here())
    if it.bad.type in ITEM_WORDS and it.begins_line:
        message = f"`{it.bad.value}` stands inside a body"
        return it.finding(message, "a `}` is missing above", "close the body first", also=it.opened_here())
    return None


def body_on_next_line(it: Situation) -> Diagnostic | None:
    if it.bad.type != NEWLINE or it.kind(1) != "LBRACE" or "LBRACE" not in it.accepts:
        return None
    return it.finding("the `{` of a body stands on the line that it belongs to", "`{` is missing", "write it here")


def missing_parameters(it: Situation) -> Diagnostic | None:
    if it.accepts - {ERROR} != {"LPAR"} or it.kind(-2) != "NET":
        return None
    mend = f"`net {it.text(-1)}(image: 3@224x224)`"
    return it.finding(
        "a net names its inputs", "the inputs are missing", f"write for example {mend}", at=it.span(-1, -1)
    )


def misplaced_body(it: Situation) -> Diagnostic | None:
    if it.bad.type != "LBRACE":
        return None
    help_ = "only net, block, sections, merges, residual, repeat, for, if and on take `{ }`"
    return it.finding("a body cannot stand here", "", help_)


def lanes(it: Situation) -> Diagnostic | None:
    if it.accepts == {"VBAR"} and it.kind(-1) == "LBRACE":
        helps = ("write `{ | ... | ... }`", "only residual, repeat, for, if and on take lines without `|`")
        return it.finding("a lane must begin with `|`", "", *helps)
    if it.bad.type in ("VBAR", "RBRACE") and it.kind(-1) == "VBAR":
        return it.finding("this lane is empty", "", "`identity` passes the value on", at=it.span(-1, -1))
    if it.bad.type == "VBAR":
        message = "`|` begins a lane, but there is no `{` of concat, add, mul, max or fork around it"
        return it.finding(message, "", "write `concat { | ... | ... }`")
    return None
