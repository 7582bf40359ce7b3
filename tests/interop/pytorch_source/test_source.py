"""What the source looks like, word for word, and what cannot be written.

`pytest tests/interop/pytorch_source --bless` writes the expected sources anew for changes that are meant.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from cnngraph.diagnostics import CnnGraphError
from cnngraph.interop.pytorch_source import to_pytorch
from cnngraph.ir.graph import Graph
from cnngraph.net import load, loads
from cnngraph.passes.pipeline import TRAINING, run
from cnngraph.resources import resource

FOLDER = Path(__file__).parent
WRITTEN = {"lenet5": resource("specs", "nets", "lenet5.cnn"), "forked": FOLDER / "forked.cnn"}


@pytest.mark.parametrize("name", WRITTEN)
def test_the_source(name: str, request: pytest.FixtureRequest) -> None:
    text = to_pytorch(load(WRITTEN[name]).graph).text
    expected = FOLDER / f"{name}.txt"
    if request.config.getoption("--bless"):
        expected.write_text(text, encoding="utf-8")
    assert text == expected.read_text(encoding="utf-8")


def graph_of(body: str, inputs: str = "x: 4@8x8", before: str = "") -> Graph:
    return loads(f"{before}\nnet n({inputs}) {{\n{body}\n}}").graph


def lines_of(body: str, inputs: str = "x: 4@8x8", before: str = "") -> list[str]:
    """The lines of the class of the net that make or use something."""
    text = to_pytorch(graph_of(body, inputs, before)).text.rpartition("class N(")[2].partition("if __name__")[0]
    return [line.strip() for line in text.splitlines() if "self." in line or "return" in line]


LINES = {
    "numbers that grow evenly are a range": (
        ("for n in [4, 6, 8, 10] { wide(n + 2) }", "x: 6@8x8", "block wide(n) = concat { | identity | conv(2, 1x1) }"),
        "self.wides = nn.Sequential(*[Wide(channels) for channels in range(6, 14, 2)])",
    ),
    "a name that every module has is not taken": (("double: conv(4, 1x1)",), "self.double_ = nn.Conv2d(4, 4, 1)"),
    "a padding that differs is a layer": (
        ("c: conv(4, 2x2, ((1, 0), (0, 1))) -> relu",),
        "self.c = nn.Sequential(nn.ConstantPad2d((0, 1, 1, 0), 0.0), nn.Conv2d(4, 4, 2), nn.ReLU())",
    ),
    "a root is written as one": (("x * sqrt(8)",), "return 8**0.5 * x  # (N, 4, 8, 8)"),
    "a value taken away": (("return x - relu(x)",), "return x - F.relu(x)  # (N, 4, 8, 8)"),
    "a vector meets an image": (
        ("return x * v", "x: 4@8x8, v: 4"), "return x * v[..., None, None]  # (N, 4, 8, 8)"
    ),
    "one set of weights is one attribute": (
        ("shared f = conv(4, 3x3, same)\nreturn (x -> f) + (x -> relu -> f)",), "self.f = nn.Conv2d(4, 4, 3, padding=1)"
    ),
    "a layer behind another is no sequence with its twin": (
        ("shared f = conv(4, 3x3, same)\nf -> relu -> f",), "return self.f(F.relu(self.f(x)))  # (N, 4, 8, 8)"
    ),
    "parts are named": (
        ("let a, b = split(2)\nreturn a * sigmoid(b)",), "return part1 * torch.sigmoid(part2)  # (N, 2, 8, 8)"
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", LINES)
def test_a_line(what: str) -> None:
    given, expected = LINES[what]
    assert expected in lines_of(*given)


def test_what_cannot_be_written_is_said_at_once() -> None:
    graph = graph_of("minpool(2x2, ((1, 0), (0, 0)))\nupconv(2, 3x3, ((1, 0), (0, 1)))\nrelu")
    with pytest.raises(CnnGraphError) as refused:
        to_pytorch(graph)
    assert [d.code for d in refused.value.diagnostics] == ["E0803", "E0803"]
    assert ["minpool" in refused.value.diagnostics[0].message, "upconv" in refused.value.diagnostics[1].message]
    assert all(d.primary for d in refused.value.diagnostics)


def test_a_training_form_is_refused() -> None:
    with pytest.raises(CnnGraphError, match="write the network itself"):
        to_pytorch(run(graph_of("conv(4, 1x1) -> batchnorm"), TRAINING))


def test_texts_of_a_file_do_not_leave_their_docstrings() -> None:
    comment = '## ends here: """ and \\ too\nblock b(n) = conv(n, 1x1) -> relu -> conv(n, 1x1)\n'
    source = to_pytorch(loads(f'{comment}about {{ paper: "a \\\\ paper" }}\nnet n(x: 4@8x8) {{ b(3) }}').graph)
    compile(source.text, "n.py", "exec")
    assert "ends here: ''' and / too" in source.text
