"""No file that a user is given can run code: nothing in the package reads pickles, or what else is more than data."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "cnngraph"
FILES = sorted(PACKAGE.rglob("*.py"))
MODULES = {"pickle", "_pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "yaml"}
CODE = {"eval", "exec", "compile", "__import__"}

# `Lark.load` may be given what JSON holds, but no file, which it would take for a pickle.
# `torch.jit.load` is allowed: its reader, in C++, makes tensors and programs of TorchScript, and calls no Python.
# Processes that work together pass what they compute as plain memory (mpi4py's upper-case calls). Ray and
# multiprocessing, where a user asks for them, pickle the job on its way to a process of the same user: no file is read.


def offences(text: str) -> Iterator[str]:
    """What a source does that could run code of others."""
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Import(names=names):
                yield from (f"import {alias.name}" for alias in names if alias.name.split(".")[0] in MODULES)
            case ast.ImportFrom(module=str(module)) if module.split(".")[0] in MODULES:
                yield f"from {module}"
            case ast.Call(func=ast.Name(id=name)) if name in CODE:
                yield name
            case ast.Call(func=ast.Attribute(value=ast.Name(id="torch"), attr="load")):
                yield "torch.load"
            case ast.Call(func=ast.Attribute(value=ast.Name(id="np" | "numpy"), attr="load"), keywords=given):
                if not any(word.arg == "allow_pickle" and ast.unparse(word.value) == "False" for word in given):
                    yield "np.load without allow_pickle=False"
            case ast.Attribute(value=ast.Name(id="Lark"), attr="save") | ast.Attribute(attr="read_pickle"):
                yield ast.unparse(node)
            case ast.Call(func=ast.Attribute(value=ast.Name(id="Lark"), attr="load"), args=[given]):
                if not ast.unparse(given).startswith("json.load("):
                    yield "Lark.load of a file"
            case _:
                pass


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(PACKAGE)) for path in FILES])
def test_no_source_does(path: Path) -> None:
    assert list(offences(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "text",
    ["import pickle", "from pickle import loads", "import os, marshal as m", "torch.load(f)",
     "np.load(f)", "np.load(f, allow_pickle=True)", "eval(f)", "Lark.load(f)", "p = Lark.save", "import dill.x"],
)  # fmt: skip
def test_the_rule_itself(text: str) -> None:
    assert len(list(offences(text))) == 1


def test_what_is_allowed() -> None:
    text = "np.load(f, allow_pickle=False); json.load(f); re.compile('a'); net.load(f); Lark.load(json.load(f))"
    assert list(offences(text)) == []
