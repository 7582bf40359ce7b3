"""Expressions worked out: what they give, with formulas whose numbers are right, and findings that point into them."""

from __future__ import annotations

import pytest

from cnngraph.diagnostics import CnnGraphError
from cnngraph.expression.answer import Answer, Step, answer
from cnngraph.expression.text import text
from cnngraph.expression.wrap import standard_blocks, wrap
from cnngraph.ir.op import Sample
from cnngraph.ir.registry import registry
from cnngraph.syntax import ast

SAMPLES = [sample for op in registry().values() for sample in op.samples() if sample.op.formula(sample.inputs)]


def last(expression: str) -> Step:
    return answer(expression).steps[-1]


def lines(expression: str) -> dict[str, str]:
    return dict(last(expression).lines)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda s: str(s.op))
def test_formulas_of_operators_end_with_the_size_that_is_inferred(sample: Sample) -> None:
    (given, *_) = sample.op.output_types(sample.inputs)
    sizes = {f"{size:,}" for size in given.shape[1:] if isinstance(size, int)}
    assert {formula.rpartition("= ")[2] for formula in sample.op.formula(sample.inputs)} <= sizes


@pytest.mark.parametrize(
    ("expression", "formula"),
    [
        ("3@227x227 -> conv(96, 11x11/4)", "(N + 2P - F)/S + 1 = (227 + 2*0 - 11)/4 + 1 = 55"),
        ("3@224x224 -> conv(64, 7x7/2, same)", "floor((N + 2P - F)/S) + 1 = floor((224 + 2*3 - 7)/2) + 1 = 112"),
        ("3@32x32 -> conv(10, 5x5, pad = 2)", "N + 2P - F + 1 = 32 + 2*2 - 5 + 1 = 32"),
        ("3@8x8 -> maxpool(3x3/2, ceil = true)", "ceil((N + 2P - F)/S) + 1 = ceil((8 + 2*0 - 3)/2) + 1 = 4"),
        ("8@T -> conv(4, 3, dilation = 2)", "N + 2P - (D*(F - 1) + 1) + 1 = T + 2*0 - (2*(3 - 1) + 1) + 1 = T-4"),
        ("3@9x9 -> conv(4, 3x3, pad = ((1, 0), (1, 0)))", "N + P + Q - F + 1 = 9 + 1 + 0 - 3 + 1 = 8"),
        ("128@7x7 -> upconv(64, 4x4/2, pad = 1)", "(N - 1)S + F - 2P = (7 - 1)*2 + 4 - 2 = 14"),
    ],
)
def test_positions(expression: str, formula: str) -> None:
    assert lines(expression)["positions"] == formula


def test_every_figure_of_a_convolution() -> None:
    step = last("3@227x227 -> conv(96, 11x11/4)")
    assert step.shapes == ("96@55x55",)
    assert dict(step.lines) == {
        "positions": "(N + 2P - F)/S + 1 = (227 + 2*0 - 11)/4 + 1 = 55",
        "parameters": "11*11*3*96 + 96 = 34,944",
        "multiply-adds": "55*55 * 11*11*3*96 = 105,415,200",
        "receptive field": "11x11, step 4",
    }


def test_axes_that_differ_have_a_formula_each() -> None:
    given = [line for name, line in last("3@9x8 -> conv(2, 3x2)").lines if name == "positions"]
    assert given == ["N + 2P - F + 1 = 9 + 2*0 - 3 + 1 = 7", "N + 2P - F + 1 = 8 + 2*0 - 2 + 1 = 7"]


def test_the_receptive_field_grows_along_the_pipe() -> None:
    steps = answer("3@64x64 -> conv(4, 3x3) -> relu -> maxpool(2x2) -> conv(4, 3x3) -> globalavgpool").steps
    assert [dict(step.lines).get("receptive field") for step in steps[1:]] == [
        "3x3, step 1", None, "4x4, step 2", "8x8, step 2", "the whole input"
    ]  # fmt: skip


def test_totals_of_several_units() -> None:
    assert answer("16 -> dense(4) -> relu -> dense(2)").totals == (
        ("parameters", "78"), ("multiply-adds", "72"), ("depth", "2")
    )  # fmt: skip
    assert answer("16 -> dense(4)").totals == ()


def test_a_block_of_the_standard_library() -> None:
    step = last("64@56x56 -> bottleneck(64)")
    assert step.shapes == ("256@56x56",)
    assert dict(step.lines)["parameters"] == "75,008"
    assert step.inside is not None
    rows = [row[0] for row in step.inside.rows]
    assert (rows[0], rows[-1], len(rows)) == ("conv_bn_relu[1].conv_bn.conv", "relu", 12)


