"""An error that ends a cell: the report that a terminal shows, and the line of the cell, in the place of a traceback.

IPython asks an exception itself how it is to be shown, so no handler that a user has set is replaced. The traceback is
there when it is wanted: `%xmode Verbose`, and `%tb` after an error.
"""

from __future__ import annotations

import os
from linecache import getline
from pathlib import Path
from traceback import walk_tb
from types import FrameType
from typing import TYPE_CHECKING, Any

from cnngraph.diagnostics import CnnGraphError
from cnngraph.reports.terminal import report

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

PACKAGE = str(Path(__file__).parents[1])
LONGEST = 160  # characters of the line that is shown


def report_errors(shell: InteractiveShell) -> None:
    """Let this shell show errors of ours as reports."""

    def lines(problem: CnnGraphError) -> list[str]:
        if shell.InteractiveTB.mode == "Verbose":
            found: list[str] = shell.InteractiveTB.structured_traceback(type(problem), problem, problem.__traceback__)
            return found
        place = _place(shell, problem)
        return [report(problem.diagnostics, is_coloured(shell)), *([f"\n{place}"] if place else [])]

    CnnGraphError._render_traceback_ = lines  # type: ignore[attr-defined]


def is_coloured(shell: InteractiveShell) -> bool:
    """As the user has set it for tracebacks."""
    return str(shell.colors).lower() != "nocolor" and not os.environ.get("NO_COLOR")


def _place(shell: InteractiveShell, problem: CnnGraphError) -> str:
    """The last line on the way to the error that is the user's: `Cell In[3], line 2: net = cnngraph.loads(text)`."""
    steps = [(frame, line) for frame, line in walk_tb(problem.__traceback__) if _is_users(shell, frame)]
    if not steps:
        return ""
    frame, line = steps[-1]
    named: Any = shell.compile.format_code_name(frame.f_code.co_filename)
    where = " ".join(named) if named else frame.f_code.co_filename
    return f"{where}, line {line}: {getline(frame.f_code.co_filename, line).strip()[:LONGEST]}"


def _is_users(shell: InteractiveShell, frame: FrameType) -> bool:
    """Whether a frame is code of a cell, or of a file that is neither ours nor the shell's."""
    name = frame.f_code.co_filename
    return not name.startswith(PACKAGE) and f"{os.sep}IPython{os.sep}" not in name and "ipykernel" + os.sep not in name
