"""What the systems of the lectures compute and learn, on sets that are drawn here: small, but each has to learn."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from cnngraph.autodiff.step import RATE, trainable_states
from cnngraph.ir.op import Array, rng
from cnngraph.net import Net, load, loads
from cnngraph.resources import resource
from cnngraph.runtime.runner import Runner
from cnngraph.train.initialisers import initial_states

Values = dict[str, Array]
Draw = Callable[[np.random.Generator], Values]


def network(name: str, net: str | None = None, **settings: object) -> Net:
    return load(resource("specs", "nets", f"{name}.cnn"), net, **settings)


def learned(net: Net, draw: Draw, steps: int) -> list[float]:
    """The loss of each step; the weights are then the net's."""
    graph = net.training_graph()
    runner = Runner(graph, initial_states(graph, net.training.seed))
    feeds = ({**draw(rng(11, step)), RATE: np.ones((), np.float32)} for step in range(steps))
    losses = [float(runner.run(each)["loss"]) for each in feeds]
    kept = {node.name for node in net.graph.states}
    net.states = {name: value for name, value in runner.states.items() if name in kept}
    return losses


def fallen(losses: list[float], part: float) -> None:
    """The mean of the last steps is below `part` of the first ones'."""
    few = max(len(losses) // 8, 1)
    assert np.mean(losses[-few:]) < part * np.mean(losses[:few])


def accuracy(probabilities: Array, labels: Array) -> float:
    return float((probabilities.argmax(-1) == labels).mean())


def noise(numbers: np.random.Generator, *shape: int) -> Array:
    return numbers.normal(size=shape).astype(np.float32)


# ---- sequences and sounds ----


def test_a_moving_average_is_a_convolution_with_halves() -> None:
    signal = noise(rng(1), 2, 9, 1)
    averages = network("exercises", "moving_average")(signal)
    for one, expected in zip(averages[..., 0], signal[..., 0], strict=True):
        np.testing.assert_allclose(one, np.convolve(expected, np.ones(2) / 2, "valid"), rtol=1e-6)


def words(numbers: np.random.Generator) -> Values:
    """Sentences of eight words out of twenty; those of one kind say 5 and then 9 somewhere, the others 9 and then 5."""
    sentence, label = numbers.integers(0, 20, (32, 8)), numbers.integers(0, 2, 32)
    place = numbers.integers(0, 7, 32)
    sentence[np.arange(32), place] = np.where(label, 5, 9)
    sentence[np.arange(32), place + 1] = np.where(label, 9, 5)
    return {"sentence": sentence, "label": label}


def test_text_cnn_learns_the_order_of_two_words() -> None:
    net = network("text_cnn", words=20)
    fallen(learned(net, words, 60), 0.3)
    test = words(rng(99))
    assert accuracy(net(test["sentence"]), test["label"]) > 0.9


def sounds(numbers: np.random.Generator) -> Values:
    """A tone that stays low, stays high, rises, or falls, in noise."""
    label = numbers.integers(0, 4, 24)
    time, start = np.linspace(0, 1, 32), numbers.uniform(0, 6, (24, 1))
    way = np.stack([0 * time + 5, 0 * time + 28, 28 * time, 28 - 28 * time])[label] + start  # (24, 32)
    tone = np.exp(-np.square(np.arange(40) - way[..., None]) / 4)
    spectrogram = tone[..., None].astype(np.float32) * 2 + noise(numbers, 24, 32, 40, 1) / 4
    return {"spectrogram": spectrogram, "label": label}


def test_speech_cnn_learns_four_tones() -> None:
    net = network("speech_cnn")
    fallen(learned(net, sounds, 30), 0.3)
    test = sounds(rng(99))
    assert accuracy(net(test["spectrogram"]), test["label"]) > 0.9


def frames(numbers: np.random.Generator) -> Values:
    """Fifteen frames of sixteen channels, with one of three short rises of tone somewhere."""
    label, start = numbers.integers(0, 3, 32), numbers.integers(0, 11, 32)
    speech = noise(numbers, 32, 15, 16) / 4
    for i, (kind, first) in enumerate(zip(label, start, strict=True)):
        for step in range(4):
            speech[i, first + step, 5 * kind + step] += 4
    return {"speech": speech, "target": np.eye(3, dtype=np.float32)[label] * 0.5}


def test_a_time_delay_network_finds_what_may_come_at_any_time() -> None:
    net = network("time_delay")
    fallen(learned(net, frames, 600), 0.6)
    test = frames(rng(99))
    assert accuracy(net(test["speech"]), test["target"].argmax(-1)) > 0.9


# ---- several outputs, several inputs ----


def squares(numbers: np.random.Generator) -> Values:
    """A square of one of three colours: its class is the colour, its box the place."""
    label, corner = numbers.integers(0, 3, 16), numbers.integers(0, 22, (16, 2))
    image = noise(numbers, 16, 32, 32, 3) / 8
    for one, (row, column), colour in zip(image, corner, label, strict=True):
        one[row : row + 10, column : column + 10, colour] += 2
    x, y = corner[:, 1] / 32, corner[:, 0] / 32
    box = np.stack([x, y, np.full(16, 10 / 32), np.full(16, 10 / 32)], -1).astype(np.float32)
    return {"image": image, "label": label, "target": box}


@pytest.mark.sweep
def test_localization_learns_classes_and_boxes() -> None:
    net = network("localization", classes=3)
    test = squares(rng(99))
    assert list(net(test["image"])) == ["class", "box"]
    first = np.abs(net(test["image"])["box"] - test["target"]).mean()
    fallen(learned(net, squares, 120), 0.1)
    assert accuracy(net(test["image"])["class"], test["label"]) > 0.9
    assert np.abs(net(test["image"])["box"] - test["target"]).mean() < 0.4 * first


def scenes(numbers: np.random.Generator) -> Values:
    """One square in a picture of 4x4 cells; only the cell of its middle says something."""
    label, middle = numbers.integers(0, 3, 16), numbers.integers(6, 26, (16, 2))
    image, side = noise(numbers, 16, 32, 32, 3) / 8, numbers.integers(3, 6, 16)
    there, kind = np.zeros((16, 4, 4, 1), np.float32), np.zeros((16, 4, 4), np.int64)
    box = np.zeros((16, 4, 4, 4), np.float32)
    for i, ((row, column), half) in enumerate(zip(middle, side, strict=True)):
        image[i, row - half : row + half, column - half : column + half, label[i]] += 2
        cell = (i, row // 8, column // 8)
        there[cell], kind[cell] = 1, label[i]
        box[cell] = np.array([column % 8, row % 8, half, half]) / 8
    return {"image": image, "there": there, "kind": kind, "target": box}


def test_a_detector_learns_which_cell_holds_what_and_where() -> None:
    net = network("grid_detector")
    fallen(learned(net, scenes, 150), 0.2)
    test = scenes(rng(99))
    found, place = net(test["image"]), test["there"][..., 0] == 1
    guess = found["object"].reshape(16, -1).argmax(-1)
    assert np.mean(guess == test["there"].reshape(16, -1).argmax(-1)) > 0.7
    assert accuracy(found["class"][place], test["kind"][place]) > 0.9
    assert np.abs(found["box"] - test["target"])[place].mean() < 0.2


def regions(numbers: np.random.Generator) -> Values:
    """Two colours, divided by an upright line."""
    image, label = noise(numbers, 4, 32, 32, 3) / 4, np.zeros((4, 32, 32), np.int64)
    for one, kinds, line in zip(image, label, numbers.integers(8, 24, 4), strict=True):
        kinds[:, line:] = 1
        one += np.eye(3, dtype=np.float32)[kinds]
    return {"image": image, "label": label}


@pytest.mark.sweep
def test_scene_labelling_learns_the_class_of_each_pixel() -> None:
    text = resource("specs", "nets", "unet.cnn").read_text(encoding="utf-8").replace("image: 1@", "image: 3@")
    text = text.replace("check params == 31_030_658", "")
    net = loads(f"{text} train {{ loss: cross_entropy(output, label); optimizer: adam(lr = 1e-3) }}")
    fallen(learned(net, regions, 25), 0.5)
    test = regions(rng(99))
    assert accuracy(net(test["image"]), test["label"]) > 0.9


def people_in_pictures(numbers: np.random.Generator) -> Values:
    """Two joints, each a square of its own colour."""
    joints = numbers.integers(30, 190, (4, 2, 2))
    image = noise(numbers, 4, 220, 220, 3) / 8
    for one, places in zip(image, joints, strict=True):
        for colour, (row, column) in enumerate(places):
            one[row - 20 : row + 20, column - 20 : column + 20, colour] += 3
    return {"image": image, "patch": image, "target": (joints.reshape(4, 4) / 110 - 1).astype(np.float32)}


@pytest.mark.sweep
def test_the_stages_of_a_pose_learn_together() -> None:
    fallen(learned(network("deep_pose", joints=2, hidden=16), people_in_pictures, 20), 0.2)


def test_a_pair_may_come_in_any_order_and_its_tower_is_there_once() -> None:
    net = network("siamese", features=8)
    left, right = noise(rng(1), 1, 105, 105, 1), noise(rng(2), 1, 105, 105, 1)
    assert net(left, right) == pytest.approx(net(right, left), abs=1e-7)
    assert net(left, left) == 0.5  # no difference, and no bias yet
    towers = [node.name for node in net.graph.states if node.name.startswith("tower")]
    assert len(towers) == len(net.graph.states) - 2 == 10


@pytest.mark.sweep
def test_products_that_go_together_come_near() -> None:
    """A product is a colour; what is bought with it has the same."""

    def products(numbers: np.random.Generator) -> Values:
        first = numbers.integers(0, 3, 8)
        colours = {"anchor": first, "positive": first, "negative": (first + numbers.integers(1, 3, 8)) % 3}
        shades = {name: np.eye(3, dtype=np.float32)[colour][:, None, None] for name, colour in colours.items()}
        return {name: noise(numbers, 8, 32, 32, 3) / 2 + shade for name, shade in shades.items()}

    net = network("product_embedding", features=8)
    fallen(learned(net, products, 30), 0.5)
    product, bought_with, other = net(**products(rng(99))).values()
    np.testing.assert_allclose(np.linalg.norm(product, axis=-1), 1, rtol=1e-5)
    near, far = (np.linalg.norm(product - one, axis=-1) for one in (bought_with, other))
    assert (near < far).all()


# ---- what is made anew ----


def test_an_autoencoder_copies_digits_through_32_numbers() -> None:
    net = network("autoencoder")
    history = net.fit(epochs=4)
    assert history.rows[-1].test_loss is not None
    assert history.rows[-1].test_loss < 0.2 * 0.0479  # the variance of the pixels: what a copy of the mean would cost


def test_real_and_made_pictures_meet_the_same_discriminator() -> None:
    net = network("dcgan", n=4)
    made = net(noise(rng(1), 3, 100), noise(rng(2), 3, 64, 64, 3))
    again = net(noise(rng(1), 3, 100), made["fake"])
    np.testing.assert_array_equal(again["p_real"], made["p_fake"])
    assert made["fake"].shape == (3, 64, 64, 3)
    assert np.abs(made["fake"]).max() <= 1


def latent_text() -> str:
    return resource("specs", "nets", "latent_diffusion.cnn").read_text(encoding="utf-8").partition("train ")[0]


def test_the_denoiser_does_not_change_what_it_learns_from() -> None:
    net = loads(f"{latent_text()} train {{ loss: mse(guess, noise) }}")
    graph = net.training.graph
    trained = {name.partition(".")[0] for name in trainable_states(graph, graph.outputs["loss"])}
    assert trained == {"guess"}


def diffusing(numbers: np.random.Generator) -> Values:
    """Pictures of one bright bar."""
    image = np.zeros((16, 32, 32, 1), np.float32)
    for one, column in zip(image, numbers.integers(4, 26, 16), strict=True):
        one[4:28, column : column + 3] = 1
    return {"image": image, "noise": noise(numbers, 16, 4, 4, 4), "time": numbers.integers(0, 1000, 16)}


@pytest.mark.sweep
def test_latent_diffusion_learns_to_copy_and_to_guess_the_noise() -> None:
    net = network("latent_diffusion")
    fallen(learned(net, diffusing, 150), 0.5)
    test = diffusing(rng(99))
    found = net(**test)
    assert np.square(found["copy"] - test["image"]).mean() < 0.5 * test["image"].var()
    assert np.square(found["guess"] - test["noise"]).mean() < 0.5  # to guess nothing costs 1


# ---- an adversary ----


def people(numbers: np.random.Generator) -> Values:
    """Four features tell who is able, four tell the group, four tell nothing."""
    able, group = numbers.integers(0, 2, 64), numbers.integers(0, 2, 64)
    person = noise(numbers, 64, 12)
    person[:, :4] += 1.5 * (2 * able[:, None] - 1)
    person[:, 4:8] += 1.5 * (2 * group[:, None] - 1)
    return {"person": person, "label": able, "protected": group}


@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_a_fair_decision_stays_good_while_the_adversary_falls_to_chance(weight: float) -> None:
    """Where two play against each other neither stands still, so the mean of many steps is what counts."""
    net = network("fairness", weight=weight)
    late = np.mean(learned(net, people, 1200)[600:])
    test = people(rng(99))
    assert accuracy(net(test["person"])["decision"], test["label"]) > 0.95
    if weight == 0:  # nobody hides the group, and the adversary reads it
        assert late < 0.15
    else:
        assert late > 0.5  # of which about log 2 = 0.69 is that of guessing
