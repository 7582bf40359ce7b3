"""`cnngraph diff` says what differs, ends as diff does, and draws both networks."""

from __future__ import annotations

import json
from pathlib import Path

from cli.terminal import NETS, TINY, Run, Written


def test_the_same_file(run: Run) -> None:
    assert run("diff", "tiny.cnn", "tiny.cnn").done().out == "the same graph\n"


def test_other_names_are_no_difference(run: Run, tmp_path: Path) -> None:
    run("expand", "tiny.cnn", "-o", "flat.cnn").done()
    assert run("diff", "tiny.cnn", "flat.cnn").done().out == "the same graph, with other names\n"


def test_what_differs(run: Run) -> None:
    outcome = run("diff", NETS / "vgg16.cnn", NETS / "vgg19.cnn")
    assert outcome.code == 1
    assert "+  conv3.conv_relu[4]  block of 2 operators  256@56x56    +590,080" in outcome.out
    assert "parameters           138,357,544     143,667,240      +5,309,696" in outcome.out


def test_two_nets_of_a_file_and_two_settings(run: Run, tmp_path: Path) -> None:
    (tmp_path / "two.cnn").write_text("net a(x: 4) = dense(2)\nnet b(x: 4) = dense(3)\n", encoding="utf-8")
    by_colon, by_option = run("diff", "two.cnn:a", "two.cnn:b"), run("diff", "two.cnn", "two.cnn", "--net-a", "a")
    assert by_colon.code == by_option.code == 1
    assert by_colon.out == by_option.out
    assert "features 2 -> 3" in by_colon.out
    assert "features 10 -> 3" in run("diff", "tiny.cnn", "tiny.cnn", "--set-b", "classes=3").out


def test_for_programs(run: Run) -> None:
    outcome = run("diff", "tiny.cnn", "tiny.cnn", "--set-a", "classes=3", "--format", "json")
    assert [row["layer"] for row in json.loads(outcome.out)["rows"]] == ["class.dense", "class.softmax"]


def test_draws_both(run: Run, written: Written) -> None:
    outcome = run("diff", "tiny.cnn", "tiny.cnn", "--set-b", "classes=3", "--render", "both.svg")
    assert outcome.code == 1
    assert outcome.out.endswith("picture: both.svg\n")
    assert written() == {"both.svg"}


def test_errors_of_the_files_are_printed(run: Run, tmp_path: Path) -> None:
    (tmp_path / "wrong.cnn").write_text(TINY.replace("flatten", "flaten"), encoding="utf-8")
    run("diff", "tiny.cnn", "wrong.cnn").refused("did you mean `flatten`?")
    run("diff", "tiny.cnn", "none.cnn").refused("none.cnn")
    run("diff", "tiny.cnn:other", "tiny.cnn").refused("tiny.cnn has no net `other`")


def test_two_divisions_of_a_net(run: Run, tmp_path: Path) -> None:
    for name, devices in (("one.json", "1"), ("two.json", "2")):
        kept = run("partition", "tiny.cnn", "--devices", devices, "--any-split", "--format", "json").done().out
        (tmp_path / name).write_text(kept, encoding="utf-8")
    assert run("diff", "one.json", "one.json", "--of", "tiny.cnn").done("every layer runs where it ran", "bottleneck")
    run("diff", "one.json", "two.json").refused("add --of net.cnn", code=2)
    run("diff", "one.json", "two.json", "--of", "tiny.cnn", "--render", "x.svg").refused("--page", code=2)
    run("diff", "tiny.cnn", "tiny.cnn", "--batch", "2").refused("add --of", code=2)


def test_divisions_that_are_found_now(run: Run) -> None:
    outcome = run("diff", "left", "right", "--of", "tiny.cnn", "--format", "json", "--gradient")
    assert outcome.code == 1
    rows = json.loads(outcome.out)["rows"]
    assert {(row["from"], row["to"]) for row in rows} == {("left", "right")}
    assert any(row["layer"].startswith("gradient") for row in rows)


def test_writes_a_page(run: Run, tmp_path: Path) -> None:
    outcome = run("diff", "tiny.cnn", "tiny.cnn", "--set-b", "classes=3", "--page", "d.html")
    assert outcome.code == 1
    assert outcome.out.endswith("page: d.html\n")
    assert "2 differences: 1 changed, 1 reshaped." in (tmp_path / "d.html").read_text(encoding="utf-8")
    run("diff", "1", "left", "--of", "tiny.cnn", "--page", "e.html")
    assert "divided in two ways" in (tmp_path / "e.html").read_text(encoding="utf-8")
    run("diff", "tiny.cnn", "tiny.cnn", "--page", "tiny.cnn/x.html").refused("cannot be written")
