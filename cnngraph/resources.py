"""The folders of plain files that belong to the package: `grammar` and `specs`.

They stand beside the package in a checkout, where people read and edit them, and inside it in a wheel. This file is
not for files of users.
"""

from __future__ import annotations

from pathlib import Path

from cnngraph.diagnostics import error

PACKAGE = Path(__file__).resolve().parent


def resource(*parts: str) -> Path:
    """The path of a file or folder below `grammar` or `specs`; the first part names one of these two folders.

    The wheel's place is looked at first, because beside an installed package other projects may have a folder of
    the same name. Only the folder has to exist: a wrong file name below it is the caller's to find out.
    """
    for root in (PACKAGE, PACKAGE.parent):
        if (root / parts[0]).is_dir():
            return root.joinpath(*parts)
    raise error("E0501", f"the installation lacks its folder `{parts[0]}`", "install cnngraph again")
