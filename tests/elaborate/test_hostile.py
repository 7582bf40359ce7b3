"""Texts that ask for more than there is: each ends soon and in little memory, in a graph or in findings."""

from __future__ import annotations

import time
import tracemalloc
from pathlib import Path

import pytest
from elaborate.fuzzing import to_column, to_lints, to_observation, to_style
from elaborate.texts import findings, net, train_findings

from cnngraph.elaborate import frame

MAX_SECONDS = 5


def lines(first: str, each: str, last: str, count: int = 40) -> str:
    """`each` for every number, with that number and the one before."""
    return "\n".join([first, *(each.format(i, i - 1, i - 1) for i in range(1, count)), last])


def doubling(first: str, step: str, count: int = 40) -> str:
    """Blocks that each use the one before twice."""
    blocks = [f"block a0 {{ {first} }}", *(f"block a{i} {{ {step.format(f'a{i - 1}')} }}" for i in range(1, count))]
    return "\n".join([*blocks, f"net n(x: 3@4x4) = a{count - 1}"])


def chain(first: str, step: str, last: str, count: int = 40) -> str:
    """Lines `let a1 = ...a0...`, `let a2 = ...a1...`, and a last one."""
    lets = [f"let a0 = {first}", *(f"let a{i} = {step.format(f'a{i - 1}')}" for i in range(1, count))]
    return net("\n".join([*lets, last.format(f"a{count - 1}")]), "x: 3@(H, W)")


TEXTS = {
    "a layer very often": ("E0402", net("relu * 1000000000")),
    "very often of very often": ("E0402", net("((relu * 40000) * 40000) * 40000")),
    "very often nothing": ("E0402", net("((relu * 0) * 40000) * 40000")),
    "repeat": ("E0402", net("repeat 1000000000 { if false { relu } }")),
    "for": ("E0402", net("for i in 0..999999999999999999 { relu }")),
    "for lanes": ("E0402", net("concat { | for i in 0..1000000000: relu }")),
    "loops in loops": ("E0402", net("for i in 0..1000 { for j in 0..1000 { let a = i * j } }")),
    "doubling": ("E0402", doubling("relu", "{0} -> {0}")),
    "doubling nothing": ("E0402", doubling("it", "{0} -> {0}")),
    "doubling lanes": ("E0402", doubling("it", "add {{ | {0} | {0} }}")),
    "doubling layers": ("E0402", chain("(relu -> relu)", "({0} -> {0})", "{0}")),
    "doubling shared": ("E0402", net(lines("shared a0 = relu", "shared a{} = (a{} -> a{})", "a39"))),
    "doubling lists": ("E0103", chain("[1]", "[{0}, {0}]", "conv({0}, 1x1)")),
    "equal lists": ("E0103", chain("[1]", "[{0}, {0}]", "if {0} == {0} {{ relu }}")),
    "doubling padding": ("E0103", chain("(1, 2)", "({0}, {0})", "conv(3, 3x3, {0})")),
    "doubling numbers": ("E0109", chain("7", "{0} * {0}", "relu")),
    "doubling sizes": ("E0109", chain("H + W", "{0} * {0}", "relu")),
    "floors of floors": ("E0109", chain("H", "floor(({0} + W * {0}) / 3)", "relu", 200)),
    "deep layers": ("E0402", chain("relu", "({0} -> relu)", "{0}", 400)),
    "lambdas in a circle": ("E0402", net("let f = (relu -> g)\nlet g = (relu -> f)\nf")),
    "blocks in a circle": ("E0111", "block a = b\nblock b = a\nnet n(x: 3) = a"),
    "a block given to itself": ("E0111", "block a(l: layer) = l(l)\nnet n(x: 3) = a(a)"),
    "deep blocks": ("E0402", lines("block a0 = relu", "block a{} = it -> a{} -> (a{} * 0)", "net n(x: 3) = a89", 90)),
    "5,000 digits": ("E0001", net(f"dense({'9' * 5_000})", "x: 3")),
    "growing channels": ("E0402", net("concat(it, it)\n" * 100)),
    "growing positions": ("E0402", net("upconv(3, 3x3/99999)\n" * 9)),
    "giant padding": ("E0402", net("conv(3, 3x3, pad = 999999999999999999)")),
    "giant window": ("E0203", net("conv(3, 999999999x3)")),
    "giant products": ("E0402", net("conv(999999999999999999, 3x3) -> flatten")),
    "giant name": ("E0402", net(f"{'a' * 200_000}: (relu -> relu) * 20")),
    "many findings": ("E0300", net("repeat 2000 { relu [3@1x1] }")),
    "many unknown names": ("E0101", net("\n".join(f"foo{'a' * 30}{i} -> relu" for i in range(2_000)))),
    "many unknown blocks": (None, net("relu", before=lines("", "block a{} {{ repeat 2000 {{ it }} }}", "", 200))),
    "many nets": ("E0402", "\n".join(f"net n{i}(x: 3) {{ repeat 3000 {{ relu }} }}" for i in range(300))),
    "many checks": ("E0402", net("repeat 20000 { relu\ncheck params == 0 }")),
    "many lanes that differ": ("E0301", net("relu * 1000 -> concat { | for i in 0..1000: relu | conv(4, 3x3) }")),
    "many lanes that all differ": ("E0301", net("concat { | for i in 0..600: conv(4, 1x1, pad = i) }")),
    "many results": (None, net("fork { | for i in 0..2000: relu }")),
    "a wide list in a loop": ("E0402", net(f"for i in 0..40000 {{ let a = [{','.join(['1'] * 20_000)}] }}")),
    "long sums": (None, net(f"dense({'+'.join(['1'] * 230)})", "x: 3")),
    "long signs": (None, net(f"dense({'- ' * 200}1)", "x: 3")),
    "long facts": (None, f"net n(x: 3@H) where {' and '.join(['H > 1'] * 230)} = relu"),
    "long checks": ("E0400", net(f"relu\ncheck params == {'+'.join(['1'] * 230)}")),
    "many axes": ("E0402", f"net n(x: 3@{'x'.join('9' * 9_000)}) = conv(3, 3)"),
    "many definitions": ("E0402", "block b = relu\n" * 1_001 + "net n(x: 3) = relu"),
    "nets that each read all others": (None, "\n".join(f"net n{i}(x: 3) = relu" for i in range(900))),
    "many wrong rows": ("E0300", net("relu [3@1x1]\n" * 4_000)),
    "many inputs": (None, f"net n({', '.join(f'x{i}: 3@H{i}' for i in range(2_000))}) = x0 -> relu"),
    "deep braces": (None, net("residual { " * 40 + "relu" + " }" * 40)),
}


