"""The second stage of the cascade sees the picture around each joint that the first one gave: cut out on the graph."""

from __future__ import annotations

import numpy as np
import pytest

from cnngraph.ir.op import Array, rng
from cnngraph.net import Net, load
from cnngraph.passes.pipeline import INFERENCE, run
from cnngraph.resources import resource
from cnngraph.runtime.runner import Runner
from cnngraph.train.initialisers import initial_states

SIDE, PART, JOINTS = 64, 16, 11


@pytest.fixture(scope="module")
def net() -> Net:
    found = load(resource("specs", "nets", "pose_small.cnn"))
    found.states = initial_states(found.graph, 5)
    return found


def values(net: Net, image: Array, *names: str) -> list[Array]:
    graph = run(net.graph, INFERENCE)
    found = Runner(graph, {node.name: net.states[node.name] for node in graph.states}).run({"image": image}, names)
    return [found[name] for name in names]


def around(image: Array, x: float, y: float) -> Array:
    """A patch about a place in pixels, bilinear, 0 outside: what the graph does with products of matrices."""
    framed = np.pad(image, PART + SIDE)
    places = np.arange(PART) - (PART - 1) / 2
    rows, columns = (places + at - 0.5 + PART + SIDE for at in (y, x))
    (top, down), (left, right) = ((np.floor(at).astype(int), at - np.floor(at)) for at in (rows, columns))
    across = (1 - right) * framed[:, left] + right * framed[:, left + 1]  # (H, 16)
    found: Array = (1 - down)[:, None] * across[top] + down[:, None] * across[top + 1]
    return found


def test_patches_are_the_picture_around_the_guessed_joints(net: Net) -> None:
    image = rng(1).random((2, SIDE, SIDE, 1), np.float32)
    pose, cut = values(net, image, "pose", next(name for name in reversed(net.shapes) if name.startswith("cut.")))
    assert cut.shape == (2, JOINTS, PART, PART, 1)
    for picture, joints, patches in zip(image[..., 0], pose.reshape(2, JOINTS, 2), cut[..., 0], strict=True):
        for (x, y), patch in zip((joints + 1) * SIDE / 2, patches, strict=True):
            np.testing.assert_allclose(patch, around(picture, x, y), atol=1e-4)


def test_the_second_stage_moves_joints_and_teaches_the_first_one_nothing(net: Net) -> None:
    image = rng(2).random((2, SIDE, SIDE, 1), np.float32)
    pose, refined = values(net, image, "pose", "refined")
    assert pose.shape == refined.shape == (2, 2 * JOINTS)
    assert not np.array_equal(pose, refined)
    slopes = net.gradients({"image": image, "target": pose}, ["pose.weight", "move.dense.weight"])
    assert np.abs(slopes["pose.weight"]).max() == 0  # the first stage is right, and what the second one says is not its
    assert np.abs(slopes["move.dense.weight"]).max() > 0
