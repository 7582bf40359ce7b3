"""Pictures out of noise and texts: each way of sampling where the right answer is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from cnngraph.data.dataset import Preprocessing
from cnngraph.diagnostics import CnnGraphError
from cnngraph.examine.sampling import pictures
from cnngraph.examine.sampling_diffusion import GUESS, NOISY, Diffusion, Way, diffusion_of
from cnngraph.examine.sampling_text import BLOCK, Manner, chosen, encoded, writer_of
from cnngraph.ir.op import Array, rng
from cnngraph.net import Net, load, loads
from cnngraph.ops.diffuse import Diffuse
from cnngraph.resources import resource
from cnngraph.train.initialisers import initial_states

# ---- texts ----

SUCCESSOR = """cnn 1
net successor(text: ids(5)@T) { embed(5); next: linear(5) -> softmax }
train successor { loss: cross_entropy(next, following) }
net answer(source: ids(5)@S, target: ids(5)@T) {
  let about = source -> embed(5) -> globalavgpool
  target -> embed(5) -> add(about)
  next: linear(5) -> softmax
}
train answer { loss: cross_entropy(next, following) }
"""


def successor(net: str) -> Net:
    """A net that says 1 after 0, 2 after 1 and so on, and 0 after 4; what it is to answer hardly matters to it."""
    found = loads(SUCCESSOR, net)
    found.states = {node.name: np.zeros(node.type.concrete, np.float32) for node in found.graph.states}
    eye = np.eye(5, dtype=np.float32)
    tables = [name for name in found.states if "embed" in name]
    found.states = {
        **found.states,
        **{name: eye if "about" not in name else eye / 10 for name in tables},
        "next.linear.weight": 10 * np.roll(eye, 1, axis=1),
    }
    assert len(tables) == (2 if net == "answer" else 1)
    return found


def test_a_text_goes_on_as_the_net_says() -> None:
    writer = writer_of(successor("successor"))
    assert writer is not None
    assert writer.source is None
    assert writer.write(np.array([[1], [3]]), 6).tolist() == [[2, 3, 4, 0, 1, 2], [4, 0, 1, 2, 3, 4]]


def test_a_long_text_passes_its_padding() -> None:
    writer = writer_of(successor("successor"))
    assert writer is not None
    start = np.arange(BLOCK - 2)[None] % 5
    found = writer.write(start, 2 * BLOCK + 3)
    np.testing.assert_array_equal(found[0], (np.arange(2 * BLOCK + 3) + BLOCK - 2) % 5)


def test_an_answer_ends_with_the_mark() -> None:
    writer = writer_of(successor("answer"))
    assert writer is not None
    assert (writer.written, writer.source) == ("target", "source")
    assert [row.tolist() for row in writer.answer(np.array([[2, 2], [0, 4]]), 20)] == [[1, 2, 3, 4]] * 2
    assert [row.tolist() for row in writer.answer(np.array([[2, 2]]), 3)] == [[1, 2, 3]]


def test_chance_follows_the_temperature() -> None:
    p = np.array([0.1, 0.2, 0.7])
    for temperature in (0.5, 1.0, 2.0):
        found = chosen(np.tile(p, (20_000, 1)), temperature, rng(1))
        expected = p ** (1 / temperature) / (p ** (1 / temperature)).sum()
        np.testing.assert_allclose(np.bincount(found, minlength=3) / 20_000, expected, atol=0.015)


def test_a_seed_writes_the_same_text() -> None:
    writer = writer_of(successor("successor"))
    assert writer is not None
    first, again, other = (writer.write(np.array([[0]]), 40, manner=Manner(5.0, seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_a_letter_that_the_net_does_not_know_is_refused() -> None:
    with pytest.raises(CnnGraphError, match="the net knows no 'x'"):
        encoded("axe", ("a", "b"))


@pytest.mark.parametrize("name", ["lenet5_digits", "lstm_classifier", "gru_tagger", "gan_digits"])
def test_other_nets_write_nothing(name: str) -> None:
    assert writer_of(load(resource("specs", "nets", f"{name}.cnn"))) is None


# ---- diffusion ----


class Exact:
    """The guess of someone who knows that the pictures are normal with this mean and deviation."""

    def __init__(self, schedule: Diffuse, mean: float, deviation: float) -> None:
        self.signal, self.mean, self.deviation = schedule.signal(), mean, deviation

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        a = self.signal[feeds["time"]].reshape(-1, 1, 1, 1)
        apart = feeds[NOISY] - np.sqrt(a) * self.mean
        return {GUESS: (np.sqrt(1 - a) * apart / (a * self.deviation**2 + 1 - a)).astype(np.float32)}


@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0])
@pytest.mark.parametrize(("mean", "deviation"), [(2.0, 0.0), (-1.0, 0.5)])
def test_the_way_back_ends_where_the_pictures_are(mean: float, deviation: float, eta: float) -> None:
    schedule = Diffuse()
    exact: Any = Exact(schedule, mean, deviation)
    process = Diffusion(schedule, "time", (4, 4, 2), exact, None)
    found = process.sample(300, rng(2), Way(250, eta))
    assert found.shape == (300, 4, 4, 2)
    assert found.mean() == pytest.approx(mean, abs=0.03)
    assert found.std() == pytest.approx(deviation, abs=0.03)


def test_parts_of_a_net_are_the_nets_that_it_is_made_of() -> None:
    file = resource("specs", "nets", "latent_diffusion.cnn")
    whole = load(file)
    whole.states = initial_states(whole.graph, 3)
    how = Preprocessing(32, 32, 1, 0, (0.0,), (1.0,))
    process = diffusion_of(whole, how)
    assert process is not None
    assert process.clean == (4, 4, 4)
    x, time = rng(1).normal(size=(2, 4, 4, 4)).astype(np.float32), np.array([3, 700])
    for part, runner, feeds in (
        ("denoiser", process.denoiser, {"noisy": x, "time": time}),
        ("decoder", process.decoder, {"clean": x}),
    ):
        alone = load(file, part)
        assert runner is not None
        mine = [node.name for node in runner.graph.states]
        alone.states = {
            node.name: whole.states[next(n for n in mine if n.endswith(f".{node.name}"))] for node in alone.graph.states
        }
        assert len(mine) == len(alone.states)
        (found,) = runner.run(feeds).values()
        np.testing.assert_allclose(found, alone(*feeds.values()), rtol=1e-4, atol=1e-5)


def test_pictures_of_a_diffusion_have_the_size_of_the_data() -> None:
    net = load(resource("specs", "nets", "latent_diffusion.cnn"))
    net.states = initial_states(net.graph, 0)
    made = pictures(net, Preprocessing(28, 60, 1, 2, (0.1,), (0.3,)), 3, way=Way(2))
    assert made.shape == (3, 32, 64, 1)
    with pytest.raises(CnnGraphError, match="any size"):
        pictures(net, None, 3)


PIXELS = """cnn 1
net pixels(image: 1@8x8, noise: 1@8x8, time: ids(1000)) {
  let at = time -> sinusoid(4) -> dense(3)
  guess: image -> diffuse(noise, time) -> conv(3, 3x3, same) -> add(at) -> relu -> conv(1, 3x3, same)
}
train pixels {
  data:      digits(normalize = false, batch = 100)
  noise:     normal(noise) -> integers(time)
  loss:      mse(guess, noise)
  optimizer: adam(lr = 1e-2)
  epochs:    2
}
"""


def test_a_diffusion_of_pixels_needs_no_decoder() -> None:
    net = loads(PIXELS)
    history = net.fit()
    assert history.rows[-1].loss < history.rows[0].loss
    made = pictures(net, net.data().preprocessing, 5, way=Way(10))
    assert made.shape == (5, 8, 8, 1)
    assert 0 <= made.min() < made.max() <= 1


# ---- what drawn inputs lead to ----

FORGER = """cnn 1
net forger(z: 3, real: 1@8x8) {
  shared D = (flatten -> dense(1) -> sigmoid)
  let fake = z -> dense(64) -> sigmoid -> reshape(1@8x8)
  return p_real = real -> D, fake, p_fake = fake -> D
}
train forger { noise: uniform(z, low = 5, high = 6); loss: bce(p_real, 1) + bce(p_fake, 0) }
"""


def test_pictures_are_what_the_drawn_inputs_lead_to() -> None:
    net = loads(FORGER)
    net.states = initial_states(net.graph, 1)
    made, again, other = (pictures(net, None, 130, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(made, again)
    assert (made != other).any()
    assert made.shape == (130, 8, 8, 1)
    z = np.full((1, 3), 5.5, np.float32)  # the middle of what is drawn: samples lie around it
    middle = net(z=z, fetch=["fake"])
    assert np.abs(made.mean(axis=0) - middle[0]).max() < 0.2
    assert len(np.unique(made.reshape(130, -1), axis=0)) == 130


def test_pictures_go_back_to_where_they_were_before_preprocessing() -> None:
    net = loads(FORGER)
    net.states = initial_states(net.graph, 1)
    plain, how = pictures(net, None, 2), Preprocessing(8, 8, 1, 0, (0.1,), (0.5,))
    np.testing.assert_allclose(pictures(net, how, 2), plain * 0.5 + 0.1, rtol=1e-5)


def test_a_net_without_noise_makes_no_pictures() -> None:
    with pytest.raises(CnnGraphError, match="makes no pictures out of noise") as caught:
        pictures(load(resource("specs", "nets", "lenet5_digits.cnn")), None, 1)
    assert caught.value.diagnostics[0].code == "E0702"
