"""The networks that the package carries, as PyTorch source that gives our numbers.

pytest tests/interop/pytorch_source -s -m sweep      all of them, with a table
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cnngraph.interop.pytorch_source import to_pytorch
from cnngraph.net import load
from cnngraph.resources import resource

pytest.importorskip("torch", reason="the source is run by PyTorch")
running = pytest.importorskip("interop.pytorch_source.running")

NETS = resource("specs", "nets")
NAMES = [file.stem for file in sorted(NETS.glob("*.cnn"))]
QUICK = [
    "alphago_policy", "autoencoder", "char_rnn", "dcgan", "exercises", "fairness", "fashion", "gru_tagger",
    "latent_diffusion", "lenet5", "lstm_classifier", "mobilenet_v2", "shufflenet", "squeezenet_1_1", "text_cnn",
    "time_delay",
]  # fmt: skip
TOLERANCE = 1e-4


def difference(name: str, batch: int) -> float:
    """Of what stands before the softmax at the end."""
    graph = running.before_softmax(load(NETS / f"{name}.cnn").graph)
    found: float = running.Exported.of(graph).difference(running.drawn_feeds(graph, batch))
    return found


@pytest.mark.parametrize("name", QUICK)
def test_the_numbers_are_ours(name: str) -> None:
    assert difference(name, 2) < TOLERANCE


@pytest.mark.parametrize("name", QUICK)
def test_the_file_runs_as_a_program(name: str) -> None:
    graph = load(NETS / f"{name}.cnn").graph
    source = to_pytorch(graph)
    shapes = running.checked_by_itself(source)
    types = [graph.type_of(ref) for ref in graph.outputs.values()]
    assert [len(shape) for shape in shapes] == [len(type_.shape) for type_ in types]
    assert all(shape[0] == 1 for shape in shapes)


def test_open_sizes_stay_open() -> None:
    graph = running.before_softmax(load(NETS / "grid_detector.cnn").graph)
    exported = running.Exported.of(graph)
    for sizes in ({"H": 64, "W": 32}, {"H": 32, "W": 96}):
        assert exported.difference(running.drawn_feeds(graph, 1, **sizes)) < TOLERANCE


SMALL = {"lenet5": {}, "seq2seq": {"words": 8, "n": 12}, "transformer": {"d": 16, "layers": 2, "heads": 4, "hidden": 8}}


@pytest.mark.parametrize("name", SMALL)
def test_a_network_to_its_end(name: str) -> None:
    graph = load(NETS / f"{name}.cnn", None, **SMALL[name]).graph
    exported, feeds = running.Exported.of(graph), running.drawn_feeds(graph, 2)
    assert exported.difference(feeds) < TOLERANCE
    for result in exported(feeds).values():
        assert np.allclose(result.sum(axis=-1), 1, atol=1e-5)


def test_the_sources_of_all_networks(tmp_path: Path) -> None:
    """Each names all states, needs nothing of ours, and is what ruff finds no fault with."""
    pytest.importorskip("ruff")
    for name in NAMES:
        graph = load(NETS / f"{name}.cnn").graph
        source = to_pytorch(graph)
        assert set(source.names.values()) == {node.name for node in graph.states}
        assert source.states == {}
        assert "cnngraph" not in source.text.partition('"""\n')[2]
        (tmp_path / f"{name}.py").write_text(source.text, encoding="utf-8")
    options = ["--isolated", "--line-length=100", "--select=E,F,I,B,UP,C4,PIE,RET"]
    command = [sys.executable, "-m", "ruff", "check", *options, str(tmp_path)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout


@pytest.mark.sweep
def test_all_networks() -> None:
    rows = []
    for name in NAMES:
        source = to_pytorch(load(NETS / f"{name}.cnn").graph)
        lines, classes = len(source.text.splitlines()), source.text.count("\nclass ")
        rows.append((name, lines, classes, difference(name, 1)))
    print("\n| network | lines | classes | largest difference |\n|---|---|---|---|")
    for name, lines, classes, found in rows:
        print(f"| {name} | {lines} | {classes} | {found:.1e} |")
    assert [row for row in rows if not row[-1] < TOLERANCE] == []
