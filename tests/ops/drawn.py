"""Settings of operators with types for their inputs, as hypothesis draws them.

An operator without a strategy of its own is drawn from its `samples()`, in batches of any size. A strategy draws more:
odd sizes, one position, one channel, strides, paddings, groups. What the operator refuses is drawn again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

from hypothesis import strategies as st

from cnngraph.ir.op import Op, OpError
from cnngraph.ir.registry import registry
from cnngraph.ir.types import TensorType
from cnngraph.ir.window import Window

Draw = Callable[[st.SearchStrategy[Any]], Any]
Numbers = tuple[float, float]

PROBABILITY = (0.02, 0.98)
MOST = {0: (1,), 1: (9,), 2: (7, 6), 3: (4, 5, 3)}  # positions of each axis, by rank


@dataclass(frozen=True)
class Setting:
    """An operator and the types of its operands; their numbers are normal, or uniform in `domain`."""

    op: Op
    operands: tuple[TensorType, ...]
    batch: int
    domain: Numbers | None = None


Form = Callable[[str], st.SearchStrategy[Setting]]


def settings_of(name: str) -> st.SearchStrategy[Setting]:
    """Everything that an operator can be asked to do, small."""
    return STRATEGIES.get(name, of_samples)(name).filter(_accepted)


def _accepted(setting: Setting) -> bool:
    try:
        setting.op.output_types(setting.operands)
    except OpError:
        return False
    return True


def of_samples(name: str) -> st.SearchStrategy[Setting]:
    """One of the samples of the contract test."""
    samples = st.sampled_from(list(registry()[name].samples()))
    return st.builds(lambda s, batch: Setting(s.op, s.inputs, batch, s.domain), samples, batches)


batches = st.integers(1, 4)
channels = st.integers(1, 7)
ranks = st.integers(1, 3)


def grids(rank: st.SearchStrategy[int] = ranks, features: st.SearchStrategy[int] = channels) -> Any:
    """Features at positions; rank 0 is a vector."""
    return st.builds(TensorType.of, features, rank.flatmap(positions))


def positions(rank: int) -> st.SearchStrategy[tuple[int, ...]]:
    return st.tuples(*(st.integers(1, most) for most in MOST[rank][:rank]))


anything = grids(st.integers(0, 3))
vectors, sequences = grids(st.just(0)), grids(st.just(1))


def taking(*operands: st.SearchStrategy[TensorType], domain: Numbers | None = None, **fields: Any) -> Form:
    """Operands that are drawn each by itself, and fields likewise."""

    def of(name: str) -> st.SearchStrategy[Setting]:
        ops = st.builds(registry()[name], **fields)
        return st.builds(Setting, ops, st.tuples(*operands), batches, st.just(domain))

    return of


def alike(count: int, types: st.SearchStrategy[TensorType] = anything, **more: Any) -> Form:
    """Several operands of one type."""
    return joined(types.map(lambda t: (t,) * count), **more)


def joined(operands: st.SearchStrategy[tuple[TensorType, ...]], domain: Numbers | None = None, **fields: Any) -> Form:
    """Operands whose types depend on one another."""

    def of(name: str) -> st.SearchStrategy[Setting]:
        return st.builds(Setting, st.builds(registry()[name], **fields), operands, batches, st.just(domain))

    return of


def between(low: float, high: float) -> st.SearchStrategy[float]:
    """Numbers that float32 has too, so that both precisions compute the same thing."""
    return st.floats(low, high, width=32, allow_subnormal=False)


# ---- windows ----


def axes(rank: int, low: int, high: int) -> st.SearchStrategy[Any]:
    """One number for all axes, or one for each."""
    numbers = st.integers(low, high)
    return numbers | st.tuples(*(numbers,) * rank)


def windows(rank: int, largest: int) -> st.SearchStrategy[Window]:
    size = st.tuples(*(st.integers(1, largest),) * rank)
    return st.builds(Window, size, st.none() | st.tuples(*(st.integers(1, 3),) * rank))


@st.composite
def grouped(draw: Draw) -> tuple[int, int, int]:
    """(channels, features, groups), depthwise among them."""
    groups = draw(st.integers(1, 4))
    return groups * draw(st.integers(1, 3)), groups * draw(st.integers(1, 3)), groups


def convolution(name: str) -> st.SearchStrategy[Setting]:
    @st.composite
    def drawn(draw: Draw) -> Setting:
        rank = draw(ranks)
        inside, outside, groups = draw(grouped())
        fields = {
            "pad": draw(st.sampled_from(["valid", "same", "full"]) | axes(rank, 0, 3)),
            "bias": draw(st.booleans()),
            "groups": groups,
            "dilation": draw(st.just(1) | axes(rank, 1, 3)),
        }
        if name == "upconv":
            fields["output_padding"] = draw(st.just(0) | axes(rank, 0, 2))
        op = registry()[name](outside, draw(windows(rank, 4)), **fields)
        return Setting(op, (TensorType.of(inside, draw(positions(rank))),), draw(batches))

    return drawn()


def pool(name: str, **more: st.SearchStrategy[Any]) -> st.SearchStrategy[Setting]:
    @st.composite
    def drawn(draw: Draw) -> Setting:
        rank = draw(ranks)
        size = draw(st.tuples(*(st.integers(1, 4),) * rank))
        fields = {key: draw(values) for key, values in more.items()}
        pad = tuple(draw(st.integers(0, n // 2)) for n in size)  # PyTorch has no more
        stride = draw(st.none() | axes(rank, 1, 4))
        op = registry()[name](Window(size), pad, stride, draw(st.booleans()), **fields)
        room = tuple(draw(st.integers(n, n + 4)) for n in size)  # nor smaller inputs, whatever the padding
        return Setting(op, (TensorType.of(draw(channels), room),), draw(batches))

    return drawn()


# ---- families whose sizes must fit ----


@st.composite
def merged(draw: Draw, vectors_too: bool) -> tuple[TensorType, ...]:
    x = draw(anything)
    count = draw(st.integers(2, 4))
    if not vectors_too or not x.positions:
        return (x,) * count
    kinds = [x, *(x if draw(st.booleans()) else TensorType.of(x.channels) for _ in range(count - 1))]
    return tuple(draw(st.permutations(kinds)))


@st.composite
def side_by_side(draw: Draw) -> tuple[TensorType, ...]:
    x = draw(anything)
    return tuple(x.known(channels=c) for c in draw(st.lists(channels, min_size=2, max_size=4)))


@st.composite
def with_labels(draw: Draw) -> tuple[TensorType, ...]:
    x = draw(anything)
    return x, TensorType.ids(x.channels, x.positions)


def entropy(domain: Numbers | None) -> Form:
    def of(name: str) -> st.SearchStrategy[Setting]:
        @st.composite
        def drawn(draw: Draw) -> Setting:
            x, label = draw(with_labels())
            each = st.lists(between(0.125, 4), min_size=x.channels, max_size=x.channels).map(tuple)
            op = registry()[name](draw(st.just(0.0) | between(0, 0.75)), draw(st.just(()) | each))
            return Setting(op, (x, label), draw(batches), domain)

        return drawn()

    return of


def divided(field: str, types: st.SearchStrategy[TensorType] = anything, **more: st.SearchStrategy[Any]) -> Form:
    """A field that cuts the channels into so many parts."""

    def of(name: str) -> st.SearchStrategy[Setting]:
        @st.composite
        def drawn(draw: Draw) -> Setting:
            x, parts = draw(types), draw(st.integers(1, 4))
            fields = {key: draw(values) for key, values in more.items()}
            op = registry()[name](**{field: parts}, **fields)
            return Setting(op, (x.known(channels=x.channels * parts),), draw(batches))

        return drawn()

    return of


def batchnorm(name: str) -> st.SearchStrategy[Setting]:
    @st.composite
    def drawn(draw: Draw) -> Setting:
        op = registry()[name](draw(between(2**-16, 1)), draw(between(0, 1)))
        x, batch = draw(anything), draw(batches)
        several = batch * prod(int(str(n)) for n in x.positions) > 1  # else PyTorch refuses to take a variance
        return Setting(op.for_training() if several and draw(st.booleans()) else op, (x,), batch)

    return drawn()


def reshape(name: str) -> st.SearchStrategy[Setting]:
    @st.composite
    def drawn(draw: Draw) -> Setting:
        sizes = draw(st.lists(st.integers(1, 4), min_size=2, max_size=4))
        target = draw(st.permutations(sizes))
        first, last = draw(st.integers(1, len(sizes))), draw(st.integers(1, len(sizes)))
        shape = TensorType.of(prod(target[last - 1 :]), tuple(target[: last - 1]))
        return Setting(registry()[name](shape), (TensorType.of(prod(sizes[first - 1 :]), sizes[: first - 1]),), 2)

    return drawn()


def part(name: str) -> st.SearchStrategy[Setting]:
    @st.composite
    def drawn(draw: Draw) -> Setting:
        count, x = draw(st.integers(1, 4)), draw(anything)
        own = draw(st.none() | st.tuples(*(channels,) * count))
        op = registry()[name](draw(st.integers(0, count - 1)), own or count)
        return Setting(op, (x.known(channels=sum(own) if own else x.channels * count),), draw(batches))

    return drawn()


def crop(name: str) -> st.SearchStrategy[Setting]:
    @st.composite
    def drawn(draw: Draw) -> Setting:
        x = draw(grids())
        margins = tuple((draw(st.integers(0, 2)), draw(st.integers(0, 2))) for _ in x.positions)
        grown = tuple(n + sum(pair) for n, pair in zip(x.positions, margins, strict=True))
        return Setting(registry()[name](margins), (x.known(positions=grown),), draw(batches))

    return drawn()


def by_rank(**fields: Callable[[int], st.SearchStrategy[Any]]) -> Form:
    """A grid, and fields that depend on its number of axes; those that do not fit it are drawn again."""

    def of(name: str) -> st.SearchStrategy[Setting]:
        @st.composite
        def drawn(draw: Draw) -> Setting:
            x = draw(grids())
            values = {key: draw(values(len(x.positions))) for key, values in fields.items()}
            return Setting(registry()[name](**values), (x,), draw(batches))

        return drawn()

    return of


def margins(rank: int) -> st.SearchStrategy[Any]:
    return st.tuples(*(st.tuples(st.integers(0, 3), st.integers(0, 3)),) * rank)


def position(name: str) -> st.SearchStrategy[Setting]:
    @st.composite
    def drawn(draw: Draw) -> Setting:
        x = draw(sequences)
        last = int(str(x.positions[0])) - 1
        return Setting(registry()[name](draw(st.integers(-1, last))), (x,), draw(batches))

    return drawn()


@st.composite
def queries_and_keys(draw: Draw) -> tuple[TensorType, ...]:
    """Features, heads if there are any, and two lengths."""
    features, heads = draw(channels), draw(st.just(()) | st.tuples(st.integers(1, 3)))
    return tuple(TensorType.of(features, (*heads, draw(st.integers(1, 6)))) for _ in range(2))


@st.composite
def weights_and_values(draw: Draw) -> tuple[TensorType, ...]:
    heads, steps, sources = draw(st.just(()) | st.tuples(st.integers(1, 3))), draw(channels), draw(channels)
    return TensorType.of(sources, (*heads, steps)), TensorType.of(draw(channels), (*heads, sources))


@st.composite
def square_scores(draw: Draw) -> tuple[TensorType, ...]:
    length = draw(st.integers(1, 6))
    return (TensorType.of(length, (*draw(st.just(()) | st.tuples(st.integers(1, 3))), length)),)


truth = st.booleans()
ids = st.builds(TensorType.ids, st.integers(1, 9), st.integers(0, 2).flatmap(positions))
pairs = anything.map(lambda t: (t, t, TensorType.ids(2)))
probabilities = {"domain": PROBABILITY}

SIMPLE = (
    "abs", "argmax", "cos", "erf", "exp", "flatten", "hard_sigmoid", "hard_swish", "identity", "log_softmax", "mish",
    "prelu", "relu", "selu", "sigmoid", "sign", "silu", "sin", "softmax", "softplus", "softsign", "stop_gradient",
    "tanh",
)  # fmt: skip
STRATEGIES: dict[str, Form] = {
    **dict.fromkeys(SIMPLE, taking(anything)),
    "gelu": taking(anything, tanh=truth),
    "leaky_relu": taking(anything, slope=between(0, 2)),
    "elu": taking(anything, alpha=between(0, 3)),
    "clip": taking(anything, low=between(-2, -0.25), high=between(0, 2)),
    "scale": taking(anything, factor=between(-3, 3)),
    "shift": taking(anything, amount=between(-3, 3)),
    "filled": taking(anything, value=between(-3, 3)),
    "dropout": taking(anything, rate=between(0, 0.875), channels=truth),
    "reverse_gradient": taking(anything, weight=between(0, 3)),
    "layer_scale": taking(anything, initial=between(0.125, 1)),
    "normalize": taking(anything, epsilon=between(2**-10, 3)),
    "rmsnorm": taking(anything, epsilon=between(2**-10, 1)),
    "layernorm": taking(anything, epsilon=between(2**-10, 1)),
    "groupnorm": divided("groups", epsilon=between(2**-10, 1)),
    "lrn": taking(
        grids(),  # PyTorch has none for vectors
        size=st.sampled_from([1, 3, 5, 7]), alpha=between(0, 2), beta=between(0.25, 1.5), bias=between(0.5, 2),
    ),
    "batchnorm": batchnorm,
    "shuffle": divided("groups"),
    "split_heads": divided("heads", sequences),
    "join_heads": taking(grids(st.just(2))),
    "globalavgpool": taking(grids()),
    "globalmaxpool": taking(grids()),
    "conv": convolution,
    "upconv": convolution,
    "maxpool": pool,
    "avgpool": lambda name: pool(name, count_padding=truth),
    **dict.fromkeys(("minpool", "sumpool", "l2pool", "medianpool", "gaussianpool"), pool),
    **dict.fromkeys(("adaptive_avgpool", "adaptive_maxpool"), by_rank(positions=lambda r: axes(r, 1, 5))),
    "dense": taking(vectors, features=channels, bias=truth),
    "linear": taking(grids(), features=channels, bias=truth),
    "add": joined(merged(True)),
    "mul": joined(merged(True)),
    "max": joined(merged(False)),
    "min": joined(merged(False)),
    "log": taking(anything, domain=(0.25, 4)),
    "power": taking(anything, exponent=between(-2, 3), domain=(0.25, 4)),
    "concat": joined(side_by_side()),
    "reshape": reshape,
    "part": part,
    "crop": crop,
    "upsample": by_rank(factor=lambda r: axes(r, 1, 3), mode=lambda r: st.sampled_from(["nearest", "linear"])),
    "resize": by_rank(
        positions=lambda r: axes(r, 1, 7), mode=lambda r: st.sampled_from(["linear", "cubic"][: 1 + (r < 3)]),
        corners=lambda r: truth,
    ),
    "slice": by_rank(
        start=lambda r: axes(r, -3, 3), stop=lambda r: axes(r, -2, 4), step=lambda r: axes(r, 1, 3)
    ),
    "transpose": by_rank(order=lambda r: st.permutations(range(r)).map(tuple)),
    "padding": by_rank(margin=margins, mode=lambda r: st.sampled_from(["zeros", "edge", "reflect", "wrap"])),
    "reduce": taking(
        anything,
        by=st.sampled_from(["mean", "sum", "max", "min"]), over=st.sampled_from(["features", "positions"]),
    ),
    "position": position,
    "embed": taking(ids, features=channels),
    "add_positions": taking(sequences, learned=truth),
    "prepend_token": taking(sequences),
    "dot": joined(queries_and_keys()),
    "mix": joined(weights_and_values()),
    "causal": joined(square_scores()),
    "mse": alike(2),
    "l1": alike(2),
    "smooth_l1": alike(2, beta=between(0.125, 3)),
    "bce": alike(2, **probabilities),
    "kl_divergence": alike(2, **probabilities),
    "sigmoid_bce": alike(2),
    "hinge": alike(2, margin=between(0, 2)),
    "multiclass_hinge": joined(with_labels(), margin=between(0, 2)),
    "triplet": alike(3, margin=between(0.125, 4)),
    "contrastive": joined(pairs, margin=between(0.125, 9)),
    "cross_entropy": entropy(PROBABILITY),
    "softmax_cross_entropy": entropy(None),
}  # fmt: skip
"""The operators that are drawn from more than their samples."""
