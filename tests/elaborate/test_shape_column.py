"""The right column, written: missing rows are added, wrong ones corrected, right ones kept as they were written."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnngraph.diagnostics import CnnGraphError
from cnngraph.elaborate.elaborate import elaborate
from cnngraph.elaborate.modules import load_text
from cnngraph.elaborate.shape_column import with_shapes
from cnngraph.resources import resource

NETS = sorted(resource("specs", "nets").glob("*.cnn"))


def body(*lines: str, head: str = "net n(image: 3@32x32, classes = 10)") -> str:
    return "\n".join([f"{head} {{", *(f"  {line}" for line in lines), "}", ""])


def test_the_paper_of_alexnet_corrected() -> None:
    """Only the first row is wrong by itself; the others follow from it, and are judged once it is right."""
    text = body(
        "conv(96, 11x11/4)  [96@55x55]", "maxpool(3x3/2)     [96@27x27]", "conv(8, 1x1)       [8@27x27]",
        head="net n(image: 3@224x224)",
    )
    assert with_shapes(text, "n.cnn") == text.replace("[96@55x55]", "[96@54x54]").replace("27x27", "26x26")


def test_right_rows_stay_as_they_are_written() -> None:
    text = body("conv(8, 3x3, same)          [8@32x32]", "flatten                     [8*32*32]",
                "y: dense(classes) -> softmax  [classes]")  # fmt: skip
    assert with_shapes(text, "n.cnn").count("[8*32*32]") == 1
    assert with_shapes(text, "n.cnn").count("[classes]") == 1


def test_sizes_that_stay_open() -> None:
    text = body("conv(8, 3x3/2, same)", "conv(8, 3x3, pad = 0)", head="net n(image: 1@HxW) where H % 2 == 0")
    written = with_shapes(text, "n.cnn")
    assert written.splitlines()[1:3] == [
        "  conv(8, 3x3/2, same)   [8@(H/2, floor((W+1)/2))]",
        "  conv(8, 3x3, pad = 0)  [8@(H/2-2, floor((W+1)/2)-2)]",
    ]
    assert with_shapes(written, "n.cnn") == written


def test_lines_that_have_no_row() -> None:
    text = body("let a = conv(4, 3x3)", "fork { | x: conv(1, 1x1) | y: a -> relu }", "check params > 0")
    assert with_shapes(text, "n.cnn") == text


def test_a_scan_has_a_row() -> None:
    head = 'import lstm from "std/recurrent.cnn"\nnet n(x: 16@T)'
    assert "scan(lstm(8))  [8@T]" in with_shapes(body("scan(lstm(8))", head=head), "n.cnn")


def test_a_net_on_one_line_stays_on_it() -> None:
    for text in ("net n(image: 3@8x8) { conv(4, 3x3); relu }\n", "net n(image: 3@8x8) = conv(4, 3x3) -> relu\n"):
        assert with_shapes(text, "n.cnn") == text


def test_rows_of_a_block_that_all_uses_agree_about() -> None:
    block = "block b(n) {\n  conv(n, 3x3, same)\n  maxpool(2x2)  [5@5x5]\n}\n"
    assert "  maxpool(2x2)  [4@16x16]\n" in with_shapes(block + body("b(4)  [4@16x16]"), "n.cnn")
    with pytest.raises(CnnGraphError) as caught:
        with_shapes(block + body("b(4) -> b(5)"), "n.cnn")
    assert {d.code for d in caught.value.diagnostics} == {"E0300"}


def test_rows_inside_of_braces_are_corrected() -> None:
    text = body("residual {", "  conv(3, 3x3, same)  [4@32x32]", "}                     [3@32x32]")
    assert "  conv(3, 3x3, same)  [3@32x32]\n" in with_shapes(text, "n.cnn")


@pytest.mark.parametrize("line", ["dense(4) [4]", "conv(8, 3x3) [8@q]", "conv(8 3x3)", "relu\n  check params == 1"])
def test_errors_come_first_and_are_shown_as_they_are_written(line: str) -> None:
    text = body("conv(4, 3x3) [4@7x7]", line)
    with pytest.raises(CnnGraphError) as caught:
        with_shapes(text, "n.cnn")
    assert all(d.primary and d.primary.span.source.text == text for d in caught.value.diagnostics)


def test_a_file_of_blocks_is_formatted() -> None:
    assert with_shapes("block a=relu [3]", "n.cnn") == "block a = relu [3]\n"


@pytest.mark.parametrize("path", NETS[:6], ids=lambda path: path.stem)
def test_what_is_written_holds(path: Path) -> None:
    written = with_shapes(path.read_text(encoding="utf-8"), path.name, path.parent)
    assert elaborate(load_text(written, path.name, path.parent)).outputs
    assert with_shapes(written, path.name, path.parent) == written
