"""Dropout: the share it drops, the mean it keeps, and where its random numbers come from."""

from __future__ import annotations

import numpy as np
import pytest

from cnngraph.ir.op import Array, OpError, rng
from cnngraph.ir.types import TensorType
from cnngraph.ops.dropout import Dropout

X = TensorType.of(3, (4, 5))


def train(x: Array, rate: float = 0.5, random: tuple[int, int] = (7, 0)) -> tuple[Array, Array, Array]:
    y, mask, following = Dropout(rate).for_training().apply([x, np.array(random)])
    return y, mask, following


def test_inference_is_the_identity_without_states() -> None:
    x = np.arange(6.0).reshape(2, 3)
    assert Dropout(0.9).forward(x) is x
    assert Dropout(0.9).infer(X) == X
    assert Dropout(0.9).weight_types(X) == {}
    assert not Dropout().changes_state


def test_training_drops_the_share_and_keeps_the_mean() -> None:
    y, mask, _ = train(np.ones((100, 1000)), rate=0.3)
    assert mask.mean() == pytest.approx(0.7, abs=0.005)
    assert y.mean() == pytest.approx(1, abs=0.01)
    np.testing.assert_array_equal(np.unique(y), [0, 1 / 0.7])


def test_whole_channels_are_dropped_at_all_their_positions() -> None:
    dropout = Dropout(0.4, channels=True).for_training()
    y, mask, _ = dropout.apply([np.ones((50, 3, 2, 40)), np.array([7, 0])])
    assert y.shape == mask.shape == (50, 3, 2, 40)
    np.testing.assert_array_equal(y, np.broadcast_to(y[:, :1, :1], y.shape))
    assert mask.mean() == pytest.approx(0.6, abs=0.03)
    with pytest.raises(OpError, match="dropout needs features"):
        dropout.infer(TensorType(()))


def test_a_rate_of_zero_drops_nothing() -> None:
    x = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(train(x, rate=0)[0], x)


def test_the_gradient_takes_the_way_of_the_values() -> None:
    dropout, x = Dropout(0.25).for_training(), np.ones((3, 40))
    y, mask, _ = train(x, 0.25)
    np.testing.assert_array_equal(dropout.vjp("x", np.ones_like(x), {"mask": mask}, {"x": x.shape}), y)
    assert dropout.reads("x", 2) == ("mask",)
    assert Dropout(0.25).reads("x", 1) == ()


def test_numbers_depend_on_key_and_step_and_on_nothing_else() -> None:
    x = np.ones((5, 20))
    before = train(x)[1]
    rng(7, 0).random(1000)
    train(np.ones((8, 9)), random=(7, 0))
    np.testing.assert_array_equal(train(x)[1], before)
    for other in ((7, 1), (8, 0), (-7, 0)):
        assert (train(x, random=other)[1] != before).any()


def test_each_run_takes_the_next_step() -> None:
    random = np.array([-5, 0])
    masks = []
    for _ in range(3):
        _, mask, random = train(np.ones((5, 20)), random=(int(random[0]), int(random[1])))
        masks.append(mask.tobytes())
    np.testing.assert_array_equal(random, [-5, 3])
    assert random.dtype == np.int64
    assert len(set(masks)) == 3


def test_both_dtypes_drop_the_same_elements() -> None:
    y32, mask32, _ = train(np.ones((5, 20), np.float32))
    _, mask64, _ = train(np.ones((5, 20)))
    assert y32.dtype == mask32.dtype == np.float32
    np.testing.assert_array_equal(mask32, mask64)


def test_its_state_is_a_key_that_no_optimizer_changes() -> None:
    dropout = Dropout().for_training()
    state = dropout.weight_types(X)["random"]
    assert (state.type, state.initial, state.trainable) == (TensorType((2,), "int64"), "key", False)
    assert dropout.output_types([X])[dropout.updates["random"]] == state.type


@pytest.mark.parametrize("rate", [-0.1, 1, 1.5, float("nan")])
def test_a_rate_outside_its_range_is_refused(rate: float) -> None:
    with pytest.raises(OpError, match=f"the rate of dropout must be at least 0 and below 1, not {rate}") as caught:
        Dropout(rate).infer(X)
    assert caught.value.code == "E0108"
