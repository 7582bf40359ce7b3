"""Steps in turn over shared states: beside PyTorch, what each may change, and what it computes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from cnngraph.data.dataset import Dataset, Part
from cnngraph.diagnostics import CnnGraphError
from cnngraph.elaborate.modules import load_text
from cnngraph.elaborate.training import TrainingSpec, training
from cnngraph.ir.op import Array
from cnngraph.partition.device import Cluster, Device
from cnngraph.runtime.pipelining import PipelineOptions
from cnngraph.train.engine import Here
from cnngraph.train.fit import fit
from cnngraph.train.rounds import Rounds
from cnngraph.train.step import form_of, step_of, steps_of, the_step, whole_step

GAN = """cnn 1
block maker = dense(12, bias = false) -> batchnorm -> relu -> dense(6) -> tanh
block judge = dense(8, bias = false) -> batchnorm -> leaky_relu(0.2) -> dropout(DROP) -> dense(1) -> sigmoid
net gan(z: 4, real: 6) {
  shared G = maker
  shared D = judge
  let fake = z -> G
  let p_fake = fake -> D
  let p_real = real -> D
  return fake, p_fake, p_real
}
train gan {
  noise:     normal(z)
  optimizer: adam(lr = 0.01, beta1 = 0.5)
  schedule:  linear(epochs = 4)
  step discriminate {
    update: D
    loss: bce(p_real, 1) + bce(p_fake, 0)
  }
  step forge {
    update: G
    loss: bce(p_fake, 1)
    optimizer: sgd(lr = 0.2, momentum = 0.9)
  }
  epochs: 2
  batch: 8
}
"""


def gan(drop: float = 0.0, **replaced: str) -> TrainingSpec:
    text = GAN.replace("-> dropout(DROP) ", f"-> dropout({drop}) " if drop else "")
    for old, new in replaced.items():
        assert old in text
        text = text.replace(old, new)
    return training(load_text(text))


def rows(count: int = 40) -> Dataset:
    part = Part({"real": np.random.default_rng(3).random((count, 6), np.float32)})
    return Dataset(part, part)


def rounds(spec: TrainingSpec, given: Mapping[str, Array] | None = None) -> Rounds:
    batch = rows().train.columns["real"][np.arange(8)]
    return Rounds(spec, Here(), lambda: {"real": batch}, lambda names: dict(given or {}), 8)


def test_a_gan_learns_as_a_loop_in_pytorch() -> None:
    torch = pytest.importorskip("torch")
    ours = rounds(gan())
    start = {name: torch.from_numpy(value.copy()) for name, value in ours.states.items()}

    def dense(at: str) -> object:
        weight = start[f"{at}.weight"]
        made = torch.nn.Linear(*weight.shape, bias=f"{at}.bias" in start)
        made.weight.data = weight.T.clone()
        if made.bias is not None:
            made.bias.data = start[f"{at}.bias"].clone()
        return made

    g, d = "G.maker", "D[1].judge"
    made = torch.nn.Sequential(dense(f"{g}.dense[1]"), torch.nn.BatchNorm1d(12), torch.nn.ReLU(),
                               dense(f"{g}.dense[2]"), torch.nn.Tanh())  # fmt: skip
    judged = torch.nn.Sequential(dense(f"{d}.dense[1]"), torch.nn.BatchNorm1d(8), torch.nn.LeakyReLU(0.2),
                                 dense(f"{d}.dense[2]"), torch.nn.Sigmoid())  # fmt: skip
    of_judge = torch.optim.Adam(judged.parameters(), lr=0.01, betas=(0.5, 0.999))
    of_maker = torch.optim.SGD(made.parameters(), lr=0.2, momentum=0.9)
    bce, one, none = torch.nn.BCELoss(), torch.ones(8, 1), torch.zeros(8, 1)
    for batch in range(5):
        real = rows().train.columns["real"][np.arange(8) + 8 * batch]
        rate = 1 - 0.1 * batch
        for group, lr in ((of_judge, 0.01), (of_maker, 0.2)):
            group.param_groups[0]["lr"] = lr * rate
        first, second = (
            torch.from_numpy(ours.noise.values({"real": real}, 0, 2 * batch + place)["z"]) for place in (0, 1)
        )
        fake = made(first)  # the made rows are judged first: the running figures of norms move in that order
        p_fake, p_real = judged(fake.detach()), judged(torch.from_numpy(real))
        of_judge.zero_grad()
        told = bce(p_real, one) + bce(p_fake, none)
        told.backward()
        of_judge.step()
        of_maker.zero_grad()
        forged = bce(judged(made(second)), one)
        forged.backward()
        of_maker.step()
        taken = ours.run({"real": real}, rate, 0, batch)
        assert taken.losses == pytest.approx({"discriminate": told.item(), "forge": forged.item()}, rel=1e-5)
        assert taken.loss == sum(taken.losses.values())
    theirs = {
        f"{g}.dense[1].weight": made[0].weight.T, f"{g}.dense[2].weight": made[3].weight.T,
        f"{g}.dense[2].bias": made[3].bias, f"{g}.batchnorm.scale": made[1].weight,
        f"{g}.batchnorm.mean": made[1].running_mean, f"{g}.batchnorm.variance": made[1].running_var,
        f"{d}.dense[1].weight": judged[0].weight.T, f"{d}.dense[2].weight": judged[3].weight.T,
        f"{d}.dense[2].bias": judged[3].bias, f"{d}.batchnorm.shift": judged[1].bias,
        f"{d}.batchnorm.mean": judged[1].running_mean, f"{d}.batchnorm.variance": judged[1].running_var,
    }  # fmt: skip
    found = ours.states
    for name, value in theirs.items():
        assert found[name] == pytest.approx(value.detach().numpy(), rel=2e-4, abs=2e-6), name


def test_each_step_changes_its_own_part_and_computes_no_more_than_it_needs() -> None:
    spec = gan(0.5)
    discriminate, forge = (step_of(spec, form_of(spec, step), step) for step in steps_of(spec))
    for graph, part in ((discriminate, "D[1].judge"), (forge, "G.maker")):
        own = {state for state in graph.updates if state.endswith(".weight")}
        assert own == {f"{part}.dense[{i}].weight" for i in (1, 2)}
    assert [node.name for node in forge.inputs] == ["z", "rate"]
    assert not any(node.name.startswith("D[2]") for node in forge)
    assert not any(node.name.startswith("gradient.G") for node in discriminate)
    # batch norms and dropouts move with every step that runs them
    moved = {"D[1].judge.batchnorm.mean", "D[1].judge.dropout.random", "G.maker.batchnorm.mean"}
    assert moved <= set(discriminate.updates)
    assert moved <= set(forge.updates)


def test_states_of_a_step_move_and_others_stay() -> None:
    ours = rounds(gan())
    before = {name: value.copy() for name, value in ours.states.items()}
    alone = ours.runners[1]
    alone.run(ours._fed(1, ours.feeds(), 1.0, 0, 0))
    moved = {name for name, value in ours.states.items() if not np.array_equal(value, before[name])}
    assert "G.maker.dense[1].weight" in moved
    assert "D[1].judge.batchnorm.mean" in moved
    assert not any(name.startswith("D") and name.endswith(("weight", "bias", "scale", "shift")) for name in moved)


def test_two_steps_may_change_the_same_states_each_with_moments_of_its_own() -> None:
    spec = gan(**{"update: G": "update: G -> D"})
    names = {name for name in rounds(spec).states if "D[1].judge.dense[1].weight." in name}
    prefix = "update.D[1].judge.dense[1].weight"
    assert f"{prefix}.velocity.forge" in names
    assert all(name.endswith((".discriminate", ".forge")) for name in names)


def test_three_steps_share_what_any_two_of_them_have() -> None:
    spec = gan(**{"step forge {": "step copy { update: G; loss: mse(fake, real) }\n  step forge {"})
    ours = rounds(spec)
    assert ours.names == ("discriminate", "copy", "forge")
    for name, value in ours.states.items():
        assert all(runner.states.get(name, value) is value for runner in ours.runners)


def test_noise_and_dropout_are_others_in_each_step() -> None:
    ours = rounds(gan(0.5))
    feeds = ours.feeds()
    moments = [(place, epoch, batch) for place in (0, 1) for epoch in (0, 1) for batch in (0, 1)]
    drawn = [ours._fed(place, feeds, 1.0, epoch, batch)["z"] for place, epoch, batch in moments]
    assert len({array.tobytes() for array in drawn}) == 8
    ours.run(feeds, 1.0, 0, 0)
    counter = ours.states["D[1].judge.dropout.random"][1]
    assert counter == 2  # drawn in both steps, each time anew


def equal(one: Mapping[str, Array], other: Mapping[str, Array]) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("more", ["", "average: ema(0.9)", "clip: norm(0.5)"])
def test_a_run_of_steps_that_was_stopped_goes_on_as_if_it_had_not(tmp_path, more: str) -> None:
    spec = gan(0.5, **{"epochs: 2": f"epochs: 2\n  {more}"})
    whole = fit(spec, rows())

    def stop(progress) -> None:
        if (progress.epoch, progress.step) == (2, 2):
            raise KeyboardInterrupt

    fit(spec, rows(), on_progress=stop, output=tmp_path / "part")
    assert equal(whole.states, fit(spec, rows(), resume_from=tmp_path / "part").states)
    assert equal(whole.states, fit(spec, rows(), recompute=True).states)


def test_steps_run_on_several_devices_but_not_as_a_pipeline() -> None:
    spec = gan()
    cluster = Cluster((Device("gpu0"), Device("gpu1")))
    assert equal(fit(spec, rows()).states, fit(spec, rows(), cluster=cluster).states)
    with pytest.raises(CnnGraphError, match=r"E0112.*not as a pipeline"):
        fit(spec, rows(), cluster=cluster, pipeline=PipelineOptions(2))


def test_a_step_that_changes_nothing_is_refused() -> None:
    spec = gan(**{"update: G": "update: D", "bce(p_fake, 1)": "mse(fake, real)"})
    with pytest.raises(CnnGraphError, match=r"E0112.*the step forge of gan changes nothing"):
        rounds(spec)


def test_a_step_is_shown_with_the_outputs_that_its_loss_needs() -> None:
    assert list(whole_step(gan(), "forge").outputs) == ["fake", "p_fake", "loss"]
    assert list(whole_step(gan(), "discriminate").outputs) == ["fake", "p_fake", "p_real", "loss"]


def test_one_of_several_steps_is_chosen_by_its_name() -> None:
    assert the_step(gan(), "forge").loss == "loss.forge"
    with pytest.raises(CnnGraphError, match="several steps in turn"):
        the_step(gan())
    with pytest.raises(CnnGraphError, match="did you mean `forge`"):
        the_step(gan(), "forges")


# ---- frozen and slow parts ----

TWO = """cnn 1
net two(x: 5) {
  trunk: (dense(8) -> batchnorm -> relu)
  head: (dense(3) -> batchnorm)
}
train two { KEYS; loss: mse(head, target); optimizer: sgd(lr = 0.5, momentum = 0.9); batch: 8; epochs: 1 }
"""


def two(keys: str) -> TrainingSpec:
    return training(load_text(TWO.replace("KEYS", keys)))


def pairs() -> Dataset:
    generator = np.random.default_rng(0)
    part = Part({"x": generator.random((40, 5), np.float32), "target": generator.random((40, 3), np.float32)})
    return Dataset(part, part)


@pytest.mark.parametrize(("keys", "factor"), [("freeze: trunk", None), ("slow: times(trunk, 0.1)", 0.1)])
def test_frozen_and_slow_parts_are_those_of_pytorch(keys: str, factor: float | None) -> None:
    torch = pytest.importorskip("torch")
    spec = two(keys)
    data = pairs().train.columns
    ours = Rounds(spec, Here(), lambda: {name: column[np.arange(8)] for name, column in data.items()}, lambda n: {}, 8)
    for name in ("trunk.batchnorm.mean", "trunk.batchnorm.shift"):  # not those of a norm that has seen nothing
        ours.states[name][...] = np.linspace(-0.3, 0.3, 8)
    parts = []
    for part, sizes in (("trunk", (5, 8)), ("head", (8, 3))):
        layers = torch.nn.Linear(*sizes), torch.nn.BatchNorm1d(sizes[1])
        for layer, names in zip(layers, (("dense", "weight", "bias"), ("batchnorm", "scale", "shift")), strict=True):
            weight, bias = (torch.from_numpy(ours.states[f"{part}.{names[0]}.{key}"].copy()) for key in names[1:])
            layer.weight.data, layer.bias.data = weight.T.contiguous() if weight.ndim > 1 else weight, bias
        layers[1].running_mean = torch.from_numpy(ours.states[f"{part}.batchnorm.mean"].copy())
        parts.append(torch.nn.Sequential(*layers))
    trunk, head = parts
    slow = [] if factor is None else [{"params": trunk.parameters(), "lr": 0.5 * factor}]
    if factor is None:
        trunk.requires_grad_(False).eval()
    optimizer = torch.optim.SGD([{"params": head.parameters()}, *slow], lr=0.5, momentum=0.9)
    for batch in range(5):
        x, target = (data[name][np.arange(8) + 8 * batch] for name in ("x", "target"))
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(head(torch.relu(trunk(torch.from_numpy(x)))), torch.from_numpy(target))
        loss.backward()
        optimizer.step()
        assert ours.run({"x": x, "target": target}, 1.0, 0, batch).loss == pytest.approx(loss.item(), rel=1e-5)
    for part, layers in (("trunk", trunk), ("head", head)):
        assert ours.states[f"{part}.dense.weight"] == pytest.approx(layers[0].weight.detach().numpy().T, rel=1e-4)
        assert ours.states[f"{part}.batchnorm.mean"] == pytest.approx(layers[1].running_mean.numpy(), rel=1e-4)


def test_the_step_of_a_net_with_frozen_parts_is_smaller() -> None:
    whole, part = (step_of(s, form_of(s, the_step(s))) for s in (two("seed: 0"), two("freeze: trunk")))
    assert len(part.nodes) < len(whole.nodes)
    assert not any(name.startswith(("update.trunk", "gradient.trunk", "trunk")) for name in part.updates)
    assert not any(node.name.startswith("gradient.trunk") for node in part)
    assert str(part["trunk.batchnorm"].op) == "batchnorm"
    assert str(part["head.batchnorm"].op) == "batchnorm(training=true)"
    history = fit(two("freeze: trunk"), pairs())
    begun = Rounds(two("seed: 0"), Here(), lambda: {n: c[np.arange(8)] for n, c in pairs().train.columns.items()},
                   lambda names: {}, 8).states  # fmt: skip
    assert all(np.array_equal(history.states[name], begun[name]) for name in begun if name.startswith("trunk"))


def test_a_part_begins_alike_whether_it_is_frozen_or_not() -> None:
    frozen, free = (
        fit(two(f"{keys} init: orthogonal"), pairs(), epochs=0).states for keys in ("freeze: trunk;", "")
    )
    assert all(np.array_equal(frozen[name], free[name]) for name in free if name in frozen)
    assert "trunk.dense.weight" in frozen


def test_all_frozen_is_refused() -> None:
    with pytest.raises(CnnGraphError, match="the training of two changes nothing"):
        fit(two("freeze: trunk -> head"), pairs())


def test_a_factor_of_0_leaves_a_part_as_it_is_but_for_its_statistics() -> None:
    spec = two("slow: times(trunk, 0)")
    states = fit(spec, pairs()).states
    begun = fit(replace(spec, epochs=0), pairs()).states
    assert np.array_equal(states["trunk.dense.weight"], begun["trunk.dense.weight"])
    assert not np.array_equal(states["trunk.batchnorm.mean"], begun["trunk.batchnorm.mean"])
