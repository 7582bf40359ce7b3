"""Both Caffes side by side: layers written as files and read by the importer, and run by the oracle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from interop.caffe.miniature import Miniature
from interop.caffe.printing import Layer, Style, caffemodel, prototxt

from cnngraph.interop.caffe import read_caffe
from cnngraph.interop.imported import Imported
from cnngraph.runtime.runner import Runner

Shapes = Mapping[str, Sequence[int]]
TODAY = Style()


def imported(folder: Path, text: str, weights: bytes | None = None, *shapes: tuple[int, ...]) -> Imported:
    model, file = folder / "a.prototxt", folder / "a.caffemodel"
    model.write_text(text)
    if weights is not None:
        file.write_bytes(weights)
    return read_caffe(model, None if weights is None else file, shapes)


def ran(found: Imported, feeds: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    ours = {name: axes.ours(feeds[name]) for name, axes in found.inputs.items()}
    y = Runner(found.graph, found.states).run(ours)
    return {name: found.outputs[name].theirs(value) for name, value in y.items()}


def assert_agrees(
    folder: Path, layers: Sequence[Layer], shapes: Shapes, text: str = "", style: Style = TODAY
) -> Imported:
    """Both give the same shapes and numbers; `text` is another way to write the same network.

    A result that is called as a layer of the language is, `conv`, is `conv_result` here.
    """
    chance = np.random.default_rng(len(layers))
    feeds = {name: chance.uniform(-2, 2, shape).astype(np.float32) for name, shape in shapes.items()}
    wanted = Miniature().run(layers, feeds)
    found = imported(folder, text or prototxt(layers, shapes), caffemodel(layers, style))
    given = {name.removesuffix("_result"): value for name, value in ran(found, feeds).items()}
    assert sorted(given) == sorted(wanted)
    for name, theirs in wanted.items():
        assert given[name].shape == theirs.shape
        rounding = 2e-6 * max(10.0, float(np.abs(theirs).max(initial=0)))  # sums of large numbers may nearly vanish
        np.testing.assert_allclose(given[name], theirs, rtol=2e-4, atol=rounding, err_msg=name)
    return found
