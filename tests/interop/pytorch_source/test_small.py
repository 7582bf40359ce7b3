"""Small networks, each with something that is easily written wrong: their source gives our numbers."""

from __future__ import annotations

import pytest

from cnngraph.net import loads

pytest.importorskip("torch", reason="the source is run by PyTorch")
running = pytest.importorskip("interop.pytorch_source.running")

RECURRENT = 'import gru, lstm, rnn from "std/recurrent.cnn"\n'
NETS = {
    "nothing to do": "net n(x: 4@8x8) { identity }",
    "one value under two names": "net n(x: 4@8x8) { let a = x -> relu\n return a, b = a }",
    "an input that leaves": "net n(x: 4@8x8) { let a = x -> relu\n return a, x }",
    "names of Python and of PyTorch": """
        net n(F: 4, torch: 4, code: 4) { lambda: add(F, torch, code) -> dense(4); train_: dense(3) }
    """,
    "a block with two results": """
        block b(v: tensor) { let p, q = v -> dense(6) -> split(2); return p, q }
        net n(x: 4) { let a, c = b(x); let d, e = b(c); return a, d, e }
    """,
    "a shared layer behind itself": """
        net n(x: 4, y: 4) {
          shared f = dense(5) -> relu -> dense(4)
          let a = x -> f -> f
          let b = y -> f
          add(a, b)
        }
    """,
    "a shared layer in blocks and around them": """
        block b(f: layer) { residual { f -> relu } }
        net n(x: 4@8x8) { shared f = conv(4, 3x3, same); x -> b(f) -> b(f) -> f }
    """,
    "a module and a loop": f"""{RECURRENT}
        net n(x: 4@T) {{ scan(rnn(n = 3)) -> scan(gru(n = 5), reverse = true); position(-1) }}
    """,
    "the last states": f"{RECURRENT} net n(x: 4@T) {{ let y, h, c = scan(lstm(n = 3)); return y, h, c }}",
    "from the right": f"{RECURRENT} net n(x: 4@T) {{ let y, _, c = scan(lstm(n = 3), reverse = true); return y, c }}",
    "a vector that is an image before and after": """
        net n(x: 3@4x4) { flatten -> dense(48) -> relu -> reshape(3@4x4) -> conv(2, 3x3) -> flatten -> softmax }
    """,
    "a vector that two layers want in two orders": """
        net n(x: 3@4x4) { let f = x -> flatten; let a = f -> dense(4); let b = f -> relu; concat(a, b) -> dense(2) }
    """,
    "a weight that two vectors want in two orders": """
        net n(x: 3@4x4, z: 48) { shared d = dense(7); let a = x -> flatten -> d; let b = z -> d; add(a, b) }
    """,
    "one position": "net n(x: 3@1x1) { flatten -> dense(4) -> reshape(4@1x1) -> conv(2, 1x1) }",
    "three axes": "net n(x: 4@4x6x5) { conv(4, 3x3x3, same) -> batchnorm -> maxpool(2x2x1); globalavgpool; dense(2) }",
}


@pytest.mark.parametrize("what", NETS)
def test_the_numbers_are_ours(what: str) -> None:
    graph = loads(NETS[what]).graph
    assert running.Exported.of(graph).difference(running.drawn_feeds(graph)) < 1e-5
