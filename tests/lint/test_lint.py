"""Each lint: a wrong file with its exact warnings, and files that are right although they look alike.

`pytest tests/lint --bless` writes the texts anew for changes that are meant.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from cnngraph.diagnostics import CODES, Diagnostic
from cnngraph.diagnostics import render as rendered
from cnngraph.elaborate.modules import load_file, load_text
from cnngraph.lint import rules
from cnngraph.lint.lint import lint, lints
from cnngraph.resources import resource

FOLDER = Path(__file__).parent
WRONG = sorted(FOLDER.glob("*.cnn"))
CARRIED = [path for folder in ("nets", "blocks") for path in sorted(resource("specs", folder).glob("*.cnn"))]


def warnings(text: str) -> tuple[Diagnostic, ...]:
    return lint(load_text(text, "t.cnn"))


def codes(body: str, before: str = "", inputs: str = "x: 4@32x32", after: str = "") -> list[str]:
    return [d.code for d in warnings(f"cnn 1\n{before}\nnet n({inputs}) {{\n{body}\n}}\n{after}")]


@pytest.mark.parametrize("file", WRONG, ids=lambda f: f.stem)
def test_message(file: Path, request: pytest.FixtureRequest) -> None:
    text = rendered(lint(load_text(file.read_text(encoding="utf-8"), file.name, FOLDER))) + "\n"
    expected = file.with_suffix(".txt")
    if request.config.getoption("--bless"):
        expected.write_text(text, encoding="utf-8")
    assert text == expected.read_text(encoding="utf-8")


def test_every_code_has_a_wrong_file() -> None:
    texts = "".join(file.with_suffix(".txt").read_text(encoding="utf-8") for file in WRONG)
    assert [code for code in CODES if code.startswith("W") and f"[{code}]" not in texts] == []


def test_every_file_of_the_folder_is_a_lint() -> None:
    names = {path.stem for path in Path(rules.__file__).parent.glob("*.py")} - {"__init__"}
    assert {module.__name__.rpartition(".")[2] for module in lints()} == names
    assert names <= {file.stem for file in WRONG}


@pytest.mark.parametrize("file", CARRIED, ids=lambda f: f.stem)
def test_what_the_package_carries_has_no_warning(file: Path) -> None:
    assert rendered(lint(load_file(file))) == ""


RIGHT = {
    "feature maps of several sizes": "c1: conv(8, 3x3)\nc2: conv(8, 3x3)\nreturn c1, c2",
    "a side line that starts anew below": "a: conv(8, 1x1)\nb: a -> relu\na -> tanh\nreturn it, b",
    "a side line with let": "a: conv(8, 1x1)\nlet b = a -> relu\ntanh\nreturn it, b",
    "a line that says where it starts": "a: conv(8, 1x1)\nb: a -> relu\nb -> maxpool(2x2)\nreturn it, b",
    "labels that nothing uses": "c1: conv(8, 3x3)\nc2: relu",
    "underscores": "let _, b = it -> split(2)\nlet _kept = b -> relu\nb -> tanh",
    "a name in a size": "let K = 3\nconv(8, KxK)",
    "a name in a check": "let a = it -> conv(4, 3x3)\nrelu\ncheck params(a) == 148",
    "a bias without batch norm": "conv(8, 3x3) -> relu -> batchnorm",
    "a bias that something else reads": "a: conv(8, 3x3)\nlet b = a -> batchnorm\na -> relu -> add(b)",
    "no bias": "conv(8, 3x3, bias = false) -> batchnorm",
    "mish": "it * tanh(softplus(it))",
    "an activation of a sum": "relu -> add { | conv(4, 1x1) -> relu | identity } -> relu",
    "even windows with a stride": "conv(8, 4x4/2, pad = 1) -> maxpool(2x2)",
    "even windows without padding": "conv(8, 2x2) -> maxpool(2x2/1)",
    "odd windows with padding": "conv(8, 3x3, pad = 2)",
    "an even window along one axis, padded along the other": "conv(8, 3x2, pad = (1, 0))",
    "dropout before the last layer": "flatten -> dropout(0.5) -> dense(10) -> softmax",
    "a merge of different starts": "a: conv(8, 1x1)\nlet b = a -> tanh\nlet c = x -> conv(8, 1x1)\nadd(b, c)",
    "a branch that two merges read": "let a = conv(4, 1x1)\nlet b = conv(4, 1x1)\nlet c = add(a, b)\nadd(a, c)",
    "branches that meet each other": "let a = conv(4, 1x1)\nlet b = x -> mul(a)\nadd(b, x)",
    "windows with strides": "let k = 3x3\nconv(8, 3x3/1) -> conv(8, k/2) -> maxpool(2, stride = 1)",
    "quotients that are no windows": "conv(8/2, 3x3, pad = 2/1)",
    "branches of two lines": "let a = conv(8, 1x1)\nconv(8, 3x3, same)\nlet b = conv(8, 1x1)\nadd(a, b)",
}


@pytest.mark.parametrize("name", RIGHT)
def test_no_warning(name: str) -> None:
    assert codes(RIGHT[name]) == []


def test_what_a_train_section_uses_is_used() -> None:
    train = "train n { loss: mse(a, t) }"
    assert codes("let a = it -> conv(4, 3x3) -> flatten\nflatten", after=train) == []
    assert codes("let a = it -> conv(4, 3x3)\nflatten") == ["W102"]


def test_a_file_without_net_is_there_to_be_imported() -> None:
    assert warnings("cnn 1\nlet K = 3\nblock a(c) = conv(c, 3x3) -> batchnorm") == ()
    assert [d.code for d in warnings("cnn 1\nlet K = 3\nblock a(c) = relu")] == ["W102"]


def test_inputs_are_used_by_name_where_there_are_several() -> None:
    assert codes("x -> relu", inputs="x: 3, y: 4") == ["W102"]
    assert codes("relu", inputs="x: 3") == []


def test_the_import_of_a_net_is_its_use() -> None:
    carried = resource("specs", "nets")
    text = 'cnn 1\nimport lenet5 from "lenet5.cnn"\nnet n(x: 3) = relu'
    assert lint(load_text(text, "t.cnn", carried)) == ()


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ("net n(x: 3) = relu", "cnn 1\nnet n(x: 3) = relu"),
        ("cnn 1\nnet n(x: 3@8x8) = conv(4, 3x3) -> batchnorm", "conv(4, 3x3, bias = false) -> batchnorm"),
        ("cnn 1\nnet n(x: 3@8x8) = conv(4, 3, (1, 1),) -> batchnorm", "conv(4, 3, (1, 1), bias = false) -> batchnorm"),
        ("cnn 1\nnet n(x: 4) { let a, b = split(2); return a }", "let a, _ = split(2)"),
        ('cnn 1\nimport conv_bn, conv_relu from "std/conv.cnn"\nnet n(x: 3@8x8) = conv_bn(3, 3)', "conv_bn from"),
        ('cnn 1\nimport conv_relu, conv_bn from "std/conv.cnn"\nnet n(x: 3@8x8) = conv_bn(3, 3)', "conv_bn from"),
        ("cnn 1\nnet n(x: 3@8) = avgpool(2/1)", "avgpool(2, stride = 1)"),
        ("cnn 1\nnet n(x: 3@8) = conv(8, 3/1, same)", "conv(8, 3, stride = 1, same)"),
        ('cnn 1\nimport conv_bn from "std/conv.cnn"\nnet n(x: 3@8x8) = relu', "cnn 1\nnet n(x: 3@8x8) = relu"),
    ],
)
def test_what_is_suggested_mends_the_file(text: str, mended: str) -> None:
    (finding,) = warnings(text)
    assert finding.suggestion is not None
    span = finding.suggestion.span
    new = text[: span.start] + finding.suggestion.replacement + text[span.end :]
    assert mended in new
    assert warnings(new) == ()


@pytest.mark.parametrize(
    "comment",
    [
        "conv(4, 3x3) -> batchnorm # allow W103",
        "# allow W103: as in Caffe\n\n# and for long\nconv(4, 3x3) -> batchnorm",
        "## allow W103\nconv(\n4, 3x3) -> batchnorm",
        "conv(\n4, 3x3) -> batchnorm # allow W105 W103",
        "# allow-file W103\nconv(4, 3x3) -> batchnorm\nconv(4, 3x3) -> batchnorm",
    ],
)
def test_what_a_comment_allows(comment: str) -> None:
    assert [code for code in codes(comment) if code != "W110"] == []


def test_words_about_permission_are_no_codes() -> None:
    assert codes("# allow the positions to shrink\nrelu # allow W") == []


def test_an_allowance_is_judged_only_where_the_file_could_be() -> None:
    assert codes("relu # allow W103") == ["W110"]
    assert codes("relu # allow W103\nfoo") == []
    assert codes("relu", before="block a(c) {\nconv(c, 3x3) -> batchnorm # allow W103\n}") == ["W102"]


def test_a_wrong_file_is_judged_as_far_as_it_can_be() -> None:
    assert codes("conv(4, 3x3) -> batchnorm\ndense(3)\nrelu") == ["W103"]
    assert codes("conv(4, 3x3) -> batchnorm\nlet a = = 3") == ["W103"]
    assert warnings("net (") != ()
    assert warnings("") == ()


def test_what_an_imported_block_does_is_its_own_affair() -> None:
    folder = FOLDER / "blocks"
    assert lint(load_text('cnn 1\nimport biased from "biased.cnn"\nnet n(x: 3@8x8) = biased', "t.cnn", folder)) == ()


def test_settings_of_one_net_do_not_disturb_another() -> None:
    text = "cnn 1\nnet a(x: 3@8x8, c = 4) = conv(c, 3x3) -> batchnorm\nnet b(x: 3) = relu"
    assert [d.code for d in lint(load_text(text, "t.cnn"), {"c": 5})] == ["W103"]
