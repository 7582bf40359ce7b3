from __future__ import annotations

from cnngraph.ir.graph import Ref
from cnngraph.ir.leaves import State
from cnngraph.ir.text import from_text
from cnngraph.passes.training import to_training

SHARED_NORMALIZATION = from_text("""\
graph shared
real: f32[batch, 4] = input
fake: f32[batch, 4] = input
n.scale: f32[4] = state(initial='ones') with n
n.shift: f32[4] = state(initial='zeros') with n
n.mean: f32[4] = state(initial='zeros', trainable=False) with n
n.variance: f32[4] = state(initial='ones', trainable=False) with n
n: f32[batch, 4] = batchnorm <- real, n.scale, n.shift, n.mean, n.variance
n_2: f32[batch, 4] = batchnorm <- fake, n.scale, n.shift, n.mean, n.variance
output real = n
output fake = n_2
""")


def test_a_dropout_gets_its_state_beside_it() -> None:
    graph = from_text("""\
        graph g
        x: f32[batch, 4] = input
        b.drop: f32[batch, 4] = dropout(rate=0.25) <- x on gpu1
        output y = b.drop
    """)
    training = to_training(graph)
    state = training["b.drop.random"]
    assert isinstance(state.op, State)
    assert not state.op.trainable
    assert (state.device, state.colocated) == ("gpu1", "b.drop")
    assert training["b.drop"].inputs == (Ref("x"), Ref("b.drop.random"))
    assert training["b.drop"].device == "gpu1"
    assert training.updates == {"b.drop.random": Ref("b.drop", 2)}
    assert training.outputs == graph.outputs


def test_shared_statistics_pass_through_their_users_in_order() -> None:
    training = to_training(SHARED_NORMALIZATION)
    assert training["n"].inputs[-2:] == (Ref("n.mean"), Ref("n.variance"))
    assert training["n_2"].inputs[1:] == (Ref("n.scale"), Ref("n.shift"), Ref("n", 3), Ref("n", 4))
    assert training.updates == {"n.mean": Ref("n_2", 3), "n.variance": Ref("n_2", 4)}
