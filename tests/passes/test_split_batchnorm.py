from __future__ import annotations

import numpy as np
from passes.equality import differences

from cnngraph.autodiff.grad import grad
from cnngraph.ir.graph import Ref
from cnngraph.ir.op import rng
from cnngraph.ir.text import from_text
from cnngraph.ops.moments import Moments
from cnngraph.passes.split_batchnorm import split_batchnorm
from cnngraph.passes.training import to_training

NET = """\
graph g
x: f64[batch, 5, 4] = input
n.scale: f64[4] = state(initial='ones') with n
n.shift: f64[4] = state(initial='zeros') with n
n.mean: f64[4] = state(initial='zeros', trainable=False) with n
n.variance: f64[4] = state(initial='ones', trainable=False) with n
n: f64[batch, 5, 4] = batchnorm(epsilon=0.01, momentum=0.7) <- x, n.scale, n.shift, n.mean, n.variance on gpu0
m: f64[batch, 5, 4] = batchnorm <- n, n.scale, n.shift, n.mean, n.variance
s: f64[batch, 5, 4] = add <- n, m
loss: f64 = mse <- s, x
output loss = loss
"""


def test_a_shared_normalization_passes_its_statistics_on() -> None:
    training = to_training(from_text(NET))
    split = split_batchnorm(training)
    assert split["m.line"].inputs[-2:] == (Ref("n.line", 3), Ref("n.line", 4))
    assert split.updates == {"n.mean": Ref("m.line", 3), "n.variance": Ref("m.line", 4)}
    assert {split[name].device for name in ("n", "n.line", "n.moments")} == {"gpu0"}


def test_all_gradients_stay() -> None:
    graph = grad(to_training(from_text(NET)), Ref("loss"), ["x", "n.scale", "n.shift"])
    assert max(differences(graph, [split_batchnorm], batch=3).values()) < 1e-12


def test_only_what_is_wanted_is_computed() -> None:
    def kinds(*wrt: str) -> set[str]:
        """What the gradients of `n` consist of."""
        graph = grad(to_training(from_text(NET)), Ref("loss"), wrt)
        return {node.op.name for node in split_batchnorm(graph) if node.name.startswith("gradient.n.")} - {"add"}

    assert kinds("x") == {"slope_sums", "slope_plane", "plane"}
    assert kinds("n.scale") == {"slope_sums"}
    assert kinds("n.shift") == {"gradient"}


def test_parts_of_any_size_make_the_moments_of_the_whole() -> None:
    x = rng(3).normal(50.0, 0.1, (7, 3, 4)).astype(np.float32)
    parts = [Moments().forward(x[a:b]) for a, b in ((0, 3), (3, 4), (4, 7))]
    mean, variance = Moments().combine([np.stack(each) for each in zip(*parts, strict=True)], [3, 1, 3])
    assert np.allclose(mean, x.mean((0, 1), np.float64), 1e-6)
    assert np.allclose(variance, x.var((0, 1), np.float64), 1e-3)  # x itself has but so many digits behind 50
