"""The program that lays a picture out: the system's `dot`, or `graphviz-pure`, which is installed with this package."""

from __future__ import annotations

import os
import shutil
import site
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from cnngraph.diagnostics import error

NAMES = ("dot", "graphviz-pure")
TIMEOUT_SECONDS = 120.0
CONTROLS = {code: " " for code in range(32) if chr(code) not in "\t\n\r"}  # names of files have them, XML may not


def find_engine() -> str:
    """Path of the layout program; E0603 where there is none.

    `dot` is looked for on PATH; `graphviz-pure` beside the interpreter, among the scripts of this Python, then on PATH.
    """
    dot, pure = NAMES
    if found := shutil.which(dot):
        return found
    places = [Path(sys.executable).parent, Path(sysconfig.get_path("scripts")), Path(site.getuserbase()) / "bin"]
    found = shutil.which(pure, path=os.pathsep.join(map(str, places))) or shutil.which(pure)
    if found is None:
        raise error(
            "E0603",
            "no drawing engine is installed: neither `dot` nor `graphviz-pure` was found",
            "`pip install graphviz-pure` needs nothing else; Graphviz itself works too",
            "format `dot` writes the picture as text and needs no engine",
        )
    return found


def lay_out(
    source: str,
    format: str,
    attributes: Mapping[str, str] | None = None,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> bytes:
    """`source` in the DOT language, drawn as `format`; E0603 where the engine fails or takes too long.

    `attributes` are more of the whole graph.
    """
    more = [f"-G{name}={value}" for name, value in (attributes or {}).items()]
    command = [find_engine(), "-Kdot", f"-T{format}", *more]
    told = source.translate(CONTROLS).encode()
    try:
        done = subprocess.run(command, input=told, capture_output=True, timeout=timeout_seconds, check=False)
    except subprocess.TimeoutExpired:
        raise error(
            "E0603",
            f"the drawing engine took more than {timeout_seconds:g} seconds",
            "a smaller `depth` shows fewer boxes",
        ) from None
    except OSError as cause:
        raise error("E0603", f"the drawing engine {command[0]} cannot be started: {cause.strerror}") from None
    if done.returncode or not done.stdout:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        last = said[-1] if said else f"exit status {done.returncode}"
        raise error("E0603", f"the drawing engine {command[0]} failed: {last}", "format `dot` needs no engine")
    return done.stdout
