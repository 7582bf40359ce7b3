"""The object that people hold: load, look, run, differentiate, train, save, divide; and what it refuses."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import cnngraph
from cnngraph import CnnGraphError, Net
from cnngraph.ir.op import Array
from cnngraph.partition.device import Cluster
from cnngraph.resources import resource

TEXT = """cnn 1
net small(image: 1@8x8, classes = 10) {
  c1: conv(4, 3x3) -> tanh     [4@6x6]
  s2: avgpool(2x2) -> flatten  [36]
  class: dense(classes) -> softmax
}

train small {
  data:      digits(batch = 50, limit = 500)
  loss:      cross_entropy(class, label)
  optimizer: sgd(lr = 0.2, momentum = 0.9)
  epochs:    2
  seed:      3
}
"""
TWO_OF_EACH = """net pair(left: 1@8x8, right: 2@8x8) {
  let a = left -> conv(3, 3x3)
  let b = right -> conv(3, 3x3)
  sum: add(a, b)
  let vector = sum -> globalavgpool
  return sum, vector
}"""


@pytest.fixture
def net() -> Net:
    return cnngraph.loads(TEXT)


def images(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


X = images(5, 8, 8, 1)
LABELS = np.array([0, 3, 9, 1, 3])


def codes_of(refused: pytest.ExceptionInfo[CnnGraphError]) -> list[str]:
    return [diagnostic.code for diagnostic in refused.value.diagnostics]


# ---- load and look ----


def test_load_and_loads(tmp_path: Path) -> None:
    (tmp_path / "small.cnn").write_text(TEXT, encoding="utf-8")
    for path in (tmp_path / "small.cnn", str(tmp_path / "small.cnn")):
        assert repr(cnngraph.load(path)) == repr(cnngraph.loads(TEXT)) == "<net small(image: 1@8x8) -> class: 10>"


def test_the_named_net_or_the_last() -> None:
    text = f"{TEXT}\n{TWO_OF_EACH}"
    assert cnngraph.loads(text).name == "pair"
    assert cnngraph.loads(text, "small").name == "small"


def test_settings() -> None:
    net = cnngraph.loads(TEXT, classes=7)
    assert net.parameters == 4 * 10 + 37 * 7
    assert net(X).shape == (5, 7)
    open_ = cnngraph.load(resource("specs", "nets", "unet.cnn"))
    assert str(open_.summary().totals["multiply-adds"]) == "733888*H*W"
    assert cnngraph.load(resource("specs", "nets", "unet.cnn"), H=32, W=16).shapes["softmax"].positions == (32, 16)


def test_figures(net: Net) -> None:
    assert net.parameters == 4 * 10 + 37 * 10
    assert net.summary().totals["depth"] == 2
    assert {name: str(type_) for name, type_ in net.shapes.items()}["c1.conv"] == "4@6x6"
    assert len(net.graph.nx) == len(net.graph.nodes)


def test_pictures(net: Net) -> None:
    assert ElementTree.fromstring(net.draw()).tag.endswith("svg")
    assert net._repr_svg_() == net.draw()
    assert net.draw(direction="LR") != net.draw()
    with pytest.raises(CnnGraphError) as refused:
        net.draw(expand=["c9"])
    assert codes_of(refused) == ["E0101"]


def test_public_names() -> None:
    assert sorted(dir(cnngraph)) == sorted(cnngraph.__all__)
    for name in cnngraph.__all__:
        assert getattr(cnngraph, name).__name__ == name
    with pytest.raises(AttributeError, match="nothing"):
        _ = cnngraph.nothing


# ---- run ----


def test_call_with_one_input(net: Net) -> None:
    y = net(X)
    assert y.shape == (5, 10)
    np.testing.assert_allclose(y.sum(axis=1), 1, rtol=1e-5)
    assert np.array_equal(y, net(image=X))
    np.testing.assert_allclose(y[:2], net(X[:2]), rtol=1e-5)


def test_call_with_several_inputs_and_outputs() -> None:
    net = cnngraph.loads(TWO_OF_EACH)
    left, right = images(2, 8, 8, 1), images(2, 8, 8, 2, seed=1)
    by_place = net(left, right)
    assert {name: value.shape for name, value in by_place.items()} == {"sum": (2, 6, 6, 3), "vector": (2, 3)}
    for same in (net(left=left, right=right), net(left, right=right), net(right, left=left)):
        assert all(np.array_equal(by_place[name], same[name]) for name in by_place)
    np.testing.assert_allclose(by_place["vector"], by_place["sum"].mean(axis=(1, 2)), rtol=1e-5, atol=1e-6)


def test_the_first_convolution_is_what_it_says(net: Net) -> None:
    value = net(X, fetch=["c1.conv"])
    weight, bias = net.states["c1.conv.weight"], net.states["c1.conv.bias"]
    patch = X[2, 1:4, 2:5]  # (3, 3, 1), under the output at row 1, column 2
    np.testing.assert_allclose(value[2, 1, 2], np.einsum("hwc,hwcn->n", patch, weight) + bias, rtol=1e-5, atol=1e-6)


def test_fetch_runs_only_what_leads_to_it(net: Net) -> None:
    def steps(fetch: list[str] | None) -> int:
        executor = net._forward.executor({"image": X}, fetch)
        return sum(len(flat) for flat in executor.plan.steps.values())

    assert net(X, fetch=["c1.conv"]).shape == (5, 6, 6, 4)
    assert set(net(X, fetch=["c1.tanh", "class"])) == {"c1.tanh", "class"}
    assert steps(["c1.conv"]) <= steps(["c1.tanh"]) < steps(["class"]) == steps(None)
    pair = cnngraph.loads(TWO_OF_EACH)
    assert pair(left=images(2, 8, 8, 1), fetch=["a"]).shape == (2, 6, 6, 3)


def test_any_size_that_the_net_allows() -> None:
    net = cnngraph.loads("net any(image: 1@HxW) = conv(2, 3x3, same) -> maxpool(2x2)")
    for height, width in ((8, 6), (4, 10)):
        assert net(images(3, height, width, 1)).shape == (3, height // 2, width // 2, 2)


def test_first_weights_are_the_same_in_each_run() -> None:
    first, second = cnngraph.loads(TEXT), cnngraph.loads(TEXT)
    assert np.array_equal(first(X), second(X))
    assert first.states.keys() == second.states.keys()


def test_the_seed_of_the_train_section_gives_the_first_weights() -> None:
    def first_weights(seed: int) -> Array:
        net = cnngraph.loads(TEXT.replace("seed:      3", f"seed:      {seed}"))
        net.gradients({"image": X, "label": LABELS}, ["image"])
        return net.states["c1.conv.weight"]

    assert np.array_equal(first_weights(3), first_weights(3))
    assert not np.array_equal(first_weights(3), first_weights(4))


# ---- differentiate ----


def test_gradients_are_slopes(net: Net) -> None:
    """Central differences in a random direction; float32 leaves about three digits."""
    names = ["image", "c1.conv.weight", "c1.conv.bias", "class.dense.weight"]
    slopes = net.gradients({"image": X, "label": LABELS}, names)
    assert set(slopes) == {"loss", *names}
    states = dict(net.states)

    def loss(name: str, moved: Array) -> float:
        net.states = states if name == "image" else {**states, name: moved}
        feeds = {"image": moved if name == "image" else X, "label": LABELS}
        return float(net.gradients(feeds, ["image"])["loss"])

    for seed, name in enumerate(names):
        start = X if name == "image" else states[name]
        direction = images(*start.shape, seed=seed)
        size = np.float32(1e-2)
        measured = (loss(name, start + size * direction) - loss(name, start - size * direction)) / (2 * size)
        assert slopes[name].shape == start.shape
        assert measured == pytest.approx(float((slopes[name] * direction).sum()), rel=2e-2, abs=2e-3)


def test_the_loss_is_that_of_the_output(net: Net) -> None:
    loss = net.gradients({"image": X, "label": LABELS}, ["image"])["loss"]
    chosen = net(X)[np.arange(5), LABELS]
    np.testing.assert_allclose(loss, -np.log(chosen).mean(), rtol=1e-5)


def test_training_switches_dropout_on() -> None:
    text = "net drop(image: 1@8x8) = flatten -> dropout(0.5) -> dense(3) -> softmax"
    net = cnngraph.loads(text)
    feeds = {"image": X, "label": LABELS % 3}
    still, moved = (net.gradients(feeds, ["image"], training=t)["image"] for t in (False, True))
    assert (still == 0).sum() == 0
    assert 0.3 < (moved == 0).mean() < 0.7


# ---- train ----


def test_fit_evaluate_and_weights(net: Net, tmp_path: Path) -> None:
    before = net.evaluate()
    history = net.fit(epochs=3, output=tmp_path / "small.safetensors")
    after = net.evaluate()
    assert [row.number for row in history.rows] == [1, 2, 3]
    assert before.accuracy is not None
    assert after.accuracy is not None
    assert after.accuracy > before.accuracy + 0.3
    assert history.rows[-1].test_accuracy == after.accuracy
    assert after.loss == pytest.approx(history.rows[-1].test_loss)

    other = cnngraph.loads(TEXT)
    assert not np.array_equal(other(X), net(X))
    other.load_weights(tmp_path / "small.safetensors")
    assert np.array_equal(other(X), net(X))
    assert other.evaluate().correct == after.correct


def test_fit_on_data_of_ones_own(net: Net) -> None:
    data = net.data()
    assert (len(data.train), len(data.test)) == (500, 297)
    first = net.fit(data, epochs=1)
    second = cnngraph.loads(TEXT).fit(epochs=1)
    assert first.rows[0].loss == second.rows[0].loss


def test_a_run_goes_on(net: Net, tmp_path: Path) -> None:
    net.fit(epochs=2)
    half, rest = cnngraph.loads(TEXT), cnngraph.loads(TEXT)
    half.fit(epochs=1, output=tmp_path / "half.safetensors")
    rest.fit(epochs=2, resume_from=tmp_path / "half.safetensors")
    assert np.array_equal(net(X), rest(X))


# ---- divide ----


def test_partition(net: Net) -> None:
    assert set(net.partition("2", batch=4).device_of.values()) <= {"gpu0", "gpu1"}
    whole = net.partition(Cluster.uniform(1), gradient=True)
    assert set(whole.device_of) == {node.name for node in whole.graph}
    assert len(whole.graph.nodes) > 2 * len(net.graph.nodes)
    unet = cnngraph.load(resource("specs", "nets", "unet.cnn"))
    assert unet.partition("2", H=32, W=32).bottleneck_seconds > 0


# ---- refusals ----


@pytest.mark.parametrize(
    ("arrays", "named", "words"),
    [
        ((), {}, "`image` is not fed"),
        ((X, X), {}, "2 arrays"),
        ((X,), {"imag": X}, "did you mean `image`"),
        ((X[0],), {}, "image[None]"),
        ((X.transpose(0, 3, 1, 2),), {}, "channels last"),
        ((images(5, 9, 8, 1),), {}, "(5, 9, 8, 1)"),
        ((images(5, 8, 8, 3),), {}, "(5, 8, 8, 3)"),
        ((X.astype(np.float64),), {}, "float64"),
        ((X.astype(np.complex64),), {}, "complex64"),
        ((np.array("text"),), {}, "()"),
        ((None,), {}, "()"),
    ],
)
def test_wrong_arrays(net: Net, arrays: tuple[Array, ...], named: dict[str, Array], words: str) -> None:
    with pytest.raises(CnnGraphError) as refused:
        net(*arrays, **named)
    assert set(codes_of(refused)) == {"E0705"}
    assert words in str(refused.value)


def test_wrong_names(net: Net) -> None:
    for call in (
        lambda: net(X, fetch=["c1.con"]),
        lambda: net.gradients({"image": X, "label": LABELS}, ["c1.conv.weigth"]),
        lambda: net.gradients({"image": X}, ["image"]),
        lambda: net.gradients({"image": X, "label": LABELS + 1}, ["image"]),
    ):
        with pytest.raises(CnnGraphError):
            call()


def test_wrong_sources(tmp_path: Path) -> None:
    for call in (
        lambda: cnngraph.load(tmp_path / "nowhere.cnn"),
        lambda: cnngraph.load(tmp_path),
        lambda: cnngraph.loads(""),
        lambda: cnngraph.loads(TEXT, "smal"),
        lambda: cnngraph.loads(TEXT, clases=7),
        lambda: cnngraph.loads(TEXT, classes="seven"),
        lambda: cnngraph.loads(TEXT, classes=None),
        lambda: cnngraph.loads(TEXT, classes=[7]),
    ):
        with pytest.raises(CnnGraphError):
            call()


def test_wrong_weights_and_data(net: Net, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no weights")
    pair = cnngraph.loads(TWO_OF_EACH)
    net.fit(epochs=1, output=tmp_path / "small.safetensors")
    for call, code in (
        (lambda: net.load_weights(tmp_path / "nowhere"), "E0703"),
        (lambda: net.load_weights(tmp_path / "text"), "E0703"),
        (lambda: pair.load_weights(tmp_path / "small.safetensors"), "E0703"),
        (lambda: cnngraph.loads(TEXT, classes=7).load_weights(tmp_path / "small.safetensors"), "E0703"),
        (lambda: pair.fit(), "E0112"),
        (lambda: cnngraph.loads(TEXT, classes=7).fit(), "E0702"),
        (lambda: cnngraph.loads(TEXT.replace("data: ", "# ")).data(), "E0701"),
    ):
        with pytest.raises(CnnGraphError) as refused:
            call()
        assert set(codes_of(refused)) == {code}


def test_wrong_devices(net: Net) -> None:
    unet = cnngraph.load(resource("specs", "nets", "unet.cnn"))
    for call, code in (
        (lambda: net.partition("0"), "E0601"),
        (lambda: net.partition("2", strategy="cain"), "E0107"),
        (lambda: net.partition("1", batch=10**12), "E0602"),
        (lambda: unet.partition("2"), "E0109"),
        (lambda: unet.partition("2", H=33, W=32), "E0109"),
    ):
        with pytest.raises(CnnGraphError) as refused:
            call()
        assert set(codes_of(refused)) == {code}


def test_states_that_are_set_are_used_at_once() -> None:
    net = cnngraph.loads("net n(x: 3) = dense(2)")
    x = np.ones((1, 3), np.float32)
    net(x)
    net.states = {name: np.zeros_like(value) for name, value in net.states.items()}
    assert not net(x).any()


def test_first_weights_do_not_depend_on_what_is_called_first() -> None:
    text = "net n(x: 3) = dense(2) -> softmax\ntrain n { seed: 5 }"
    one, other = cnngraph.loads(text), cnngraph.loads(text)
    x = np.ones((1, 3), np.float32)
    one(x)
    other.gradients({"x": x, "label": [0]}, ["x"])
    assert np.array_equal(one.states["dense.weight"], other.states["dense.weight"])