def test_every_standard_block_is_in_sight() -> None:
    assert {"conv_bn", "bottleneck"} <= set(standard_blocks())
    for name in standard_blocks():
        assert answer(name).steps[0].lines[-1][1].startswith(f"{name}(")


def test_lines_labels_and_merges() -> None:
    given = answer("a: 8@5x5; b: 4@5x5; let c = a -> conv(4, 1x1); add(b, c) -> concat(a)")
    assert [(step.text, step.shapes) for step in given.steps] == [
        ("a", ("8@5x5",)), ("b", ("4@5x5",)), ("a", ("8@5x5",)), ("conv(4, 1x1)", ("4@5x5",)),
        ("add(b, c)", ("4@5x5",)), ("concat(a)", ("12@5x5",)),
    ]  # fmt: skip
    assert lines("3@8x8 -> concat { | conv(4, 1x1) | identity }")["parameters"] == "16"
    assert last("6@8x8 -> split(2)").shapes == ("3@8x8", "3@8x8")


def test_a_cell_along_a_sequence() -> None:
    steps = answer("16@T -> scan(lstm(n = 8)) -> linear(3)").steps
    assert [step.shapes for step in steps] == [("16@T",), ("8@T",), ("3@T",)]
    assert dict(steps[1].lines)["parameters"] == "24*32 + 32 = 800"


def test_a_line_that_leads_nowhere_is_looked_at() -> None:
    assert [step.shapes for step in answer("3@8x8 -> conv(4, 3x3); 5 -> dense(2)").steps] == [
        ("3@8x8",), ("4@6x6",), ("5",), ("2",)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("floor((227 - 11)/4) + 1", "55"),
        ("1000 * 1000", "1,000,000"),
        ("0.5 * 3", "1.5"),
        ("3 > 2 and not false", "true"),
        ("[1, 2, 3]", "[1, 2, 3]"),
        ("0..3", "[0, 1, 2]"),
        ("7x7/2", "7x7/2"),
    ],
)
def test_values(expression: str, value: str) -> None:
    assert answer(expression) == Answer(value)


def test_a_layer_by_itself() -> None:
    step = last("conv(96, 11x11/4)")
    assert dict(step.lines)["positions"].startswith("floor((N + 2P - F)/S) + 1 = floor((N + 2*0 - 11)/4) + 1")
    assert lines("conv")["features"] == "is needed"
    assert lines("bottleneck")["block"] == "bottleneck(c, stride = 1)"
    assert lines("(relu -> tanh)")["is"].startswith("layers in sequence")


@pytest.mark.parametrize(
    ("expression", "code", "at"),
    [
        ("3@8x8 -> conv(4, 3x3) -> dense(10)", "E0201", "dense(10)"),
        ("3@8x8 -> cnv(4)", "E0101", "cnv"),
        ("3@8x8 -> conv(4, 30x30)", "E0203", "conv(4, 30x30)"),
        ("257 / 2", "E0109", "257 / 2"),
        ("relu -> tanh", "E0110", "relu -> tanh"),
        ("conv(4, 3x3", "E0001", ""),
        ("", "E0110", ""),
        ("}", "E0001", ""),
        ("3@8x8 -> bottleneck(4) -> add(1)", "E0105", "1"),
    ],
)
def test_findings_point_into_the_expression(expression: str, code: str, at: str) -> None:
    with pytest.raises(CnnGraphError) as caught:
        answer(expression)
    first = caught.value.diagnostics[0]
    assert first.primary is not None
    assert (first.code, first.primary.span.text) == (code, at)
    assert first.primary.span.source.name == "expression"
    assert first.primary.span.source.text == expression


NONSENSE = ["net", "net x(", "}}}", "train a { }", "3@", "@", "it", "a: ", "let", "\n\n", "#", "on gpu0"]


@pytest.mark.parametrize("expression", NONSENSE)
def test_nonsense_has_a_finding(expression: str) -> None:
    with pytest.raises(CnnGraphError):
        answer(expression)


def test_spans_of_the_tree_are_those_of_the_expression() -> None:
    (statement,) = wrap("3@8x8 -> conv(4, 3x3) -> relu").statements
    assert isinstance(statement, ast.Flow)
    assert [unit.span.text for unit in statement.pipe.units] == ["3@8x8", "conv(4, 3x3)", "relu"]


def test_as_text() -> None:
    assert text(answer("1@6x6 -> conv_bn(2, 3x3) -> relu")).splitlines()[:5] == [
        "1@6x6                        1@6x6",
        "    values           6*6*1 = 36",
        "conv_bn(2, 3x3)              2@4x4",
        "    parameters       22",
        "    multiply-adds    288",
    ]
