"""Weights of files that a train section names: into which part, under which names, and what is wrong, at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cnngraph.data.dataset import Dataset, Part
from cnngraph.diagnostics import CnnGraphError
from cnngraph.elaborate.modules import load_text
from cnngraph.elaborate.training import TrainingSpec, training
from cnngraph.interop.safetensors import find_weights, save_weights
from cnngraph.ir.op import Array
from cnngraph.net import load
from cnngraph.train.fit import fit
from cnngraph.train.loading import loaded

NET = """cnn 1
block unit(c) = dense(c) -> batchnorm -> relu
net n(x: 4) {
  trunk: (unit(6) -> unit(5))
  shared S = dense(5)
  let once = S
  once -> S
  head: dense(2)
}
train n { weights: WEIGHTS; freeze: trunk; loss: mse(head, target); optimizer: sgd(lr = 1e-9); batch: 4; epochs: 1 }
"""
SHAPES = {"dense.weight": (4, 6), "dense.bias": (6,), "batchnorm.scale": (6,), "batchnorm.shift": (6,),
          "batchnorm.mean": (6,), "batchnorm.variance": (6,)}  # fmt: skip


def spec(weights: str, folder: Path) -> TrainingSpec:
    return training(load_text(NET.replace("WEIGHTS", weights), str(folder / "n.cnn")))


def arrays(prefix: str, wide: int = 6, deep: int = 4) -> dict[str, Array]:
    """Those of a unit, all numbers different."""
    shapes = {name: tuple({4: deep, 6: wide}[size] for size in shape) for name, shape in SHAPES.items()}
    return {f"{prefix}{name}": np.full(shape, 1 + i, np.float32) for i, (name, shape) in enumerate(shapes.items())}


def file(path: Path, **prefixes: tuple[int, int]) -> None:
    found: dict[str, Array] = {"other": np.zeros(3, np.float32)}
    for prefix, sizes in prefixes.items():
        found |= arrays(prefix.replace("_", "."), *sizes)
    save_weights(path, {name.replace("first", "unit[1]").replace("second", "unit[2]"): a for name, a in found.items()})


def pairs() -> Dataset:
    part = Part({"x": np.ones((8, 4), np.float32), "target": np.zeros((8, 2), np.float32)})
    return Dataset(part, part)


WAYS = {
    'load("w.safetensors", into = trunk)': {"trunk_first_": (6, 4), "trunk_second_": (5, 6)},
    'load("w.safetensors", into = trunk, part = back.bone)': {"back_bone_first_": (6, 4), "back_bone_second_": (5, 6)},
    'load("w.safetensors", into = trunk.unit, part = "net.unit")': {"net_first_": (6, 4), "net_second_": (5, 6)},
}


@pytest.mark.parametrize("weights", WAYS)
def test_a_part_of_a_file_goes_into_a_part_of_the_net(tmp_path: Path, weights: str) -> None:
    file(tmp_path / "w.safetensors", **WAYS[weights])
    given = spec(weights, tmp_path)
    found = loaded(given)
    assert set(found) == {n.name for n in given.graph.states if n.name.startswith("trunk")}
    states = fit(given, pairs()).states
    assert (states["trunk.unit[1].dense.weight"] == 1).all()
    assert (states["trunk.unit[2].batchnorm.variance"] == 6).all()
    assert not (states["head.weight"] == 1).all()


def test_the_names_below_the_part_may_be_those_of_the_file(tmp_path: Path) -> None:
    file(tmp_path / "w.safetensors", first_=(6, 4), second_=(5, 6))
    found = loaded(spec('load("w.safetensors", into = trunk)', tmp_path))
    assert found["trunk.unit[1].dense.weight"].name == "unit[1].dense.weight"


def test_a_shared_layer_is_a_part(tmp_path: Path) -> None:
    save_weights(tmp_path / "w.safetensors", {"weight": np.ones((5, 5), "f4"), "bias": np.ones(5, "f4")})
    (name, _) = names = [n.name for n in spec('load("w", into = S)', tmp_path).graph.states if n.name.startswith("S")]
    rest = name.partition(".")[2].removesuffix(".weight")
    save_weights(tmp_path / "w", {f"s.{rest}.{key}": a for key, a in
                                  {"weight": np.ones((5, 5), "f4"), "bias": np.ones(5, "f4")}.items()})  # fmt: skip
    assert list(loaded(spec('load("w", into = S, part = s)', tmp_path))) == names


def test_weights_of_the_caller_go_before_those_of_the_section(tmp_path: Path) -> None:
    file(tmp_path / "w.safetensors", trunk_first_=(6, 4), trunk_second_=(5, 6))
    given = spec('load("w.safetensors", into = trunk)', tmp_path)
    save_weights(tmp_path / "own", {"trunk.unit[1].dense.bias": np.full(6, 9, np.float32)})
    states = fit(given, pairs(), start=find_weights(tmp_path / "own")[0]).states
    assert (states["trunk.unit[1].dense.bias"] == 9).all()
    assert (states["trunk.unit[1].dense.weight"] == 1).all()


def test_a_missing_file_is_told_where_it_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(CnnGraphError) as caught:
        loaded(spec('load("none.safetensors", into = head)', tmp_path))
    (found,) = caught.value.diagnostics
    assert found.primary is not None
    assert found.primary.span.text == 'load("none.safetensors", into = head)'


def test_all_that_does_not_fit_is_said_at_once(tmp_path: Path) -> None:
    file(tmp_path / "w.safetensors", trunk_first_=(7, 4))
    with pytest.raises(CnnGraphError) as caught:
        loaded(spec('load("w.safetensors", into = trunk) -> load("none.safetensors", into = head)', tmp_path))
    found = caught.value.diagnostics
    assert {d.code for d in found} == {"E0703"}
    text = "\n".join(d.message for d in found)
    assert "trunk.unit[1].dense.weight is (4, 7), the network needs (4, 6)" in text
    assert "the weights lack trunk.unit[2].dense.weight (6, 5)" in text
    assert "none.safetensors" in text
    assert len(found) == 6 + 6 + 1


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ("load(3)", "`weights` is `load("),
        ('load("w", onto = trunk)', "`weights` is `load("),
        ('load("w", into = trnk)', "the net has no part `trnk` with weights"),
        ('load("w", into = 3)', "`into` are names of parts of the net"),
        ("mnist", "`weights` is `load("),
    ],
)
def test_wrong_calls_are_refused(tmp_path: Path, weights: str, message: str) -> None:
    with pytest.raises(CnnGraphError) as caught:
        spec(weights, tmp_path)
    assert caught.value.diagnostics[0].code == "E0112"
    assert message in caught.value.diagnostics[0].message


def test_a_net_begins_with_them_and_a_run_that_goes_on_needs_them_no_more(tmp_path: Path) -> None:
    file(tmp_path / "w.safetensors", trunk_first_=(6, 4), trunk_second_=(5, 6))
    text = NET.replace("WEIGHTS", 'load("w.safetensors", into = trunk)')
    (tmp_path / "n.cnn").write_text(text, encoding="utf-8")
    net = load(tmp_path / "n.cnn")
    net(np.zeros((1, 4), np.float32))
    assert (net.states["trunk.unit[1].dense.weight"] == 1).all()
    first = net.fit(pairs(), output=tmp_path / "run")
    (tmp_path / "w.safetensors").unlink()
    longer = load(tmp_path / "n.cnn").fit(pairs(), resume_from=tmp_path / "run", epochs=2)
    assert longer.rows[:1] == first.rows
    with pytest.raises(CnnGraphError, match="E0703"):
        load(tmp_path / "n.cnn").fit(pairs())
