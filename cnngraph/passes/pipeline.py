"""Passes in a row, and the rows that everyone runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from cnngraph.ir.graph import Graph
from cnngraph.ir.verify import verify
from cnngraph.passes.common_subexpressions import common_subexpressions
from cnngraph.passes.drop_identity import drop_identity
from cnngraph.passes.fold_batchnorm import fold_batchnorm
from cnngraph.passes.fold_constants import fold_constants
from cnngraph.passes.fuse_epilogues import fuse_epilogues
from cnngraph.passes.fuse_loss import fuse_loss
from cnngraph.passes.hand_gradients_on import hand_gradients_on
from cnngraph.passes.merge_siblings import merge_siblings
from cnngraph.passes.plain_gradients import plain_gradients
from cnngraph.passes.pool_before_relu import pool_before_relu
from cnngraph.passes.prune import prune
from cnngraph.passes.split_batchnorm import split_batchnorm
from cnngraph.passes.training import to_training

Pass: TypeAlias = Callable[[Graph], Graph]

INFERENCE: tuple[Pass, ...] = (drop_identity, fuse_loss, prune)
TRAINING: tuple[Pass, ...] = (to_training, drop_identity, fuse_loss, prune)
"""The graph of a net is in neither form: each is made from it, and both read the same states by their names."""

EXECUTION: tuple[Pass, ...] = (
    drop_identity,
    hand_gradients_on,
    plain_gradients,
    fold_constants,
    common_subexpressions,
    split_batchnorm,
    fold_batchnorm,
    pool_before_relu,
    merge_siblings,
    fuse_epilogues,
    prune,
)
"""What is run instead of a graph, whether it predicts or trains: the same values, up to rounding, in less time.

Each pass looks for itself what it may change: outputs, updates, states and what anyone else reads stay.
"""

REQUIRES: Mapping[Pass, tuple[Pass, ...]] = {
    drop_identity: (to_training,),  # else the dropouts are gone before they are switched on
    fuse_loss: (drop_identity,),  # else an identity between the two hides the pair
    fold_constants: (hand_gradients_on,),  # else the gradient of a sum of losses is worked out
    common_subexpressions: (drop_identity, hand_gradients_on, fold_constants),  # else what is alike looks different
    pool_before_relu: (split_batchnorm, fold_batchnorm),  # else a normalization stands between the two
    merge_siblings: (common_subexpressions, fold_batchnorm),  # else a normalization hides the activation
    # else the activation is not right behind its product:
    fuse_epilogues: (drop_identity, plain_gradients, split_batchnorm, fold_batchnorm, pool_before_relu, merge_siblings),
    prune: (to_training, drop_identity, fuse_loss, fuse_epilogues),  # it clears away what the others leave
}
"""For each pass: those that come before it in every pipeline that has both."""


def run(graph: Graph, passes: Sequence[Pass]) -> Graph:
    """The graph after all passes, verified after each that changes it; the same object where none does.

    Raises ValueError where the order of the passes is against `REQUIRES`.
    """
    check_order(passes)
    for apply in passes:
        after = apply(graph)
        graph = graph if after is graph else verify(after)
    return graph


def check_order(passes: Sequence[Pass]) -> None:
    for place, later in enumerate(passes):
        if late := [p.__name__ for p in REQUIRES.get(later, ()) if p in passes[place + 1 :]]:
            raise ValueError(f"{', '.join(late)} must come before {later.__name__}")
