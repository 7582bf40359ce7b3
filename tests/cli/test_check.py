"""`cnngraph check` finds everything in one run: all files, all nets, all train sections."""

from __future__ import annotations

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
    assert run("check", "ab.cnn").refused("no net `c` to train", "a, b").codes == ["E0101"]


def test_every_key_of_a_train_section_is_judged(run: Run, tmp_path: Path) -> None:
    section = "train a {\n data: digit(size = 8)\n augment: shft(2) -> mirror(3)\n schedule: step(evry = 2)\n}\n"
    (tmp_path / "ab.cnn").write_text(TRAINED + section)
    outcome = run("check", "ab.cnn").refused("did you mean digits?", "did you mean shift?", "did you mean every?")
    assert set(outcome.codes) == {"E0101", "E0104", "E0105", "E0107"}


def test_the_wrong_files_of_the_tests(run: Run) -> None:
    folder = Path(__file__).parents[1] / "errors"
    for file in sorted(folder.glob("*.cnn")):
        assert run("check", file).refused().out == ""
