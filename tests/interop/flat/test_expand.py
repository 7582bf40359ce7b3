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
from cnngraph.ops.cut import Cut
from cnngraph.ops.part import Part
from cnngraph.resources import resource
from cnngraph.syntax import ast

FILES = sorted(resource("specs", "nets").glob("*.cnn"))
ALLOWED = (ast.Name, ast.Call, ast.Binary, ast.Unary)


def assert_round_trip(graph: Graph) -> str:
    text = expand(graph)
    assert numbered(elaborate(load_text(text))) == numbered(graph), text
    return text


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_network(file: Path) -> None:
    program = load_file(file)
    for net in program.nets:
        graph = elaborate(program, net)
        text = assert_round_trip(graph)
        lines = [node for node in graph if not isinstance(node.op, Input | State | Part | Cut)]  # a `let` has several
        assert sum(line.startswith("  ") for line in text.splitlines()) >= len(lines)


@pytest.mark.parametrize("seed", range(40))
def test_random_networks(seed: int) -> None:
    assert_round_trip(elaborate(load_text(random_net(seed))))


@pytest.mark.sweep
def test_many_random_networks() -> None:
    for seed in range(40, 2_000):
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


def test_parts_of_several_sizes_are_one_split() -> None:
    body = 'let a, b, _ = x -> split([4, 3, 2]); a -> padding((1, (0, 2)), "edge") -> slice(step = 2); return it, b'
    text = assert_round_trip(elaborate(load_text(f"net n(x: 9@1x5) {{ {body} }}")))
    assert "= x -> split([4, 3, 2])" in text
    assert '-> padding((1, (0, 2)), mode = "edge")' in text


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


CELLS = """
block rnn(x: tensor, h: tensor(n), n) = concat(x, h) -> dense(n) -> tanh
block pair(x: tensor, h: tensor(n), k: tensor(n), n) { let a = concat(x, h) -> dense(n); return tanh(a) * k, a }
block rows(x: tensor, h: tensor(3)) { let _, inner = x -> scan(rnn(n = 3)); inner -> add(h) }
block field(x: tensor, h: 2@4) { let s = x -> conv(2, 3, same); add(s, h) -> relu }
"""


@pytest.mark.parametrize(
    "body",
    [
        "x -> scan(rnn(n = 5))",
        "x -> scan(rnn(n = 5), reverse = true) -> relu; globalavgpool",
        "let y, h = x -> scan(rnn(n = 5)); return y, h",
        "let _, h = x -> scan(rnn(n = 5)); h -> relu",
        "x -> scan(pair(n = 5)) -> relu",
        "let y, h, k = x -> scan(pair(n = 5), reverse = true); return k, y, h",
        "let _, _, k = x -> scan(pair(n = 5)); k -> dense(2)",
        "let h = x -> globalavgpool -> dense(5); x -> scan(rnn(n = 5), init = h)",
        "let h = x -> globalavgpool -> dense(5); x -> scan(pair(n = 5), init = (h, h))",
        "x -> scan(rnn(n = 3)) -> scan(rnn(n = 3))",
        "x -> scan(rnn(n = 5)) on gpu0",
        "shared cell = scan(rnn(n = 5)); let a = x -> cell; let b = x -> relu -> cell; add(a, b)",
        "let rnn_1 = x -> relu; rnn_1 -> scan(rnn(n = 4)) -> relu; rnn_2: tanh",
    ],
)
def test_cells_stay_blocks(body: str) -> None:
    text = assert_round_trip(elaborate(load_text(f"{CELLS}net n(x: 3@T) {{ {body} }}")))
    assert "block " in text


def test_cells_of_grids_and_in_cells() -> None:
    text = assert_round_trip(elaborate(load_text(f"{CELLS}net n(x: 3@6x4) {{ scan(rows); scan(rnn(n = 2)) }}")))
    assert text.index("block rnn(") < text.index("block rows(")
    text = assert_round_trip(elaborate(load_text(f"{CELLS}net n(x: 3@6x4) {{ scan(field) }}")))
    assert "block field(x: tensor, h: 2@4) {" in text


def test_equal_cells_are_one_block() -> None:
    text = assert_round_trip(elaborate(load_text(f"{CELLS}net n(x: 5@T) {{ scan(rnn(n = 5)) * 3 }}")))
    assert text.count("block ") == 1
    assert text.count("scan(rnn)") == 3
