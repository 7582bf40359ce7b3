"""A graph, written as a flat file and read again, is the same graph: all networks of the package, and random ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from interop.flat.random_nets import random_net

from cnngraph.compare.numbered import numbered
from cnngraph.diagnostics import CnnGraphError
from cnngraph.elaborate.elaborate import elaborate
from cnngraph.elaborate.modules import load_file, load_text
from cnngraph.interop.flat.expand import expand
from cnngraph.ir.graph import Graph
from cnngraph.ir.leaves import Input, State
from cnngraph.net import loads
from cnngraph.ops.part import Part
from cnngraph.resources import resource
from cnngraph.syntax import ast

FILES = sorted(resource("specs", "nets").glob("*.cnn"))
NETS = [(file, net) for file in FILES for net in load_file(file).nets]
ALLOWED = (ast.Name, ast.Call, ast.Binary, ast.Unary)


def assert_round_trip(graph: Graph) -> str:
    text = expand(graph)
    assert numbered(elaborate(load_text(text))) == numbered(graph), text
    return text


@pytest.mark.parametrize(("file", "net"), NETS, ids=[f"{file.stem}-{net}" for file, net in NETS])
def test_every_network(file: Path, net: str) -> None:
    graph = elaborate(load_file(file), net)
    text = assert_round_trip(graph)
    lines = [node for node in graph if not isinstance(node.op, Input | State | Part)]  # parts share the line of a split
    assert sum(line.startswith("  ") for line in text.splitlines()) >= len(lines)


@pytest.mark.parametrize("seed", range(60))
def test_random_networks(seed: int) -> None:
    assert_round_trip(elaborate(load_text(random_net(seed))))


@pytest.mark.sweep
def test_many_random_networks() -> None:
    for seed in range(60, 3_000):
        assert_round_trip(elaborate(load_text(random_net(seed))))


@pytest.mark.parametrize("name", ["googlenet", "resnet50", "unet", "alexnet_two_gpus"])
def test_there_is_no_sugar(name: str) -> None:
    program = load_text(expand(elaborate(load_file(resource("specs", "nets", f"{name}.cnn")))))
    kinds = {type(item).__name__ for item in program.module.items}
    assert kinds == {"Version", "Definition"}
    (net,) = program.definitions.values()
    for statement in net.body.statements:
        if isinstance(statement, ast.Flow | ast.Let):
            assert len(statement.pipe.units) <= 2
            assert all(isinstance(unit.head, ALLOWED) for unit in statement.pipe.units)


def test_a_second_expansion_changes_nothing_but_the_comments() -> None:
    def plain(text: str) -> list[str]:
        return [line.partition("#")[0].rstrip() for line in text.splitlines()]

    once = expand(elaborate(load_file(resource("specs", "nets", "googlenet.cnn"))))
    assert plain(expand(elaborate(load_text(once)))) == plain(once)


SIAMESE = """
block tower(n) = conv(n, 3x3) -> batchnorm -> relu
net pair(left: 1@8x8, right: 1@8x8) {
  shared twin = tower(4)
  let a = left -> twin on gpu0
  let b = right -> twin on gpu1
  abs(a - b)
}
"""


def test_shared_weights_stay_shared() -> None:
    graph = elaborate(load_text(SIAMESE))
    text = assert_round_trip(graph)
    assert text.count("shared ") == 2
    assert "shared twin1_tower_conv_layer = conv(4, 3x3)" in text
    assert "twin2_tower_conv: right -> twin1_tower_conv_layer" in text
    assert "check params == 48" in text


def test_numbers_meet_tensors_as_the_language_writes_it() -> None:
    text = assert_round_trip(elaborate(load_text("net n(x: 4) { let a, _ = x -> split(2); (0.5 * -a + 1) / 3 - 2 }")))
    lines = [line.strip().split("   ")[0] for line in text.splitlines()[3:]]
    assert lines[:6] == [
        "let part1, part2 = x -> split(2)",
        "scale1: -part1",
        "scale2: 0.5 * scale1",
        "shift1: scale2 + 1",
        "scale3: 0.3333333333333333 * shift1",
        "output: scale3 - 2",
    ]


OPEN = """
net n(a: 2@HxW, b: ids(9)@T) where H % 4 == 0, H >= 9, H > W {
  a -> maxpool(2x2) [2@(H/2, floor(W/2))] on "two words"
  let c = b -> embed(3) on gpu1
  return x = it, c, b
}
"""


def test_facts_results_and_devices_are_kept() -> None:
    text = assert_round_trip(elaborate(load_text(OPEN)))
    assert "net n(a: 2@HxW, b: ids(9)@T) where H % 4 == 0, H >= 9, H > W {" in text
    assert '[2@(H/2, floor(W/2))] on "two words"' in text
    assert "return x, c, b" in text


def test_a_setting_is_part_of_the_expanded_file() -> None:
    program = load_file(resource("specs", "nets", "unet.cnn"))
    assert "[5@32x48]" in assert_round_trip(elaborate(program, settings={"H": 32, "W": 48, "classes": 5}))


def test_names_that_the_language_knows_are_numbered() -> None:
    text = assert_round_trip(elaborate(load_text("net n(H1: 4@8x8) { relu; conv: tanh }".replace("conv:", "conv1:"))))
    assert "relu_1: relu" in text
    assert "conv1: tanh" in text


def test_a_value_that_nothing_reads_is_a_let() -> None:
    text = assert_round_trip(elaborate(load_text("net n(x: 4) { let unused = x -> dense(2) -> relu; x -> dense(3) }")))
    assert "let unused_relu = relu" in text
    assert "output: x -> dense(3)" in text


def test_a_training_step_is_refused() -> None:
    net = loads("net n(x: 4) = dense(3) -> softmax\ntrain n { data: digits(); loss: cross_entropy(output, label) }")
    with pytest.raises(CnnGraphError, match="a training step, which no file gives"):
        expand(net.training_graph())


def test_states_are_counted_as_before() -> None:
    graph = elaborate(load_text(SIAMESE))
    again = elaborate(load_text(expand(graph)))
    assert [n.type for n in again if isinstance(n.op, State)] == [n.type for n in graph if isinstance(n.op, State)]
