"""The guide to operators of one's own runs as it stands, and its operator is a word like any other."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

import cnngraph
from cnngraph.diagnostics import CnnGraphError
from cnngraph.editor.classes import stretches
from cnngraph.editor.completion import completions
from cnngraph.editor.document import Workspace
from cnngraph.editor.hover import hover
from cnngraph.interop.flat.expand import expand
from cnngraph.ir import registry as contract
from cnngraph.ir.op import Onnx, Op
from cnngraph.ir.registry import registry
from cnngraph.ir.text import from_text, to_text
from cnngraph.ops.prelu import Prelu
from cnngraph.ops.relu import Relu
from cnngraph.syntax.format import formatted

PAGE = Path(importlib.import_module("cnngraph.ops").__path__[0]) / "README.md"
TEXT = "net n(image: 1@6x7) { a: conv(4, 3x3) -> swish_beta(initial = 0.5) \n flatten -> dense(3) -> softmax }"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    """What a test registers is no operator of the next one."""
    before = dict(registry())
    yield
    contract._KNOWN.clear()
    contract._KNOWN.update(before)


@pytest.fixture
def guide() -> dict[str, Any]:
    """The names of the guide, once the class is defined."""
    names: dict[str, Any] = {"__name__": "__main__"}
    run(blocks("python")[0], names)
    return names


def run(text: str, names: dict[str, Any]) -> None:
    exec(compile(text, PAGE.name, "exec", dont_inherit=True), names)


def test_the_guide_runs_and_prints_what_it_says(guide: dict[str, Any]) -> None:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        for text in blocks("python")[1:]:
            run(text, guide)
    remarks = re.findall(r"^print\(.*\) +# (.*)$", "\n".join(blocks("python")), re.MULTILINE)
    assert len(remarks) >= 3
    assert [line for line in printed.getvalue().splitlines() if line in remarks] == remarks


def test_an_entry_point_names_it(guide: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    (table,) = [tomllib.loads(text)["project"]["entry-points"]["cnngraph.ops"] for text in blocks("toml")]
    assert table == {"swish_beta": "your_package.swish_beta:SwishBeta"}
    contract._KNOWN.pop("swish_beta")
    monkeypatch.setattr(EntryPoint, "load", lambda entry: guide[entry.value.partition(":")[2]])
    plugged(monkeypatch, *(EntryPoint(name, value, "cnngraph.ops") for name, value in table.items()))
    assert registry()["swish_beta"] is guide["SwishBeta"]


def test_an_installed_package_brings_it_to_the_commands(tmp_path: Path) -> None:
    """In processes of their own, as a user has them: the module and its entry point lie on the path."""
    package, about = tmp_path / "your_package", tmp_path / "your_package-1.dist-info"
    for folder in (package, about):
        folder.mkdir()
    (package / "swish_beta.py").write_text(blocks("python")[0], encoding="utf-8")
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: your-package\nVersion: 1\n", encoding="utf-8")
    (line,) = tomllib.loads(blocks("toml")[0])["project"]["entry-points"]["cnngraph.ops"].items()
    (about / "entry_points.txt").write_text(f"[cnngraph.ops]\n{' = '.join(line)}\n", encoding="utf-8")
    (tmp_path / "net.cnn").write_text(f"cnn 1\n{TEXT}\n", encoding="utf-8")
    assert "a.swish_beta" in told(tmp_path, "summary", "net.cnn")
    said = told(tmp_path, "explain", "swish_beta")
    assert "swish_beta(initial = 1.0)" in said
    assert "net example(x: 3@4x5) = swish_beta" in said
    assert "It gives `3@4x5`: 3 parameters" in said


def told(folder: Path, *command: str) -> str:
    """What a command prints in a folder whose packages are in sight."""
    paths = [str(folder), str(PAGE.parents[2])]
    settings = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    line = [sys.executable, "-m", "cnngraph", *command]
    return subprocess.run(line, cwd=folder, env=settings, capture_output=True, text=True, check=True).stdout


def plugged(monkeypatch: pytest.MonkeyPatch, *entries: EntryPoint) -> None:
    monkeypatch.setattr(contract, "_is_plugged", lambda: bool(entries))
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: entries)
    contract._load_plugged.cache_clear()


def test_an_entry_point_that_is_no_operator(monkeypatch: pytest.MonkeyPatch) -> None:
    plugged(monkeypatch, EntryPoint("path", "pathlib:Path", "cnngraph.ops"))
    with pytest.raises(CnnGraphError, match=r"Path'> is no operator"):
        cnngraph.loads(TEXT)
    plugged(monkeypatch)
    assert "path" not in registry()


@pytest.mark.parametrize("value", ["no_such_module:X", "pathlib:NoSuchName"])
def test_an_entry_point_that_cannot_be_imported(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plugged(monkeypatch, EntryPoint("mine", value, "cnngraph.ops"))
    with pytest.raises(CnnGraphError, match=rf"E0501.*the operator `mine` of {value} cannot be imported"):
        cnngraph.loads(TEXT)
    plugged(monkeypatch)


@pytest.mark.usefixtures("guide")
def test_it_is_a_word_of_the_language() -> None:
    net = cnngraph.loads(TEXT)
    assert str(net.shapes["a.swish_beta"]) == "4@4x5"
    assert net.summary().totals["parameters"] == 40 + 4 + 243
    assert "swish_beta" in net.draw()
    assert from_text(to_text(net.graph)) == net.graph
    assert "swish_beta(initial = 0.5)" in expand(net.graph)
    assert cnngraph.loads(expand(net.graph)).parameters == net.parameters
    assert "swish_beta(initial = 0.5)" in formatted(TEXT, "n.cnn")
    cut = net.partition("2", batch=2)
    assert set(cut.device_of) >= {"a.swish_beta"}


@pytest.mark.usefixtures("guide")
def test_its_gradient_is_the_slope() -> None:
    net = cnngraph.loads(f"{TEXT}\ntrain n {{ loss: cross_entropy(output, label) }}")
    x = np.random.default_rng(0).standard_normal((2, 6, 7, 1)).astype(np.float32)
    slopes = net.gradients({"image": x, "label": np.array([0, 2])}, ["image", "a.swish_beta.slope"])
    assert slopes["image"].shape == x.shape
    assert np.abs(slopes["a.swish_beta.slope"]).min() > 0


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("swish_beat", "did you mean `swish_beta`?"),
        ("swish_beta(intial = 0.5)", "did you mean `initial`?"),
        ("swish_beta(1, 2)", "E0105"),
        ("conv(4, 3x3) [4@3x3] -> swish_beta", "E0300"),
    ],
)
@pytest.mark.usefixtures("guide")
def test_what_is_wrong_is_said_as_for_any_layer(call: str, said: str) -> None:
    with pytest.raises(CnnGraphError, match=re.escape(said)):
        cnngraph.loads(f"net n(image: 1@6x7) = {call}")


@pytest.mark.usefixtures("guide")
def test_editors_know_it() -> None:
    assert [s.kind for s in stretches("swish_beta")] == ["layer"]
    workspace, path = Workspace(), Path("n.cnn").resolve()
    workspace.write(path, "net n(x: 1@8x8) { conv(4, 3x3) -> swish_beta }")
    document = workspace.document(path)
    shown = hover(document, len(document.text) - 4)
    assert shown is not None
    assert "Swish with a learned slope" in shown.markdown
    assert "swish_beta" in {found.label for found in completions(document, len(document.text) - 5)}


def test_pygments_knows_it(guide: dict[str, Any]) -> None:
    lexers = pytest.importorskip("cnngraph.editor.pygments_lexer", reason="pygments is not installed")
    assert [str(kind) for kind, text in lexers.CnnLexer().get_tokens("swish_beta") if text.strip()] == [
        "Token.Name.Builtin"
    ]


def test_a_cell_that_runs_again_replaces_its_class(guide: dict[str, Any]) -> None:
    first = guide["SwishBeta"]
    run(blocks("python")[0], guide)
    assert registry()["swish_beta"] is guide["SwishBeta"] is not first


# ---- what is refused ----


def test_the_name_of_another_operator() -> None:
    with pytest.raises(CnnGraphError, match=r"two operators are named `relu`: cnngraph\.ops\.relu\.Relu and .*Mine"):

        @cnngraph.operator
        class Mine(Relu):
            name: ClassVar[str] = "relu"

    assert registry()["relu"] is Relu


@pytest.mark.parametrize(
    ("word", "code"),
    [*((word, "E0102") for word in ("let", "split", "floor", "same", "it", "batch", "f32")),
     *((word, "E0103") for word in ("K", "my-op", "lambda", "", "Relu2", "2d"))],
)  # fmt: skip
def test_a_name_that_is_taken_or_is_none(word: str, code: str) -> None:
    with pytest.raises(CnnGraphError, match=code):
        cnngraph.operator(type("Mine", (Relu,), {"name": word}))
    assert word not in registry() or registry()[word].__module__.startswith("cnngraph")


def test_what_is_no_operator() -> None:
    with pytest.raises(CnnGraphError, match=r"E0103.*is no operator"):
        cnngraph.operator(int)  # type: ignore[type-var]
    with pytest.raises(CnnGraphError, match=r"`half` has no infer and no forward and no samples"):
        cnngraph.operator(type("Half", (Op,), {"name": "half"}))


def test_onnx_data_is_plain() -> None:
    @cnngraph.operator
    class Mine(Prelu):
        name: ClassVar[str] = "mine"

        def onnx(self) -> Onnx:
            return Onnx("PRelu", 16, {"mine": 1})

    assert registry()["mine"]().onnx() == Onnx("PRelu", 16, {"mine": 1})
