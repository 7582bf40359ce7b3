"""Readable files of all networks of the package, whose nodes were given names that say nothing, and of random ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from interop.flat.random_nets import random_net
from interop.readable.nameless import nameless, without_identities

from cnngraph.compare.numbered import numbered
from cnngraph.diagnostics import CnnGraphError
from cnngraph.elaborate.elaborate import elaborate
from cnngraph.elaborate.modules import load_file, load_text
from cnngraph.interop.flat.expand import expand
from cnngraph.interop.readable.readable import Written, readable
from cnngraph.ir import counts
from cnngraph.ir.graph import Graph
from cnngraph.ir.leaves import Input, State
from cnngraph.ir.op import Array
from cnngraph.net import loads
from cnngraph.resources import resource
from cnngraph.syntax.format import formatted

FILES = sorted(resource("specs", "nets").glob("*.cnn"))


def spec(name: str) -> Graph:
    return elaborate(load_file(resource("specs", "nets", f"{name}.cnn")))


def written(text: str) -> Written:
    return readable(without_identities(nameless(elaborate(load_text(text)))))


def body_of(text: str) -> list[str]:
    """The lines of the net of a file, without its columns and checks."""
    lines = text[text.index("\nnet ") :].splitlines()[2:]
    return [line.split("  [")[0].strip() for line in lines if line.strip() and not line.startswith(("  check", "}"))]


def both(graph: Graph) -> list[Graph]:
    """The graph without names, with and without its identities."""
    first, second = nameless(graph), without_identities(nameless(graph))
    return [first, second] if len(first.nodes) > len(second.nodes) else [first]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_network(file: Path) -> None:
    program = load_file(file)
    for graph in [graph for net in program.nets for graph in both(elaborate(program, net))]:
        made = readable(graph)
        again = elaborate(load_text(made.text))
        assert made.states.keys() == {node.name for node in graph.states}
        assert sorted(made.states.values()) == sorted(node.name for node in again.states)
        assert counts.parameters(again) == counts.parameters(graph)
        assert len(again.nodes) == len(graph.nodes)
        assert formatted(made.text, "again") == made.text
        assert len(made.text.splitlines()) <= len(expand(graph).splitlines()) + 6


MOST = {
    "alexnet": 14,
    "bn_inception": 46,
    "convnext_tiny": 24,
    "densenet121": 25,
    "efficientnet_b0": 42,
    "googlenet": 44,
    "inception_v3": 79,
    "mobilenet_v1": 17,
    "mobilenet_v2": 32,
    "resnet152": 15,
    "resnet18": 15,
    "se_resnet50": 33,
    "seq2seq": 12,
    "shufflenet": 38,
    "squeezenet": 26,
    "transformer": 48,
    "unet": 18,
    "vgg16": 15,
    "vit_b16": 23,
    "yolov3": 38,
}


@pytest.mark.parametrize("name", MOST)
def test_as_few_lines_as_a_person_needs(name: str) -> None:
    text = readable(without_identities(nameless(spec(name)))).text
    assert len(text.splitlines()) <= MOST[name], text


RESNET = """cnn 1
import conv_bn_relu from "std/conv.cnn"
import bottleneck, stage from "std/resnet.cnn"

net resnet152(image: 3@224x224) {
  conv_bn_relu(64, 7x7/2, same) -> maxpool(3x3/2, same)  [64@56x56]
  stage(bottleneck, 64, 3, stride = 1)                   [256@56x56]
  stage(bottleneck, 128, 8)                              [512@28x28]
  stage(bottleneck, 256, 36)                             [1024@14x14]
  stage(bottleneck, 512, 3)                              [2048@7x7]
  globalavgpool -> dense(1000) -> softmax                [1000]

  check params == 60_192_808
  check depth == 152
}
"""

UNET = """cnn 1
import conv_relu from "std/conv.cnn"

