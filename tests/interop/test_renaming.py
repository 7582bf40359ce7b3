"""Rules that rename weights: pairs, files, patterns, and what is wrong with them, all at once."""

from __future__ import annotations

import pytest

from cnngraph.diagnostics import CnnGraphError
from cnngraph.interop.renaming import MAX_BYTES, filled, read_rules, renamed


@pytest.mark.parametrize(
    ("name", "old", "new", "result"),
    [
        ("a.b", "a.b", "c", "c"),
        ("a.b", "a", "c", None),
        ("module.c1.weight", "module.*", "*", "c1.weight"),
        ("c1.weight", "*", "net.*", "net.c1.weight"),
        ("module", "module.*", "*", None),
        ("aba", "ab*ba", "*", None),  # the ends do not share letters
        ("layer10.bn.2.mean", "layer*.bn.*.mean", "b*.norm[*].mean", "b10.norm[2].mean"),
        ("x.y.z", "*.*", "*|*", "x|y.z"),
        ("bn.a.bn.b", "*.bn.*", "*/*", "bn.a/b"),
        ("", "*", "x*", "x"),
    ],
)
def test_patterns(name, old, new, result):
    assert filled(name, old, new) == result


def test_a_pattern_of_many_stars_takes_no_time():
    assert filled("a" * 20_000, "*a" * 50 + "b", "*" * 50) is None


def test_rules_of_files_and_pairs_come_in_order(tmp_path):
    (tmp_path / "a.json").write_text('{"fc.weight": "class.weight", "layers": {"0.weight": "c1.weight"}}')
    (tmp_path / "b.toml").write_text('"backbone.*" = "*"\nconv.bias = "c2.bias"\n')
    texts = ["x=y", str(tmp_path / "a.json"), str(tmp_path / "b.toml")]
    assert list(read_rules(texts).items()) == [
        ("x", "y"), ("fc.weight", "class.weight"), ("layers.0.weight", "c1.weight"),
        ("backbone.*", "*"), ("conv.bias", "c2.bias"),
    ]  # fmt: skip


def test_the_first_rule_that_fits_is_taken():
    rules = {"net.fc.*": "class.*", "net.*": "*"}
    found, problems = renamed(rules, ["net.fc.weight", "net.c1.weight", "step"], None)
    assert found == {"class.weight": "net.fc.weight", "c1.weight": "net.c1.weight", "step": "step"}
    assert problems == []


def test_two_names_may_be_swapped():
    assert renamed({"a": "b", "b": "a"}, ["a", "b"], ["a", "b"]) == ({"b": "a", "a": "b"}, [])


def test_all_that_is_wrong_is_said_at_once():
    rules = {"c1.wait": "c1.weight", "c2.weight": "c2.wait", "fc.*": "head.*", "d": "a", "none.*": "*"}
    names = ["c1.weight", "c2.weight", "fc.weight", "a", "d"]
    _, problems = renamed(rules, names, ["c1.weight", "c2.weight", "a"])
    assert [(problem.message, problem.helps) for problem in problems] == [
        ("both a and d of the file would be a", ()),
        ("the renaming `c1.wait=c1.weight`: the file has no such name", ("the file has c1.weight",)),
        ("the renaming `c2.weight=c2.wait`: the network has no c2.wait", ("the network has c2.weight",)),
        ("the renaming `fc.*=head.*`: the network has no head.weight", ("the network has c2.weight",)),
        ("the renaming `none.*=*`: the file has no such name", ()),
    ]
    assert {problem.code for problem in problems} == {"E0703"}


def test_a_pattern_may_also_rename_what_nobody_needs():
    assert renamed({"net.*": "*"}, ["net.c1.weight", "net.moment"], ["c1.weight"])[1] == []


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["a"], "neither OLD=NEW nor"),
        (["a="], "neither OLD=NEW nor"),
        (["=a"], "neither OLD=NEW nor"),
        (["a=b", "a=c"], "two renamings are about `a`"),
        (["a.*=b"], "1 stars before the = and 0 after"),
        (["nowhere.json"], "No such file"),
    ],
)
def test_rules_that_are_none(texts, words):
    with pytest.raises(CnnGraphError, match="E0703") as caught:
        read_rules(texts)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [b"", b"[1]", b'{"a": 1}', b'{"a": "b", "a": "c"}', b"\xff", b'{"a": ["b"]}', b"[" * 100_000, b'{"a":' * 100_000],
)
@pytest.mark.parametrize("suffix", [".json", ".toml"])
def test_files_that_hold_no_rules(tmp_path, content, suffix):
    path = tmp_path / f"names{suffix}"
    path.write_bytes(content)
    if content in (b"", b"[1]") and suffix == ".toml":
        assert read_rules([str(path)]) == {}
    else:
        with pytest.raises(CnnGraphError, match=r"E0703.*names"):
            read_rules([str(path)])


def test_a_file_of_rules_is_not_huge(tmp_path):
    path = tmp_path / "names.json"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(CnnGraphError, match="at most"):
        read_rules([str(path)])
