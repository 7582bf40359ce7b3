"""`cnngraph expand` prints or writes a flat file, which the other commands read."""

from __future__ import annotations

from pathlib import Path

from cli.terminal import NETS, Run, Written


def test_prints_a_file_that_checks(run: Run, tmp_path: Path) -> None:
    text = run("expand", NETS / "googlenet.cnn").done("i3a_conv_relu1_conv: ", "check params == 13_378_280").out
    (tmp_path / "flat.cnn").write_text(text, encoding="utf-8")
    run("check", tmp_path / "flat.cnn").done("13,378,280 parameters")


def test_writes_a_file(run: Run, written: Written) -> None:
    assert run("expand", "tiny.cnn", "--set", "classes=3", "-o", "flat.cnn").done().out == "expanded: flat.cnn\n"
    assert written() == {"flat.cnn"}
    run("check", "flat.cnn").done("class: 3")


def test_refuses_what_cannot_be_written_or_read(run: Run, written: Written, tmp_path: Path) -> None:
    run("expand", "tiny.cnn", "-o", tmp_path).refused("it is a folder")
    run("expand", "tiny.cnn", "--net", "big").refused("tiny.cnn has no net `big`")
    assert written() == set()
