"""Every operator of the registry against PyTorch and its own slope, at settings that hypothesis draws.

    pytest tests/ops/test_hypothesis.py -s               a table of the largest errors (a few settings of each operator)
    pytest tests/ops/test_hypothesis.py -s -m sweep      the same of many settings, each time others
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="PyTorch is the oracle of these tests")

from ops.agreement import Trial, distance, ours, slope_error, theirs  # noqa: E402
from ops.drawn import Setting, settings_of  # noqa: E402

from cnngraph.interop.pytorch.meaning import MEANING  # noqa: E402
from cnngraph.ir.registry import registry  # noqa: E402

QUICK, MANY = 12, 400
FLOAT64 = 1e-10
FLOAT32 = 1e-5  # or as much as PyTorch is off itself, and a bit
SLOPE = 1e-6
COLUMNS = ("PyTorch, float64", "PyTorch, float32", "finite differences")

OPTIMIZER = "an update, not a function: compared with torch.optim over several steps in test_optimizers"
STEP = "a part of a training step, which is compared with PyTorch as a whole"
LEAF = "has no inputs"
MADE = "made by passes, which are compared with the graph before them"
PIECES = ("affine", "batch_line", "fold_norm", "fused", "join_layers", "moments", "norm_line", "plane")
NOT_COMPARED = {
    "constant": LEAF,
    "input": LEAF,
    "state": LEAF,
    "gradient": "runs `vjp` of another operator, which is what is compared here",
    **dict.fromkeys(("clip_norm", "joint_norm", "moving_average", "square_sum"), STEP),
    **dict.fromkeys((*PIECES, "slope_plane", "slope_sums"), MADE),
    "weighted_sum": "made to look into a net; compared in test_pytorch.py",
    **{name: OPTIMIZER for name, op in registry().items() if op.optimizer},
}
"""Operators that have no counterpart here, and why."""

COMPARED = [name for name in registry() if name not in NOT_COMPARED]
worst: dict[str, list[float]] = {}


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """On arrays this small PyTorch's threads only wait for one another."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True, scope="module")
def table() -> Iterator[None]:
    yield
    lines = [f"{name:24}" + "".join(f"{error:>20.1e}" for error in errors) for name, errors in sorted(worst.items())]
    print("", f"{'operator':24}" + "".join(f"{column:>20}" for column in COLUMNS), *lines, sep="\n")


def test_every_operator_is_compared_or_has_a_reason_why_not() -> None:
    lacking = [name for name in COMPARED if name not in MEANING]
    assert lacking == [], "what these mean belongs into cnngraph/interop/pytorch/meaning.py, `MEANING`"
    assert set(NOT_COMPARED) <= set(registry())
    assert [name for name in NOT_COMPARED if name in MEANING] == []


@pytest.mark.parametrize("name", COMPARED)
def test_an_operator_agrees(name: str) -> None:
    examine(name, QUICK, derandomize=True)


@pytest.mark.sweep
@pytest.mark.parametrize("name", COMPARED)
def test_an_operator_agrees_at_many_settings(name: str) -> None:
    examine(name, MANY, derandomize=False)


def examine(name: str, examples: int, derandomize: bool) -> None:
    """Draw settings and numbers, and let none be further off than it may."""

    @settings(
        max_examples=examples,
        derandomize=derandomize,
        deadline=None,
        database=None,
        print_blob=True,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(settings_of(name), st.integers(0, 2**32 - 1))
    def check(setting: Setting, seed: int) -> None:
        agrees(name, Trial(setting, seed))

    check()


def agrees(name: str, trial: Trial) -> None:
    single = replace(trial, dtype="float32")
    expected = theirs(trial)
    double_error = distance(ours(trial), expected)
    single_error = distance(ours(single), expected)
    apart = 0.0 if trial.op.chosen_gradient else slope_error(trial)
    found = (double_error, single_error, apart)
    worst[name] = [max(pair) for pair in zip(worst.get(name, found), found, strict=True)]
    assert double_error <= FLOAT64
    assert single_error <= FLOAT32 or single_error <= 4 * distance(theirs(single), expected) + FLOAT32
    assert apart <= SLOPE
