"""`cnngraph expr` works an expression out, and ends with 1 where it cannot."""

from __future__ import annotations

from cli.terminal import Run


def test_a_pipe(run: Run) -> None:
    outcome = run("expr", "3@227x227 -> conv(96, 11x11/4) -> relu").done("96@55x55", "11*11*3*96 + 96 = 34,944")
    assert outcome.out.splitlines()[2] == "conv(96, 11x11/4)            96@55x55"


def test_words_of_a_shell_are_one_expression(run: Run) -> None:
    assert run("expr", "1", "+", "2").done().out == "3\n"


def test_errors_point_into_it(run: Run) -> None:
    run("expr", "3@8x8 -> dense(10)").refused("1 | 3@8x8 -> dense(10)\n  |          ^^^^^^^^^ dense is here")
    run("expr").refused("Missing argument", code=2)
