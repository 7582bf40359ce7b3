"""Pictures that a net makes out of noise: what its drawn inputs alone lead to, or where diffusion takes noise back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from cnngraph.data.dataset import Preprocessing
from cnngraph.diagnostics import error
from cnngraph.examine.sampling_diffusion import Way, diffusion_of
from cnngraph.ir.graph import Graph
from cnngraph.ir.op import Array, rng
from cnngraph.net import Net
from cnngraph.passes.pipeline import INFERENCE, run
from cnngraph.runtime.runner import Runner
from cnngraph.train.feeds import cut
from cnngraph.train.noise import Draw, noise_of

BATCH = 100
SAMPLES = 6  # a part of the key: no other use of the seed has the same


def pictures(net: Net, how: Preprocessing | None, count: int, seed: int = 0, way: Way | None = None) -> Array:
    """`count` pictures (N, H, W, C) in 0..1 that a trained net makes, each from its own noise.

    `how` is the preprocessing that training pictures met, which is undone; `way` is for nets with diffusion.
    Raises E0702 where the net makes no pictures of noise.
    """
    generator = rng(seed, SAMPLES)
    process = diffusion_of(net, how)
    if process is not None:
        parts = [process.sample(len(part), generator, way or Way()) for part in cut(np.arange(count), BATCH)]
    else:
        name, draws = made_of_noise(net)
        part = run(net.graph.fetch([name]), INFERENCE)
        runner = Runner(part, {node.name: net.states[node.name] for node in part.states}, settings=net.settings)
        chunks = cut(np.arange(count), BATCH)
        parts = [runner.run(_drawn(part, draws, len(chunk), generator))[name] for chunk in chunks]
    return restored(np.concatenate(parts), how)


def made_of_noise(net: Net) -> tuple[str, Sequence[Draw]]:
    """The first output of pictures that needs no input but those that `noise:` draws, and how they are drawn.

    Raises E0702 where there is none.
    """
    draws = {draw.input: draw for draw in noise_of(net.training).draws}
    for name, ref in net.graph.outputs.items():
        needed = net.graph.restricted_to([ref])
        inputs = [node.name for node in net.graph.inputs if node.name in needed]
        if len(net.graph.type_of(ref).shape) == 4 and inputs and set(inputs) <= set(draws):
            return name, [draws[each] for each in inputs]
    raise error(
        "E0702", f"{net.name} makes no pictures out of noise",
        "an output of pictures needs no input but those that `noise:` of its train section draws (gan_digits.cnn),",
        "or a value is mixed with noise by `diffuse` (latent_diffusion.cnn)",
    )  # fmt: skip


def restored(pictures: Array, how: Preprocessing | None) -> Array:
    """Pictures as a net has them, back in 0..1.

    >>> restored(np.array([[[[-1.0]]], [[[1.0]]]]), Preprocessing(1, 1, 1, 0, (0.5,), (0.25,))).ravel()
    array([0.25, 0.75])
    """
    if how is not None:
        pictures = pictures * np.array(how.std, pictures.dtype) + np.array(how.mean, pictures.dtype)
    return np.clip(pictures, 0, 1)


def _drawn(graph: Graph, draws: Sequence[Draw], count: int, generator: np.random.Generator) -> Mapping[str, Array]:
    types = [graph[draw.input].type.bind(batch=count) for draw in draws]
    return {
        draw.input: draw.drawn(generator, type_.concrete, type_).astype(type_.dtype, copy=False)
        for draw, type_ in zip(draws, types, strict=True)
    }
