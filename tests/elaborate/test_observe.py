"""What reading gives beside the graph: every unit, every choice of a projection, and the nodes that are missing."""

from __future__ import annotations

from cnngraph.elaborate.elaborate import elaborate
from cnngraph.elaborate.modules import load_file, load_text
from cnngraph.elaborate.observe import observe
from cnngraph.resources import resource

RESIDUAL = """
block unit(c, stride = 1) {
  residual { conv(c, 3x3/stride, same) -> relu } project conv(c, 1x1/stride)
}
net n(image: 3@32x32) {
  a: unit(8)
  b: unit(8)
  let p = b -> globalavgpool
  p -> dense(10)
}
"""


def test_the_graph_is_that_of_elaborate() -> None:
    for name in ("resnet50", "googlenet", "unet"):
        program = load_file(resource("specs", "nets", f"{name}.cnn"))
        observation = observe(program)
        assert observation.graph == elaborate(program)
        assert observation.found == ()
        assert observation.failures == ()


def test_units_are_given_once_for_each_use() -> None:
    observation = observe(load_text(RESIDUAL))
    convolutions = [given for given in observation.values if given.span.text.startswith("conv(c, 3x3")]
    assert [given.nodes for given in convolutions] == [
        ("a.conv.weight", "a.conv.bias", "a.conv"),
        ("b.conv.weight", "b.conv.bias", "b.conv"),
    ]
    assert [use.block for given in convolutions for use in given.uses] == ["unit", "unit"]
    row = next(given for given in observation.values if given.span.text == "unit(8)")
    assert [str(type_) for type_ in row.types] == ["8@32x32"]
    assert row in observation.at(row.span)


def test_projection_or_identity() -> None:
    assert [choice.projected for choice in observe(load_text(RESIDUAL)).choices] == [True, False]


def test_a_broken_net_is_read_as_far_as_it_goes() -> None:
    text = "net n(image: 3@32x32) { conv(8, 3x3); dense(10); relu; let b = image -> conv(4, 1x1); concat(b, image) }"
    observation = observe(load_text(text))
    assert [d.code for d in observation.found] == ["E0201"]
    assert observation.graph is not None
    assert [node.name for node in observation.graph if node.op.name == "conv"] == ["conv", "b"]
    (refused,) = observation.failures
    assert (refused.name, [ref.node for ref in refused.inputs]) == ("dense", ["conv"])


def test_a_file_without_a_net() -> None:
    observation = observe(load_text("block b = relu"))
    assert observation.graph is None
    assert [d.code for d in observation.found] == ["E0101"]


def test_checks_are_not_judged_by_a_part_of_the_net() -> None:
    text = "net n(x: 3@8x8) {{\n  conv(4, 3x3{}\n  check params == 7\n}}"
    assert [d.code for d in observe(load_text(text.format(")"))).found] == ["E0400"]
    assert [d.code for d in observe(load_text(text.format(""))).found] == ["E0001"]


def test_a_scan_gives_the_sequence_of_its_first_state() -> None:
    text = 'import lstm from "std/recurrent.cnn"\nnet n(x: 16@9) { a: scan(lstm(8)){}; dense(2) }'
    for row in ("", " [8@9]"):
        given = next(g for g in observe(load_text(text.replace("{}", row))).values if "scan(lstm(8))" in g.span.text)
        assert list(map(str, given.types)) == ["8@9"]
