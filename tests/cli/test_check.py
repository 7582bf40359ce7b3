"""`cnngraph check` finds everything in one run: all files, all nets, all train sections."""

from __future__ import annotations

import json
from pathlib import Path

from cli.terminal import NETS, Run

TWO = """net a(image: 1@8x8) {
  conv(4, 3x3) relu
}
net b(image: 1@8x8) {
  conv(4, 30x30)
}
"""
TRAINED = "net a(image: 1@8x8) { flatten -> dense(10) -> softmax }\nnet b(image: 1@8x8) = conv(4, 3x3)\n"


def test_says_what_a_net_is(run: Run) -> None:
    outcome = run("check", NETS / "lenet5.cnn").done()
    assert outcome.out == f"{NETS / 'lenet5.cnn'}: <net lenet5(image: 1@32x32) -> output: 10>, 61,706 parameters\n"


def test_a_size_may_be_open(run: Run) -> None:
    run("check", NETS / "unet.cnn").done("<net unet(image: 1@HxW) -> output: 2@HxW>")


def test_all_files_are_reported(run: Run, tmp_path: Path) -> None:
    (tmp_path / "two.cnn").write_text(TWO)
    outcome = run("check", "nowhere.cnn", "tiny.cnn", "two.cnn", tmp_path).refused("nowhere.cnn", "is a folder")
    assert outcome.out == "tiny.cnn: <net tiny(image: 1@8x8) -> class: 10>, 690 parameters\n"
    assert sorted(outcome.codes) == ["E0001", "E0203", "E0501", "E0501"]


def test_a_wrong_line_hides_no_other_net(run: Run, tmp_path: Path) -> None:
    (tmp_path / "two.cnn").write_text(TWO)
    assert run("check", "two.cnn").codes == ["E0001", "E0203"]


def test_a_net_without_train_section_needs_no_loss(run: Run, tmp_path: Path) -> None:
    (tmp_path / "ab.cnn").write_text(f"{TRAINED}train a {{ data: digits(size = 8) }}\n")
    assert len(run("check", "ab.cnn").done().out.splitlines()) == 2


def test_a_train_section_of_no_net(run: Run, tmp_path: Path) -> None:
    (tmp_path / "ab.cnn").write_text(f"{TRAINED}train c {{ data: digits(size = 8) }}\n")
    assert run("check", "ab.cnn").refused("there is no net `c`").codes == ["E0101"]


def test_a_train_section_of_a_block(run: Run, tmp_path: Path) -> None:
    (tmp_path / "ab.cnn").write_text(f"{TRAINED}block c = relu\ntrain c {{ data: digits(size = 8) }}\n")
    assert run("check", "ab.cnn").refused("no net `c` to train", "the nets of this file: a, b").codes == ["E0101"]


def test_every_key_of_a_train_section_is_judged(run: Run, tmp_path: Path) -> None:
    section = "train a {\n data: digit(size = 8)\n augment: shft(2) -> rotate(5, 3)\n schedule: step(evry = 2)\n}\n"
    (tmp_path / "ab.cnn").write_text(TRAINED + section)
    outcome = run("check", "ab.cnn").refused("did you mean digits?", "did you mean shift?", "did you mean every?")
    assert set(outcome.codes) == {"E0101", "E0104", "E0105", "E0107"}


def test_the_wrong_files_of_the_tests(run: Run) -> None:
    folder = Path(__file__).parents[1] / "errors"
    for file in sorted(folder.glob("*.cnn")):
        assert run("check", file).refused().out == ""


# ---- forms of the report ----

WARNED = "cnn 1\nnet n(image: 1@8x8) {\n  conv(4, 3x3) -> batchnorm -> relu\n}\n"
WRONG = b"\xef\xbb\xbfcnn 1\r\nnet n(image: 1@8x8) {\r\n  c = image -> Conv2D(4 3x3)\t# first\r\n  ReLU\r\n}"
RIGHT = b"\xef\xbb\xbfcnn 1\r\nnet n(image: 1@8x8) {\r\n  let c = image -> conv(4, 3x3)\t# first\r\n  relu\r\n}"


def test_a_warning_is_no_error(run: Run, tmp_path: Path) -> None:
    (tmp_path / "n.cnn").write_text(WARNED)
    outcome = run("check", "n.cnn").done("n.cnn: <net n")
    assert outcome.err.startswith("warning[W103]: ")
    assert outcome.err.endswith("\n\nfor more about this warning: cnngraph explain W103\n")
    assert run("check", "n.cnn", "--deny-warnings").refused("warning[W103]").out == outcome.out
    assert run("check", "n.cnn", "--no-lint", "--deny-warnings").done().err == ""


