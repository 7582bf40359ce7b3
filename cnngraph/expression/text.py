"""An answer as lines of text."""

from __future__ import annotations

from collections.abc import Iterator

from cnngraph.expression.answer import Answer, Step

INDENT = "    "


def text(answer: Answer) -> str:
    """The answer for a terminal: each unit with its shape, and under it how that comes about.

    >>> from cnngraph.expression.answer import answer
    >>> print(text(answer("1@6x6 -> maxpool(2x2)")))
    1@6x6                        1@6x6
        values           6*6*1 = 36
    maxpool(2x2)                 1@3x3
        positions        (N + 2P - F)/S + 1 = (6 + 2*0 - 2)/2 + 1 = 3
        receptive field  2x2, step 2
    """
    if answer.value:
        return answer.value
    lines = [line for step in answer.steps for line in _step(step)]
    if answer.totals:
        lines += ["", *(f"{name}: {value}" for name, value in answer.totals)]
    return "\n".join(lines)


def _step(step: Step) -> Iterator[str]:
    yield f"{step.text:<28} {', '.join(step.shapes)}".rstrip()
    for name, line in step.lines:
        yield f"{INDENT}{name:<16} {line}"
    if step.inside:
        yield from (f"{INDENT}{line}" for line in step.inside.text().splitlines())
