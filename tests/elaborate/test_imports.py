"""Imports: what is found, what is not, and whose names they are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from elaborate.texts import findings, graph

from cnngraph.elaborate.modules import load_text

FILES = {
    "a.cnn": "block p = relu\nblock q = foo\nnet m(i: 4) = dense(3)\nlet k = 7",
    "sub/inner.cnn": 'import p from "../a.cnn"\nblock r = p -> p',
    "b.cnn": 'import c from "c.cnn"\nblock b = relu',
    "c.cnn": 'import b from "b.cnn"\nblock c = relu',
    "self.cnn": 'import s from "self.cnn"\nblock s = relu',
    "bad.cnn": "block z = conv(3 3x3)\nblock y = relu",
    "none.cnn": "",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sub").mkdir()
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "latin.cnn").write_bytes(b"block z = relu # \xff")
    (tmp_path / "folder.cnn").mkdir()
    (tmp_path / "passwords.cnn").symlink_to("/etc/passwd")
    (tmp_path / "circle.cnn").symlink_to("circle.cnn")
    os.mkfifo(tmp_path / "pipe.cnn")
    return tmp_path


def using(line: str, body: str) -> str:
    return f"{line}\nnet n(x: 4) {{\n{body}\n}}"


@pytest.mark.parametrize(
    ("line", "body", "operators"),
    [
        ('import p from "a.cnn"', "p", ["relu"]),
        ('import p as r from "a.cnn"', "r -> r", ["relu", "relu"]),
        ('import m from "a.cnn"', "m", ["dense"]),
        ('import k from "a.cnn"', "dense(k)", ["dense"]),
        ('import r from "sub/inner.cnn"', "r", ["relu", "relu"]),
        ('import conv_relu as c from "std/conv.cnn"', "reshape(1@2x2) -> c(3, 1)", ["reshape", "conv", "relu"]),
        ('import p from "a.cnn"\nimport r from "sub/inner.cnn"', "p -> r", ["relu", "relu", "relu"]),
    ],
)
def test_what_is_imported(folder: Path, line: str, body: str, operators: list[str]) -> None:
    made = graph(using(line, body), folder)
    assert [n.op.name for n in made if n.op.name not in ("input", "state")] == operators


WRONG = {
    'import pp as p from "a.cnn"': ("E0501", "a.cnn does not define `pp`", "did you mean `p`?"),
    'import relu as p from "a.cnn"': ("E0501", "a.cnn does not define `relu`", "it defines k, m, p, q"),
    'import p from "none.cnn"': ("E0501", "none.cnn does not define `p`", "it defines nothing"),
    'import p from "nope.cnn"': ("E0501", "there is no file nope.cnn", None),
    'import p from "std/nope.cnn"': ("E0501", "there is no file std/nope.cnn", None),
    'import p from "std/../nets/a.cnn"': ("E0501", "std/../nets/a.cnn leaves the folder of the package", None),
    'import p from "."': (
        "E0501", "an import names a file that ends in .cnn, not `.`", "its folder holds `.cnn` files"
    ),
    'import p from "a"': ("E0501", "an import names a file that ends in .cnn, not `a`", 'write "a.cnn"'),
    'import p from "folder.cnn"': ("E0501", "folder.cnn is a folder, not a file", None),
    'import p from "/a.cnn"': ("E0501", "/a.cnn is an absolute path", "write it from the folder of this file"),
    'import p from "std//a.cnn"': ("E0501", "std//a.cnn is an absolute path", "write it from the folder of this file"),
    'import p from "../../a.cnn"': (
        "E0501", "../../a.cnn leaves the folder of t.cnn and its neighbours", "copy the file into that folder"
    ),
    'import p from "passwords.cnn"': (
        "E0501", "passwords.cnn leaves the folder of t.cnn and its neighbours", "copy the file into that folder"
    ),
    'import p from "circle.cnn"': ("E0501", "circle.cnn cannot be read: its links lead in a circle", None),
    'import p from "pipe.cnn"': ("E0501", "pipe.cnn is a device or a pipe, not a file", None),
    'import p from "a\0.cnn"': ("E0501", "a\0.cnn cannot be read: no path has such characters", None),
    f'import p from "{"a" * 300}.cnn"': ("E0501", f"{'a' * 300}.cnn cannot be read: File name too long", None),
    'import p from "latin.cnn"': ("E0002", "latin.cnn is not UTF-8 (line 1)", "save the file as UTF-8"),
    'import b as p from "b.cnn"': ("E0501", "b.cnn imports itself, directly or through another file", None),
    'import s as p from "self.cnn"': ("E0501", "self.cnn imports itself, directly or through another file", None),
    'import p, p from "a.cnn"': ("E0102", "`p` is defined twice", None),
    'import q as conv, p from "a.cnn"': ("E0102", "`conv` is the name of a layer or a word of the language", None),
    'import y as p from "bad.cnn"': ("E0001", "a comma is missing between two values", "write `3, 3x3`"),
    'import q as p from "a.cnn"': ("E0101", "unknown name `foo`", "did you mean `floor`?"),
}


@pytest.mark.parametrize("line", WRONG)
def test_what_is_said(folder: Path, line: str) -> None:
    (finding,) = findings(using(line, "p"), folder)
    code, message, help_ = WRONG[line]
    assert (finding.code, finding.message) == (code, message)
    assert finding.helps[:1] == ((help_,) if help_ else ())


def test_what_an_import_does_not_need_is_not_judged(folder: Path) -> None:
    assert not findings(using('import p from "a.cnn"', "p"), folder)


def test_a_name_is_not_seen_through_another_file(folder: Path) -> None:
    assert [d.message for d in findings(using('import r from "sub/inner.cnn"', "p"), folder)] == ["unknown name `p`"]


def test_a_net_of_another_file_may_have_the_name_of_the_net_that_uses_it(folder: Path) -> None:
    text = 'import m as other from "a.cnn"\nnet m(x: 4) {\nlet p = x -> dense(4)\np -> other\n}'
    assert [node.op.name for node in graph(text, folder) if node.op.name == "dense"] == ["dense", "dense"]


def test_imports_stay_within_a_folder_where_one_is_given(folder: Path) -> None:
    inner = folder / "sub"
    text = 'import p from "../a.cnn"\nimport conv_relu from "std/conv.cnn"\nimport r from "inner.cnn"\nnet n(x: 4) = r'
    free, kept = load_text(text, "n.cnn", inner), load_text(text, "n.cnn", inner, within=inner)
    assert free.found == ()
    assert [found.message for found in kept.found] == ["../a.cnn leaves the folder sub"] * 2  # also of inner.cnn
    assert not [file for file in kept.files.values() if file.path.parent == folder]
