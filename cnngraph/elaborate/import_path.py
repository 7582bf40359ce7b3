"""Where an import may lead: to the package (`std/...`), or to a `.cnn` file near the one that is compiled.

    models/nets/net.cnn           this is compiled
    models/nets/sub/a.cnn         "sub/a.cnn"           below its folder: yes
    models/blocks/b.cnn           "../blocks/b.cnn"     in a neighbouring folder: yes
    secrets/c.cnn                 "../../secrets/c.cnn" further out: no; nor by an absolute path, nor by a symbolic link

So a network that somebody sends cannot make messages quote files of another project, and a folder that holds the nets
and the blocks of a project is complete: it can be moved as a whole.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from cnngraph.elaborate.values import problem
from cnngraph.resources import resource
from cnngraph.syntax import ast

STANDARD = "std/"


def imported_path(path: ast.String, importer: Path, compiled: Path, within: Path | None = None) -> Path:
    """The file that an import means, all links followed. Raises a problem with E0501 where no import may lead.

    `within` is a folder that no import leaves, where neighbours of the folder of `compiled` are too much.
    """
    text, span = path.value, path.span
    standard = text.startswith(STANDARD)
    inside = PurePosixPath(text.removeprefix(STANDARD))
    if inside.suffix != ".cnn":
        help_ = f'write "{text}.cnn"' if inside.name and not inside.suffix else "its folder holds `.cnn` files"
        raise problem("E0501", f"an import names a file that ends in .cnn, not `{text}`", span, "here", help_)
    if inside.is_absolute():
        raise problem("E0501", f"{text} is an absolute path", span, "here", "write it from the folder of this file")
    package = resource("specs", "blocks")
    try:
        target = ((package if standard else importer.parent) / inside).resolve()
        near = [] if standard else [within.resolve() if within else compiled.resolve().parent.parent]
        target.exists()  # asks the system whether it can name such a file at all
    except (OSError, ValueError, RuntimeError) as failure:
        raise problem("E0501", f"{text} cannot be read: {_reason(failure)}", span) from failure
    if target.suffix != ".cnn" or not any(target.is_relative_to(folder) for folder in [package.resolve(), *near]):
        near_by = f"the folder {within.name}" if within else f"the folder of {compiled.name} and its neighbours"
        where = "the folder of the package" if standard else near_by
        helps = () if standard else ("copy the file into that folder",)
        raise problem("E0501", f"{text} leaves {where}", span, "here", *helps)
    return target


def _reason(failure: Exception) -> str:
    if isinstance(failure, OSError):
        return failure.strerror or str(failure)
    return "its links lead in a circle" if isinstance(failure, RuntimeError) else "no path has such characters"