def test_warnings_and_errors_stand_in_the_order_of_the_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "n.cnn").write_text(WARNED.replace("-> relu", "-> relu -> dens(10)\n  tahn"))
    found = [line[:11] for line in run("check", "n.cnn").refused().err.splitlines() if line.startswith(("w", "e"))]
    assert found == ["warning[W10", "error[E0101", "error[E0101"]


def test_json(run: Run, tmp_path: Path) -> None:
    (tmp_path / "two.cnn").write_text(TWO)
    outcome = run("check", "tiny.cnn", "two.cnn", "--format", "json", "--no-lint").refused()
    found = json.loads(outcome.out)
    assert [(r["code"], r["file"], r["line"], r["column"]) for r in found] == [
        ("E0001", "two.cnn", 2, 16), ("E0203", "two.cnn", 5, 3),
    ]  # fmt: skip
    assert outcome.err == ""
    assert json.loads(run("check", "tiny.cnn", "--format", "json").done().out) == []


def test_sarif(run: Run, tmp_path: Path) -> None:
    (tmp_path / "two.cnn").write_text(TWO)
    log = json.loads(run("check", "two.cnn", "nowhere.cnn", "--format", "sarif", "--no-lint").refused().out)
    assert [result["ruleId"] for result in log["runs"][0]["results"]] == ["E0501", "E0001", "E0203"]
    empty = json.loads(run("check", "tiny.cnn", "--format", "sarif").done().out)
    assert empty["runs"][0]["results"] == []


def test_colour_on_demand(run: Run, tmp_path: Path) -> None:
    (tmp_path / "two.cnn").write_text(TWO)
    plain = run("check", "two.cnn").refused().err
    assert "\x1b" not in plain
    assert run("check", "two.cnn", "--color", "always").refused("\x1b[1;31merror[E0001]\x1b[0m").err != plain
    assert run("check", "two.cnn", "--color", "never").err == plain


# ---- mending ----


def test_fix_changes_what_is_wrong_and_nothing_else(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "n.cnn"
    file.write_bytes(WRONG)
    file.chmod(0o640)
    outcome = run("check", "n.cnn", "--fix", "--no-lint").done("<net n")
    assert file.read_bytes() == RIGHT
    assert file.stat().st_mode & 0o777 == 0o640
    assert outcome.err.splitlines() == [
        "fixed n.cnn:3:3: insert `let`",
        "fixed n.cnn:3:28: insert `,`",
        "fixed n.cnn:3:20: replace `Conv2D` by `conv`",
        "fixed n.cnn:4:3: replace `ReLU` by `relu`",
    ]
    assert {path.name for path in tmp_path.iterdir()} == {"n.cnn", "tiny.cnn"}


def test_fix_with_diff_only_shows(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "n.cnn"
    file.write_bytes(WRONG)
    outcome = run("check", "n.cnn", "tiny.cnn", "--fix", "--diff").refused()
    assert file.read_bytes() == WRONG
    assert outcome.err == ""
    assert "-  ReLU\r\n+  let c = image -> conv(4, 3x3)\t# first\r\n+  relu\r\n" in outcome.out
    assert run("check", "tiny.cnn", "--fix", "--diff").done().out == ""
    run("check", "tiny.cnn", "--diff").refused("--fix", code=2)


def test_fix_leaves_a_right_file_alone(run: Run, tmp_path: Path) -> None:
    before = (tmp_path / "tiny.cnn").stat()
    run("check", "tiny.cnn", "--fix").done("<net tiny")
    after = (tmp_path / "tiny.cnn").stat()
    assert (before.st_mtime_ns, before.st_ino) == (after.st_mtime_ns, after.st_ino)


def test_fix_of_what_cannot_be_read(run: Run, tmp_path: Path) -> None:
    (tmp_path / "latin.cnn").write_bytes(b"net n(x: 1@8x8) = relu # \xe9")
    assert run("check", "latin.cnn", "nowhere.cnn", "--fix").refused().codes == ["E0002", "E0501"]


def test_fix_through_a_link_keeps_the_link(run: Run, tmp_path: Path) -> None:
    (tmp_path / "n.cnn").write_text("cnn 1\nnet n(image: 1@8x8) = ReLU\n")
    (tmp_path / "link.cnn").symlink_to("n.cnn")
    run("check", "link.cnn", "--fix").done()
    assert (tmp_path / "link.cnn").is_symlink()
    assert (tmp_path / "n.cnn").read_text() == "cnn 1\nnet n(image: 1@8x8) = relu\n"


def test_a_model_of_another_tool_is_told_how_it_becomes_a_net(run: Run, tmp_path: Path) -> None:
    model = tmp_path / "net.onnx"
    model.write_bytes(b"\x08\x0b\xff")
    outcome = run("check", str(model))
    assert outcome.refused("is a model of ONNX", f"cnngraph import {model}").codes == ["E0002"]