net unet(image: 1@HxW) where H % 16 == 0, W % 16 == 0 {
  skip: conv_relu(64, 3x3, same) * 2                                    [64@HxW]
  skip2: maxpool(2x2) -> conv_relu(128, 3x3, same) * 2                  [128@HxW/2]
  skip3: maxpool(2x2) -> conv_relu(256, 3x3, same) * 2                  [256@HxW/4]
  skip4: maxpool(2x2) -> conv_relu(512, 3x3, same) * 2                  [512@HxW/8]
  maxpool(2x2) -> conv_relu(1024, 3x3, same) * 2                        [1024@HxW/16]
  upconv(512, 2x2/2) -> concat(skip4) -> conv_relu(512, 3x3, same) * 2  [512@HxW/8]
  upconv(256, 2x2/2) -> concat(skip3) -> conv_relu(256, 3x3, same) * 2  [256@HxW/4]
  upconv(128, 2x2/2) -> concat(skip2) -> conv_relu(128, 3x3, same) * 2  [128@HxW/2]
  upconv(64, 2x2/2) -> concat(skip) -> conv_relu(64, 3x3, same) * 2     [64@HxW]
  conv(2, 1x1) -> softmax                                               [2@HxW]

  check params == 31_030_658
  check depth == 23
}
"""


@pytest.mark.parametrize(("name", "text"), [("resnet152", RESNET), ("unet", UNET)])
def test_whole_files(name: str, text: str) -> None:
    assert readable(nameless(spec(name))).text == text


@pytest.mark.parametrize("seed", range(30))
def test_random_networks(seed: int) -> None:
    graph = nameless(elaborate(load_text(random_net(seed))))
    for each in (graph, without_identities(graph)):
        made = readable(each)
        assert counts.parameters(elaborate(load_text(made.text))) == counts.parameters(_needed(each))


@pytest.mark.sweep
def test_many_random_networks() -> None:
    for seed in range(30, 1_500):
        graph = nameless(elaborate(load_text(random_net(seed))))
        readable(graph)
        readable(without_identities(graph))


def _needed(graph: Graph) -> Graph:
    return graph.fetch(list(graph.outputs))


def run(graph: Graph, fed: dict[str, Array], states: dict[str, Array]) -> list[Array]:
    """The results of a graph by the plain meaning of its operators."""
    values: dict[str, tuple[Array, ...]] = {}
    for node in graph:
        if isinstance(node.op, Input):
            values[node.name] = (fed[node.name],)
        elif isinstance(node.op, State):
            values[node.name] = (states[node.name],)
        else:
            values[node.name] = node.op.apply([values[ref.node][ref.index] for ref in node.inputs])
    return [values[ref.node][ref.index] for ref in graph.outputs.values()]


@pytest.mark.parametrize("seed", range(12))
def test_the_states_go_where_they_belong(seed: int) -> None:
    graph = _needed(nameless(elaborate(load_text(random_net(seed)))))
    made = readable(graph)
    again = elaborate(load_text(made.text))
    chance = np.random.default_rng(seed)
    sizes = {**dict.fromkeys(graph.symbols, 8), "batch": 2}
    fed = {n.name: chance.random(n.type.bind(**sizes).concrete) for n in again.inputs}
    states = {n.name: chance.random(n.type.concrete) for n in graph.states}
    given = run(graph, fed, states)
    for a, b in zip(given, run(again, fed, {made.states[k]: v for k, v in states.items()}), strict=True):
        np.testing.assert_array_equal(a, b)


def test_labels_come_from_names_that_read_well() -> None:
    text = readable(spec("alexnet")).text
    assert [line.partition(":")[0] for line in body_of(text) if ":" in line] == ["conv1", "conv2", "conv5", "fc8"]
    assert "n3" not in readable(nameless(spec("alexnet"))).text


def test_the_operands_of_a_sum_may_change_places() -> None:
    made = written("net n(x: 8@9x9) { let a = it -> conv(8, 3x3, same) -> relu; add(x, a) -> tanh }")
    assert body_of(made.text) == ["residual { conv(8, 3x3, same) -> relu }", "tanh"]


def test_a_shortcut_that_changes_the_shape_is_a_projection() -> None:
    text = written("net n(x: 8@9x9) { add { | conv(6, 3x3, same) -> tanh | conv(6, 1x1) }; relu }").text
    assert body_of(text) == ["residual { conv(6, 3x3, same) -> tanh } project conv(6, 1x1)", "relu"]


def test_where_the_shape_stays_two_lanes_are_no_projection() -> None:
    text = written("net n(x: 6@9x9) { add { | conv(6, 3x3, same) -> tanh | conv(6, 1x1) }; relu }").text
    assert body_of(text) == ["add {", "| conv(6, 3x3, same) -> tanh", "| conv(6, 1x1)", "}", "relu"]


def test_a_vector_that_is_added_to_a_grid_is_not_projected() -> None:
    unit = "add { | it | globalavgpool -> dense(it.c) }"
    text = f"net n(x: 6@9x9) {{ {unit}; {unit}; residual {{ conv(8, 3x3, same) }} project conv(8, 1x1); {unit} }}"
    assert "dense" in written(text).text


def test_strides_along_one_axis_stand_by_themselves() -> None:
    rows = [f"conv({8 * i}, {3 + i % 3}, stride = {1 + i % 2}) -> relu -> avgpool(2, stride = 1)" for i in range(1, 9)]
    text = written(f"net n(x: 4@5000) {{ {'; '.join(rows)} }}").text
    assert "stride = 2" in text
    rows = [f"conv({8 * i}, {3 + i % 3}, stride = 2) -> leaky_relu(0.1)" for i in range(1, 7)]
    text = written(f"net n(x: 4@5000) {{ {'; '.join(rows)} }}").text
    assert "block conv_leaky(c, window) = conv(c, window, stride = 2) -> leaky_relu(0.1)" in text


def test_strides_that_differ_by_axis_stand_by_themselves() -> None:
    rows = "; ".join(f"conv({8 * i}, 3x{1 + i % 3}, stride = (2, 1)) -> leaky_relu(0.1)" for i in range(1, 6))
    assert "stride = (2, 1)" in written(f"net n(x: 4@500x500) {{ {rows} }}").text


def test_lanes_that_differ_in_a_window_are_one() -> None:
    lane = "| for k in [1, 3, 5]: conv(4, k, same) -> relu"
    text = written(f"net n(x: 4@9x9) = concat {{ {lane} }}").text
    assert body_of(text) == ["concat {", lane.replace("conv", "conv_relu").replace(" -> relu", ""), "}"]


def test_weights_that_are_shared_stay_shared() -> None:
    made = readable(nameless(spec("siamese")))
    assert made.text.count("shared tower = ") == 1
    assert "let x = left -> tower" in made.text
    assert len(made.states) == 12


def test_results_of_one_value_are_a_fork() -> None:
    text = written("net n(x: 4@8x8) { conv(6, 3x3); fork { | a: conv(2, 1x1) | b: relu -> conv(3, 1x1) } }").text
    assert body_of(text) == ["conv(6, 3x3)", "fork {", "| a: conv(2, 1x1)", "| b: relu -> conv(3, 1x1)", "}"]


def test_a_result_may_be_an_input() -> None:
    text = written("net n(x: 4@8x8) { x -> relu; return y = it, same = x }").text
    assert "return y, same = x" in text


OWN = """
block gated(x: tensor, h: tensor(5)) {
  let z = concat(x, h) -> dense(5) -> sigmoid
  let r = concat(x, h) -> dense(5) -> sigmoid
  let n = tanh(dense(5)(x) + r * dense(5)(h))
  return (1 - z) * n + z * h
}
block inner(x: tensor, h: tensor(2)) = concat(x, h) -> dense(2)
block outer(x: tensor, h: tensor(2)) = x -> scan(inner) -> globalavgpool -> add(h)
"""


def test_cells_of_the_library_are_imported() -> None:
    assert "scan(lstm(n = 512), init = (h, c))" in readable(nameless(spec("seq2seq"))).text


def test_other_cells_are_equations() -> None:
    lines = written(f"{OWN} net n(x: 3@T) = scan(gated)").text.splitlines()
    assert lines[2:9] == [
        "block gated(x: tensor, h: tensor(5)) {",
        "  let y = concat(x, h) -> dense(5) -> sigmoid",
        "  let y2 = concat(x, h) -> dense(5) -> sigmoid",
        "  let y3 = x -> dense(5)",
        "  let y4 = h -> dense(5)",
        "  let h2 = (1 - y) * tanh(y3 + y2 * y4) + y * h",
        "  return h2",
    ]


def test_cells_in_cells() -> None:
    text = written(f"{OWN} net n(x: 3@TxU) = scan(outer)").text
    assert text.count("block ") == 2
    assert "scan(outer)" in text


def test_attention_is_that_of_the_library() -> None:
    text = readable(nameless(spec("transformer"))).text
    assert "self_attention(512, 8, masked = true)" in text
    assert "attention(other, other, 512, 8)" in text
    assert "perceptron(2048, 512, relu)" in text


def test_attention_with_another_scale_is_written_out() -> None:
    body = """
      let v = it -> linear(8) -> split_heads(2)
      let k = it -> linear(8) -> split_heads(2)
      linear(8) -> split_heads(2) -> dot(k) -> scale(0.3) -> softmax -> mix(v) -> join_heads -> linear(8)
    """
    assert "scale(0.3)" in written(f"net n(x: 8@5) {{ {body} }}").text


def test_what_leads_to_no_result_is_left_out() -> None:
    made = written("net n(x: 4, y: 3) { let unused = y -> dense(9); x -> dense(2) }")
    assert "dense(9)" not in made.text
    assert len(made.states) == 2


def test_places_on_devices_are_kept_in_the_flat_form() -> None:
    made = readable(spec("alexnet_two_gpus"))
    assert "# Written as one line for each operator, for its nodes have places on devices." in made.text
    assert "on gpu1" in made.text


def test_what_is_known_about_a_network_is_its_section() -> None:
    text = readable(nameless(spec("lenet5_digits")), {"source": 'a "file"', "note": "x" * 100}).text
    assert 'source: "a \\"file\\""' in text
    assert f'note:   "{"x" * 100}"' in text


def test_a_title_stands_above_the_net() -> None:
    text = readable(nameless(spec("lenet5_digits")), {"title": "Digits,\nby hand"}).text
    assert "## Digits, by hand\nnet lenet5(" in text


def test_a_training_step_is_refused() -> None:
    net = loads("net n(x: 4) = dense(3) -> softmax\ntrain n { data: digits(); loss: cross_entropy(output, label) }")
    with pytest.raises(CnnGraphError, match="a training step, which no file gives"):
        readable(net.training_graph())


def test_the_second_time_changes_nothing() -> None:
    for name in ("mobilenet_v2", "shufflenet"):
        once = readable(without_identities(nameless(spec(name))))
        graph = elaborate(load_text(once.text))
        assert numbered(elaborate(load_text(readable(nameless(graph)).text))) == numbered(graph)
        assert readable(nameless(graph)).text == once.text


@pytest.mark.sweep
def test_ten_thousand_nodes() -> None:
    lines = [f"conv({4 + 7 * i % 97}, 3x3, same) -> {('relu', 'tanh', 'batchnorm')[i % 3]}" for i in range(2_500)]
    written("net n(x: 3@8x8) {\n" + "\n".join(lines) + "\n}")
    skips = [f"a{i}: conv(8, 3x3, same) -> add(a{i - 1 - i % 7})" for i in range(8, 2_000)]
    first = [f"a{i}: relu" for i in range(8)]
    names = ", ".join(f"a{i}" for i in range(2_000))
    written("net n(x: 8@8x8) {\n" + "\n".join([*first, *skips]) + f"\nreturn {names}\n}}")
