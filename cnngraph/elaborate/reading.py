"""A session with its readers: expressions, pipes and bodies, which read each other."""

from __future__ import annotations

from cnngraph.elaborate.body import results_of, run_body
from cnngraph.elaborate.expressions import as_shape, evaluate, value_of
from cnngraph.elaborate.frame import Frame, Session, TooLarge
from cnngraph.elaborate.pipe import run_pipe
from cnngraph.elaborate.scan import scan
from cnngraph.elaborate.values import problem
from cnngraph.syntax import ast


def new_session(before: Session | None = None, alone: bool = False) -> Session:
    """An empty session, or one that goes on counting where another session of the same run has ended."""
    return Session(
        steps=before.steps if before else 0, read=before.read if before else set(), alone=alone,
        evaluate=evaluate, value_of=value_of, as_shape=as_shape, run_pipe=run_pipe, run_body=run_body, scan=scan,
    )


def read_statement(frame: Frame, statement: ast.Statement) -> None:
    """Read one statement by itself; what is wrong is in `frame.session.found`."""
    session = frame.session
    try:
        results_of(frame, (statement,))
    except TooLarge as found:
        session.found.append(found.diagnostic)
    except RecursionError:
        session.found.append(problem("E0402", "the line is nested too deeply", statement.span).diagnostic)
