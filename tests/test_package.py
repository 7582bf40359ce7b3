"""What is installed is whole: grammar, networks, blocks, clusters and digits travel with the code."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from cnngraph import resources
from cnngraph.diagnostics import CnnGraphError
from cnngraph.resources import resource

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "cnngraph"
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
WHEEL = SETTINGS["tool"]["hatch"]["build"]["targets"]["wheel"]
PLAIN = ("grammar", "specs/README.md", "specs/blocks", "specs/clusters", "specs/nets")  # no pictures, no runs


def plain_files() -> list[Path]:
    roots = [ROOT / place for place in PLAIN]
    return sorted(f.relative_to(ROOT) for root in roots for f in (root, *root.rglob("*")) if f.is_file())


def test_the_folders_of_plain_files_travel_along() -> None:
    assert WHEEL["force-include"] == {folder: f"cnngraph/{folder}" for folder in PLAIN}
    assert WHEEL["packages"] == ["cnngraph"]


def test_every_plain_file_is_found() -> None:
    assert len(plain_files()) > 20
    for file in plain_files():
        assert resource(*file.parts).read_bytes() == (ROOT / file).read_bytes()


def test_the_folders_may_stand_in_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in an installed package: its own folders come before those beside it."""
    inner = tmp_path / "cnngraph"
    for folder in (inner / "grammar", tmp_path / "grammar", tmp_path / "specs"):
        folder.mkdir(parents=True)
    monkeypatch.setattr(resources, "PACKAGE", inner)
    assert resource("grammar", "cnn.lark") == inner / "grammar" / "cnn.lark"
    assert resource("specs", "nets") == tmp_path / "specs" / "nets"
    (tmp_path / "specs").rmdir()
    with pytest.raises(CnnGraphError, match="E0501"):
        resource("specs", "nets")


def test_types_are_promised() -> None:
    assert (PACKAGE / "py.typed").is_file()


def test_the_command_is_named() -> None:
    assert SETTINGS["project"]["scripts"] == {"cnngraph": "cnngraph.cli.main:main"}
    for found in entry_points(group="console_scripts", name="cnngraph"):
        assert callable(found.load())


def test_every_folder_is_a_package() -> None:
    folders = {f.parent for f in PACKAGE.rglob("*.py")}
    assert [str(f) for f in folders if not (f / "__init__.py").is_file()] == []


@pytest.mark.sweep
def test_a_wheel_holds_everything(tmp_path: Path) -> None:
    """Builds a wheel, and runs a command from what is in it, away from the checkout."""
    pytest.importorskip("hatchling")
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", str(ROOT), "-w", str(tmp_path)]
    subprocess.run(build, check=True, capture_output=True, cwd=tmp_path)
    (wheel,) = tmp_path.glob("cnngraph-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
        archive.extractall(tmp_path / "installed")
    wanted = {f"cnngraph/{f.as_posix()}" for f in plain_files()}
    wanted |= {f.relative_to(ROOT).as_posix() for ending in ("py", "md") for f in PACKAGE.rglob(f"*.{ending}")}
    wanted |= {"cnngraph/py.typed", "cnngraph/grammar/cnn.lark", "cnngraph/data/digits/digits.csv.gz"}
    assert wanted - held == set()
    assert not [name for name in held if "/__pycache__/" in name or name.startswith("tests/")]

    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path / 'installed')!r}); sys.argv = ['cnngraph', *sys.argv[1:]]; "
        "from cnngraph.cli.main import main; from cnngraph.resources import resource; print(resource('specs')); main()"
    )
    command = [sys.executable, "-I", "-c", program, "demo", "--epochs", "1", "-o", "demo"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(tmp_path / "installed" / "cnngraph" / "specs"))
    assert len(list((tmp_path / "demo").iterdir())) == 7
