"""One run finds all errors, and what is intact survives."""

from printed import printed

from cnngraph.syntax import ast
from cnngraph.syntax.parse import parse_tolerant
from cnngraph.syntax.recovery import MAX_ERRORS


def lines_of_errors(text: str) -> list[int]:
    return [found.primary.span.line for found in parse_tolerant(text, "test.cnn")[1] if found.primary is not None]


def tree(text: str) -> str:
    return printed(parse_tolerant(text, "test.cnn")[0].items)


def test_each_line_has_its_own_error() -> None:
    text = """net broken(image: 3@32x32) {
  conv(16 3x3, same) -> relu
  c2 = conv(32, 3x3/2)
  relu
  maxpool(2x2) relu
  concat {
    | conv(8, 1x1)
    | conv(8, 3x3, same) -> -> relu
    | conv(3 $)
    | last
  }
  | conv(8, 1x1)
  flatten $ softmax
  dense(10
  softmax
}
block fine(c) = relu
block 3by3(c) = relu
"""
    assert lines_of_errors(text) == [2, 3, 5, 8, 9, 12, 13, 14, 18]
    assert tree(text) == (
        "[(definition net broken [(parameter image (@ 3 32x32) -)] [] (body [(broken) (broken) relu (broken) "
        "(merge concat [(lane - [(call conv [8 1x1])]) (lane - [(broken)]) (lane - [(broken)]) (lane - [last])]) "
        "(broken) (broken) (broken) softmax]) -) "
        "(definition block fine [(parameter c - -)] [] (body [relu]) -) (broken)]"
    )


def test_a_missing_brace_does_not_swallow_the_next_item() -> None:
    text = "net a(x: 1) {\n  residual {\n    relu\n}\nblock b = c\nblock d {\n  (repeat 2 { e\n"
    assert lines_of_errors(text) == [5, 7]
    assert tree(text) == (
        "[(definition net a [(parameter x 1 -)] [] (body [(residual (body [relu]) -) (broken)]) -) "
        "(definition block b [] [] (body [c]) -) "
        "(definition block d [] [] (body [(group (repeat 2 (body [(broken)])))]) -)]"
    )


def test_a_wrong_head_costs_its_own_item_only() -> None:
    text = "net a(x: ) {\n  residual { relu }\n  b $\n}\nblock c = d"
    assert lines_of_errors(text) == [1]
    assert tree(text) == "[(broken) (definition block c [] [] (body [d]) -)]"


def test_a_broken_stretch_covers_what_was_dropped() -> None:
    text = "block a {\n  b\n  c $ (d) # e\n  f\n}"
    module, _ = parse_tolerant(text, "test.cnn")
    (definition,) = module.items
    assert isinstance(definition, ast.Definition)
    assert [statement.span.text for statement in definition.body.statements] == ["b", "c $ (d)", "f"]


def test_an_entry_after_a_nested_section_is_one_error() -> None:
    assert lines_of_errors("about { a { b: c } d { } }\nblock e = f") == [1]


def test_the_number_of_errors_has_a_bound() -> None:
    text = "$\n" * (2 * MAX_ERRORS) + "block a = b"
    assert len(lines_of_errors(text)) == MAX_ERRORS
