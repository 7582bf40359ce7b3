"""`cnngraph expr`: work out one expression: shapes and parameters with their formulas."""

from __future__ import annotations

import click


@click.command()
@click.argument("expression", nargs=-1, required=True)
def command(expression: tuple[str, ...]) -> None:
    """Say what EXPRESSION gives, unit by unit, with formulas and numbers.

    \b
    cnngraph expr "3@227x227 -> conv(96, 11x11/4) -> relu"
    cnngraph expr "64@56x56 -> bottleneck(64)"
    cnngraph expr "a: 8@5x5; b: 8@5x5; concat(a, b)"
    cnngraph expr "floor((227 - 11)/4) + 1"

    Everything of the language may stand in it, and all blocks of the standard library; `;` separates lines. A line
    that begins with a shape begins with an input of that shape.
    """
    from cnngraph.expression.answer import answer
    from cnngraph.expression.text import text

    click.echo(text(answer(" ".join(expression))))
