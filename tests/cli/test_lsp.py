"""`cnngraph lsp` where it cannot work; what it does is tested in `tests/editor`."""

from __future__ import annotations

import pytest
from cli.terminal import Run


def test_it_says_what_to_install(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cnngraph.cli.lsp.find_spec", lambda name: None)
    outcome = run("lsp", "--stdio")
    assert outcome.code == 1
    assert "pip install 'cnngraph[lsp]'" in outcome.err