@pytest.mark.parametrize("name", TEXTS)
def test_ends_in_findings(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a tenth of the limits, so that the tests are quick; what has no limit takes as long as ever."""
    monkeypatch.setattr(frame, "MAX_STEPS", frame.MAX_STEPS // 10)
    monkeypatch.setattr(frame, "MAX_NODES", frame.MAX_NODES // 10)
    ends_soon(*TEXTS[name])


@pytest.mark.parametrize("name", ["repeat", "doubling nothing", "many findings"])
def test_ends_soon(name: str) -> None:
    ends_soon(*TEXTS[name])


@pytest.mark.sweep
@pytest.mark.parametrize("name", TEXTS)
def test_ends_soon_within_the_limits(name: str) -> None:
    ends_soon(*TEXTS[name])


def ends_soon(code: str | None, text: str) -> None:
    started = time.process_time()
    found = findings(text)
    assert time.process_time() - started < MAX_SECONDS
    assert code in ([d.code for d in found] or [None])
    assert all(len(d.render()) < 1_000_000 for d in found)


def test_giant_tensors_cost_nothing() -> None:
    tracemalloc.start()
    try:
        text = net("conv(999999999999, 1x1) -> relu", "x: 999999999999999999@9999999x9999999")
        assert not findings(text)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_a_large_network_fits_into_memory() -> None:
    tracemalloc.start()
    try:
        assert not findings(net("relu * 5000"))
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


READERS = {"lint": to_lints, "style": to_style, "right column": to_column, "observation": to_observation}
AGAIN = {
    "lines": net("relu\n" * 6_000, "x: 4@32x32"),
    "allowances": net("relu # allow W103\n" * 3_000 + "# allow W103\n" * 20_000),
    "nets": "\n".join(f"net n{i}(x: 3) = relu" for i in range(900)),
    "wrong rows": net("relu [3@1x1]\n" * 1_500),
    "inputs": f"net n({', '.join(f'x{i}: 3@H{i}' for i in range(2_000))}) = x0 -> relu",
}


@pytest.mark.sweep
@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", AGAIN)
def test_other_readers_end_soon_as_well(name: str, reader: str, tmp_path: Path) -> None:
    started = time.process_time()
    READERS[reader](AGAIN[name], tmp_path)
    assert time.process_time() - started < MAX_SECONDS


def test_very_long_lines_and_names_are_shown_in_part() -> None:
    (finding,) = findings(net(f"{'relu -> ' * 2_000}{'a' * 50_000} -> {'relu -> ' * 2_000}relu"))
    shown = finding.render().splitlines()
    assert max(map(len, shown)) < 1_100
    assert shown[3].index("^") == shown[2].index("aaa")


def test_a_section_with_very_many_wrong_keys() -> None:
    found = train_findings(net("output: dense(3) -> softmax", "x: 3") + "\ntrain n { " + "los: 1; " * 500 + "}")
    assert {d.code for d in found} == {"E0112"}


def test_deep_losses() -> None:
    deep = "(1 if true else " * 50 + "1" + ")" * 50
    text = net("output: dense(3) -> softmax", "x: 3") + f"\ntrain n {{ loss: mse(output, t) * {deep}\nepochs: {deep} }}"
    assert {d.code for d in train_findings(text)} <= {"E0002", "E0402"}
