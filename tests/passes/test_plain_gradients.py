from __future__ import annotations

from passes.equality import differences

from cnngraph.autodiff.grad import grad
from cnngraph.ir.graph import Graph, Ref
from cnngraph.ir.text import from_text
from cnngraph.ops.gradient import Gradient
from cnngraph.passes.plain_gradients import plain_gradients
from cnngraph.passes.training import to_training

NET = """\
graph g
x: f64[batch, 5, 4] = input
v: f64[batch, 4] = input
w: f64[4] = state(initial='ones')
m: f64[batch, 5, 4] = mul <- v, x, x
l: f64[batch, 5, 4] = layer_scale <- m, w
d: f64[batch, 5, 4] = dropout(rate=0.3) <- l
r: f64[batch, 5, 4] = reverse_gradient(weight=0.5) <- d
s: f64[batch, 5, 4] = scale(factor=-2.0) <- r
loss: f64 = mse <- s, x
output loss = loss
"""


def left(graph: Graph) -> set[str]:
    """The gradients that are still of another operator, by what they are wanted for."""
    return {f"{n.op.of.name}.{n.op.wanted[0]}" for n in graph if isinstance(n.op, Gradient)}


def test_sums_over_positions_and_over_the_batch_stay() -> None:
    graph = grad(to_training(from_text(NET)), Ref("loss"), ["x", "v", "w"])
    assert left(graph) > {"dropout.x", "scale.x", "mul.x1"}
    assert left(plain_gradients(graph)) == {"mse.prediction", "mse.target", "layer_scale.weight", "mul.x0"}
    assert max(differences(graph, [plain_gradients], batch=3).values()) < 1e-14
