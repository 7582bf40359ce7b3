"""Archives that are damaged; they are looked at without PyTorch."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from cnngraph.diagnostics import CnnGraphError
from cnngraph.interop.pytorch.archive import kind_of


def archive(path: Path, code: bytes) -> Path:
    """What a traced module looks like from outside."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        file.writestr("m/constants.pkl", b"")
        file.writestr("m/code/__torch__.py", code, zipfile.ZIP_DEFLATED)
    path.write_bytes(made.getvalue())
    return path


def test_a_traced_module_is_told_from_outside(tmp_path: Path) -> None:
    assert kind_of(archive(tmp_path / "m.pt", b"class Net(Module):\n" * 50)) == "traced"


def test_bits_that_are_wrong_in_what_is_packed(tmp_path: Path) -> None:
    """Wherever they are, the archive is read or refused."""
    path = archive(tmp_path / "m.pt", bytes(range(256)) * 4)
    whole = path.read_bytes()
    start = whole.index(b"__torch__.py") + len(b"__torch__.py")
    refused = 0
    for place in range(start, start + 200):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        try:
            kind_of(path)
        except CnnGraphError as problem:
            refused += "E0801" in str(problem)
    assert refused > 150


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"PK\x05\x06" + bytes(18), bytes(1000)])
def test_files_that_are_no_archives(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "m.pt"
    path.write_bytes(content)
    with pytest.raises(CnnGraphError, match="E0801"):
        kind_of(path)
