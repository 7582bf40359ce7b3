"""PyTorch as oracle for whole networks: outputs, loss, gradients and running statistics."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from networks.carried import NAMES, carried
from networks.oracle import FLOAT64, FORMS, compared, differences, drawn_feeds, drawn_states, theirs, within

from cnngraph.autodiff.step import trainable_states
from cnngraph.net import Net, loads
from cnngraph.passes.pipeline import INFERENCE, run

torch = pytest.importorskip("torch", reason="PyTorch is the oracle of these tests")

FLOAT32 = {
    "inference": 1e-4,  # the largest seen is 6e-5, in the loss of se_resnet50, whose logits are large
    "training": 2e-2,  # a batch of two with one position has but two numbers to take a deviation of, and divide by
}

SMALL_DENSENET = """cnn 1
block dense_layer(growth) {
  concat {
    | identity
    | batchnorm -> relu -> conv(4*growth, 1x1, bias = false)
      batchnorm -> relu -> conv(growth, 3x3, same, bias = false)
  }
}
block transition = batchnorm -> relu -> conv(it.c / 2, 1x1, bias = false) -> avgpool(2x2)

net small_densenet(image: 3@48x32, growth = 6) {
  conv(2*growth, 7x7/2, same, bias = false) -> batchnorm -> relu -> maxpool(3x3/2, same)
  for n in [2, 3] {
    dense_layer(growth) * n
    transition
  }
  dense_layer(growth) * 2
  batchnorm -> relu -> globalavgpool -> dense(7) -> softmax
}
"""

SMALL = {  # networks whose form matters more than their size
    "small_transformer": ("transformer", {"d": 24, "layers": 2, "heads": 3, "hidden": 40}),
    "small_vit": ("vit_b16", {"d": 24, "layers": 2, "heads": 3, "hidden": 40, "classes": 7}),
    "small_yolo_v1": ("yolo_v1", {"hidden": 8}),
    "small_deep_pose": ("deep_pose", {"hidden": 8}),
    "small_fcn8s": ("fcn8s", {"hidden": 8}),
    "small_unet_cropped": ("unet_cropped", {"n": 2}),
    "small_siamese": ("siamese", {"features": 8}),
    "small_c3d": ("c3d", {"n": 4, "hidden": 8}),
    "small_dcgan": ("dcgan", {"n": 4}),
    "small_seq2seq": ("seq2seq", {"words": 5, "n": 7}),
}
TOO_LARGE = ("yolo_v1", "deep_pose", "fcn8s", "unet_cropped", "c3d")  # but for small settings
QUICK = (
    "small_densenet", "small_transformer", "small_vit", "small_dcgan",
    "small_seq2seq", "gru_tagger", "lenet5", "googlenet", "resnet18",
    "autoencoder", "fairness", "grid_detector", "latent_diffusion", "text_cnn", "time_delay",
)  # fmt: skip
FILES = [name for name in NAMES if name not in TOO_LARGE]
ALL = ("small_densenet", *SMALL, *FILES)
NETWORKS = [pytest.param(name, marks=() if name in QUICK else pytest.mark.sweep) for name in ALL]


@pytest.fixture(autouse=True, scope="module")
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def network(name: str) -> Net:
    if name == "small_densenet":
        return loads(SMALL_DENSENET)
    file, settings = SMALL.get(name, (name, {}))
    return carried(file, **settings)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", NETWORKS)
def test_outputs_and_gradients_agree(name: str, form: str) -> None:
    found = compared(network(name).training.graph, form, "float64", gradients=True)
    print(f"{name}, {form}: {max(found.values()):.1e} in {max(found, key=found.__getitem__)}")
    within(found, FLOAT64)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", NETWORKS)
def test_outputs_agree_in_float32(name: str, form: str) -> None:
    found = compared(network(name).training.graph, form, "float32", gradients=False)
    print(f"{name}, {form}: {max(found.values()):.1e} in {max(found, key=found.__getitem__)}")
    within(found, FLOAT32[form])


def test_gradients_of_a_net() -> None:
    """`Net.gradients` is what the other tests compare, in one call."""
    net = network("lenet5")
    graph = run(net.training.graph, INFERENCE)
    net.states = drawn_states(graph)
    feeds = drawn_feeds(graph)
    wrt = ["image", *trainable_states(graph, graph.outputs["loss"])]
    found = net.gradients(feeds, wrt)
    expected = theirs(graph, net.states, feeds, wrt)
    del expected["output"]
    within(differences(found, {name.removeprefix("gradient."): value for name, value in expected.items()}), 1e-5)
