"""A shell of IPython, one for all tests: there can be only one in a process."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


@pytest.fixture(scope="session")
def session(tmp_path_factory: pytest.TempPathFactory) -> InteractiveShell:
    pytest.importorskip("IPython", reason="IPython is not installed: `pip install '.[notebook]'`")
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "__main__", sys.modules["__main__"])  # a shell puts its own there
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        shell = InteractiveShell.instance(config=Config(HistoryManager={"enabled": False}), colors="linux")
    shell.run_line_magic("load_ext", "cnngraph")
    return shell


@pytest.fixture
def shell(session: InteractiveShell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> InteractiveShell:
    """The shell in an empty folder, without the names of other tests."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)
    session.reset(new_session=False)
    session.run_line_magic("colors", "linux")
    return session
