"""What to say about a token that does not fit: rules from the most special to the most general; the first to know wins.

The rules stand in `rules/`. Each looks at a `Situation` and answers with a diagnostic or with nothing. A rule offers a
`Suggestion` only if the mended text means what was surely meant.
"""

from __future__ import annotations

from collections.abc import Callable

from cnngraph.diagnostics import Diagnostic
from cnngraph.syntax.rules import brackets, missing, spelling
from cnngraph.syntax.situation import Situation
from cnngraph.syntax.tokens import DESCRIPTIONS, END, ERROR, NEWLINE

MAX_EXPECTED = 6

Rule = Callable[[Situation], Diagnostic | None]


def explain(it: Situation) -> Diagnostic:
    """The finding about a token that does not fit."""
    return next(found for rule in RULES if (found := rule(it)) is not None)


def _unexpected(it: Situation) -> Diagnostic:
    early = {NEWLINE: "the line ends too early", END: "the file ends too early"}
    message = early.get(it.bad.type, f"unexpected `{it.bad.value}`")
    names = sorted({DESCRIPTIONS.get(kind, kind) for kind in it.accepts - {ERROR}})
    if not names or len(names) > MAX_EXPECTED:
        return it.finding(message)
    expected = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
    return it.finding(message, "", f"expected {expected}")


RULES: tuple[Rule, ...] = (
    spelling.bad_character,
    spelling.foreign_comment,
    spelling.open_string,
    brackets.open_bracket,
    spelling.spaced_size,
    spelling.digit_then_letters,
    spelling.name_with_digit,
    spelling.half_number,
    spelling.reserved_word,
    spelling.misspelled,
    missing.number_of_version,
    brackets.lanes,
    missing.value,
    brackets.open_body,
    brackets.wrong_closer,
    brackets.body_on_next_line,
    missing.comparison,
    missing.repeated_body,
    missing.outside,
    missing.let_word,
    missing.several_without_let,
    missing.comma,
    missing.line_end,
    missing.arrow,
    brackets.missing_parameters,
    brackets.misplaced_body,
    missing.juxtaposed,
    _unexpected,
)
