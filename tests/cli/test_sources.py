"""What every command that reads a network owes: one clear message for a wrong file, and nothing written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cli.terminal import NETS, Run, Written

READERS = {
    "check": (),
    "compile": ("--render",),
    "summary": (),
    "partition": ("--devices", "2", "--render"),
    "train": ("--history", "history.json"),
    "evaluate": (),
}
each_reader = pytest.mark.parametrize("command", READERS)


@each_reader
def test_missing_file(command: str, run: Run, written: Written) -> None:
    outcome = run(command, "nowhere.cnn", *READERS[command]).refused("there is no file nowhere.cnn")
    assert (outcome.out, outcome.codes) == ("", ["E0501"])
    assert written() == set()


@each_reader
def test_wrong_files(command: str, run: Run, written: Written, tmp_path: Path) -> None:
    (tmp_path / "folder.cnn").mkdir()
    (tmp_path / "empty.cnn").touch()
    (tmp_path / "binary.cnn").write_bytes(bytes(range(256)))
    (tmp_path / "prose.cnn").write_text("Dear reader, this is no network.\n")
    before = written()
    for name, code in {"folder": "E0501", "empty": "E0101", "binary": "E0002", "prose": "E0001"}.items():
        outcome = run(command, f"{name}.cnn", *READERS[command]).refused(f"{name}.cnn")
        assert outcome.out == ""
        assert set(outcome.codes) == {code}
    assert written() == before


@each_reader
def test_a_path_through_a_file(command: str, run: Run) -> None:
    run(command, "tiny.cnn/inner.cnn", *READERS[command]).refused("Not a directory")


@pytest.mark.parametrize("command", [name for name in READERS if name != "check"])
def test_unknown_net(command: str, run: Run, written: Written) -> None:
    outcome = run(command, "tiny.cnn", "--net", "tinny", *READERS[command])
    assert outcome.refused("has no net `tinny`", "did you mean `tiny`?").codes == ["E0101"]
    assert written() == set()


@each_reader
@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("clases=7", ("no parameter `clases`", "did you mean `classes`?")),
        ("classes=seven", ("a whole number", '"seven"')),
        ("classes=", ("a whole number",)),
        ("classes=-1", ("at least 1", "-1")),
        ("classes=0", ("at least 1",)),
        ("classes=2.5", ("a whole number", "2.5")),
        ("classes=nan", ("a whole number",)),
        ("classes=1e400", ("a whole number",)),
        ("classes=true", ("a whole number",)),
    ],
)
def test_settings_that_are_nonsense(command: str, setting: str, words: tuple[str, ...], run: Run) -> None:
    said = run(command, "tiny.cnn", "--set", setting, *READERS[command]).refused(*words).out
    assert said == "" or (command == "compile" and said == "picture, as far as the file goes: tiny.svg\n")


@each_reader
@pytest.mark.parametrize("text", ["classes", "=7", ""])
def test_settings_that_are_none(command: str, text: str, run: Run) -> None:
    run(command, "tiny.cnn", "--set", text, *READERS[command]).refused("is not NAME=VALUE", code=2)


def test_settings_are_read_as_the_language_reads_them(run: Run) -> None:
    run("check", "tiny.cnn", "--set", "classes=1_0").done("class: 10>")
    run("check", "tiny.cnn", "--set", " classes = 7 ").done("class: 7>")


def test_huge_numbers(run: Run) -> None:
    run("summary", "tiny.cnn", "--set", f"classes={10**15}").done("64,000,000,000,000,000")
    run("partition", "tiny.cnn", "--set", f"classes={10**15}", "--devices", "4").refused("E0602")


@pytest.mark.skipif(os.name == "nt", reason="file names are bytes only on POSIX")
def test_a_name_that_is_no_text(run: Run) -> None:
    run("check", os.fsdecode(b"\xff.cnn")).refused("there is no file")


def test_every_network_of_the_package(run: Run) -> None:
    files = sorted(NETS.glob("*.cnn"))
    lines = run("check", *files).done().out.splitlines()
    assert {line.partition(": <net ")[0] for line in lines} == set(map(str, files))
