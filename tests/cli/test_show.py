"""`cnngraph show`: one picture of samples with what is said of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli.terminal import NETS, Run
from PIL import Image

from cnngraph.interop.safetensors import save_weights
from cnngraph.net import load
from cnngraph.train.initialisers import initial_states

FEW = ("--set", "data.count=5", "--set", "data.tests=5")


@pytest.mark.parametrize("name", ["unet_small", "siamese_digits"])
def test_a_picture_of_what_an_untrained_net_says(run: Run, tmp_path: Path, name: str) -> None:
    file = NETS / f"{name}.cnn"
    save_weights(tmp_path / f"{name}.safetensors", initial_states(load(file).graph, 0))
    picture = f"picture: {name}.predictions.png"
    run("show", file, *FEW, "--count", 3).done("3 of 5 samples of the test part", picture)
    with Image.open(tmp_path / f"{name}.predictions.png") as found:
        assert found.width > 3 * 150
    run("show", file, *FEW, "--first", 5).refused("E0705", "there is no sample 5")
