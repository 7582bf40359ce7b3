"""Imports point one way: a module imports only from a lower row of the table, or from its own folder."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import networkx
import pytest

PACKAGE = Path(__file__).parents[1] / "cnngraph"

ROWS = (
    ("diagnostics",),
    ("resources", "spelling", "uncollected", "reports", "explain"),
    ("ir",),
    ("ops", "syntax", "cost"),
    ("elaborate", "passes", "autodiff"),
    ("partition", "lint", "kernels"),
    ("plan", "pipeline"),
    ("runtime", "render"),
    ("interop",),  # it reads and writes files of others; as a backend of ONNX it also runs what it reads
    ("data",),
    ("train", "compare", "expression"),
    ("net",),  # the module that people hold: it joins all the rows below
    # what commands and editors ask: all that is wrong with a file, all about a layer, what a trained net does, and why
    ("judge", "reference", "examine", "search"),
    ("editor", "watch"),
    ("pages",),
    ("serve", "notebook"),
    ("cli",),
)
TOP = len(ROWS)  # the modules directly in the package: the public names
ROW_OF = {folder: row for row, folders in enumerate(ROWS) for folder in folders}

DOORS = {
    "lark": ("syntax/parse.py",),
    "networkx": ("ir/graph.py",),
    "graphviz": ("render/",),
    "onnx": ("interop/onnx/", "interop/pytorch/exported.py"),
    "onnxruntime": ("interop/onnx/runtime.py",),
    "google": ("interop/onnx/",),  # protobuf: what a damaged file raises
    "safetensors": ("interop/safetensors.py",),
    "torch": ("interop/pytorch/",),
    "threadpoolctl": ("runtime/",),
    "numba": ("kernels/loops/",),
    "llvmlite": ("kernels/loops/options.py",),
    "mpi4py": ("runtime/engines/mpi.py",),
    "ray": ("runtime/engines/ray.py",),
    "ortools": ("partition/strategies/constraint.py", "partition/strategies/pieces_constraint.py"),
    "scipy": ("partition/strategies/integer.py",),
    "optuna": ("search/tpe.py",),
    "tensorboard": ("train/tensorboard.py",),
    "click": ("cli/",),
    "rich": ("cli/", "render/", "train/progress.py"),
    "matplotlib": ("render/chart.py",),
    "datasets": ("data/hugging_face.py",),
    "PIL": ("data/", "render/"),
    "pygments": ("editor/pygments_lexer.py",),
    "pygls": ("editor/server.py",),
    "lsprotocol": ("editor/server.py", "editor/answers.py"),
    "IPython": ("notebook/magic.py",),
}
"""Third parties, and the files or folders that may import them. NumPy and the standard library are free."""

FREE = ("numpy",)
VAGUE = ("util", "utils", "helper", "helpers", "common", "misc")


@dataclass(frozen=True)
class Import:
    """One import of a module: what it names, where it stands, and whether only type checkers see it."""

    importer: str
    imported: str
    line: int
    typing_only: bool

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.imported}"


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


@cache
def imports() -> tuple[Import, ...]:
    """All imports of the package, those inside functions included."""
    return tuple(found for name, path in MODULES.items() for found in imports_of(name, path))


def imports_of(name: str, path: Path) -> Iterator[Import]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    guarded = {
        id(inner)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.unparse(block.test)
        for inner in ast.walk(block)
    }
    for node in ast.walk(tree):
        for imported in names_in(node):
            yield Import(name, imported, node.lineno, id(node) in guarded)  # type: ignore[attr-defined]


def names_in(node: ast.AST) -> list[str]:
    """The modules that an import statement names; `from package import module` names the module."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, f"line {node.lineno}: imports are written in full"
        assert node.module is not None
        below = [f"{node.module}.{alias.name}" for alias in node.names]
        return [full if full in MODULES else node.module for full in below]
    return []


def folder_of(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def row_of(module: str) -> int:
    return ROW_OF.get(folder_of(module), TOP)


def allowed(found: Import) -> bool:
    importer, imported = found.importer, found.imported
    if row_of(importer) == TOP or folder_of(importer) == folder_of(imported):
        return True
    return row_of(imported) < row_of(importer)


def test_every_folder_has_a_row() -> None:
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert folders <= set(ROW_OF)


def test_imports_point_down() -> None:
    own = [found for found in imports() if found.imported.split(".")[0] == "cnngraph"]
    assert len(own) > 100
    assert [str(found) for found in own if not allowed(found)] == []


def test_no_circle_of_imports() -> None:
    graph = networkx.DiGraph(
        (found.importer, found.imported)
        for found in imports()
        if found.imported in MODULES and found.imported != found.importer and not found.typing_only
    )
    circles = [sorted(part) for part in networkx.strongly_connected_components(graph) if len(part) > 1]
    assert circles == []


@pytest.mark.parametrize("party", DOORS)
def test_a_third_party_has_one_door(party: str) -> None:
    outside = [
        str(found)
        for found in imports()
        if found.imported.split(".")[0] == party and not found.typing_only
        if not str(MODULES[found.importer].relative_to(PACKAGE).as_posix()).startswith(DOORS[party])
    ]
    assert outside == []


def test_third_parties_are_known() -> None:
    from sys import stdlib_module_names

    known = {*stdlib_module_names, *DOORS, *FREE, "cnngraph"}
    assert [str(found) for found in imports() if found.imported.split(".")[0] not in known] == []


def test_files_are_named_after_their_idea() -> None:
    assert [name for name in MODULES if name.split(".")[-1].strip("_") in VAGUE] == []


def test_the_rule_itself() -> None:
    def between(importer: str, imported: str) -> bool:
        return allowed(Import(importer, imported, 1, False))

    assert between("cnngraph.ir.graph", "cnngraph.diagnostics")
    assert between("cnngraph.ir.graph", "cnngraph.ir.op")
    assert between("cnngraph.cli.main", "cnngraph.syntax.parse")
    assert between("cnngraph", "cnngraph.cli.main")
    assert not between("cnngraph.ir.graph", "cnngraph.ops.conv")
    assert not between("cnngraph.passes.prune", "cnngraph.autodiff.grad")
    assert not between("cnngraph.diagnostics", "cnngraph.resources")
    assert not between("cnngraph.cli.main", "cnngraph")
