"""First values of the states of a graph.

Numbers are counter-based (Philox), keyed by the seed and the name of the state alone: another layer in the network,
another order or another device changes no state's numbers.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from math import prod, sqrt
from typing import ClassVar

import numpy as np

from cnngraph.diagnostics import error
from cnngraph.elaborate.calls import choose
from cnngraph.elaborate.training import Setting
from cnngraph.ir.graph import Graph
from cnngraph.ir.leaves import State
from cnngraph.ir.op import Array, Shape, rng
from cnngraph.runtime.threads import one_blas_thread


class Initialiser:
    """A rule for first values. All draw in float32, so that a float64 network begins with the same numbers."""

    random: ClassVar[bool] = True

    def draw(self, generator: np.random.Generator, shape: Shape) -> Array:
        """Values of a weight (window..., inputs, outputs)."""
        raise NotImplementedError


def initial_states(
    graph: Graph,
    seed: int,
    chosen: Initialiser | None = None,
    names: Container[str] | None = None,
    given: Mapping[str, Array] | None = None,
) -> dict[str, Array]:
    """The first value of every state of `graph`, by name, as its `initial` says; raises `CnnGraphError` (E0101).

    With `names`, of those alone; a state that begins as another does is not asked for without it. Values that are
    `given` stand for what `initial` says.

    Where the user has `chosen` an initialiser, it stands for that of each trainable state that would begin with random
    numbers; what begins with one number everywhere, such as a bias, stays.

    >>> from cnngraph.ir.builder import Builder
    >>> from cnngraph.ir.op import Weight
    >>> from cnngraph.ir.types import TensorType
    >>> builder = Builder()
    >>> node = builder.state("dense.bias", Weight(TensorType((3,)), "zeros"))
    >>> initial_states(builder.finish("net", {"bias": node.ref}), seed=0)
    {'dense.bias': array([0., 0., 0.], dtype=float32)}
    """
    values: dict[str, Array] = {}
    for node in graph.states:
        assert isinstance(node.op, State)
        if names is not None and node.name not in names:
            continue
        same = node.op.initial.removeprefix("as ")  # an average begins as its state does, which stands before it
        if given is not None and node.name in given:
            values[node.name] = given[node.name]
        else:
            values[node.name] = values[same] if same in values else _initial(node.name, node.op, seed, chosen)
    return values


def initialiser_of(setting: Setting | None) -> Initialiser | None:
    """The initialiser that a train section asks for; None where each operator has its own."""
    return None if setting is None else choose(setting, INITIALISERS, "initialiser")


def _initial(name: str, op: State, seed: int, chosen: Initialiser | None) -> Array:
    if op.initial == "key":
        return np.array([name_hash(f"{seed} {name}") - 2**63, 0], np.int64)
    own = _own(name, op)
    initialiser = chosen if chosen is not None and own.random and op.trainable else own
    values = initialiser.draw(rng(seed, name_hash(name)), op.type.concrete)
    return values.astype(op.type.dtype, copy=False)


def _own(name: str, op: State) -> Initialiser:
    """The initialiser that an operator gave its state: by name, or a number."""
    if (value := _as_number(op.initial)) is not None:
        return Constant(value)
    if op.initial not in INITIALISERS:
        known = ", ".join([*INITIALISERS, "key", "and any number"])
        raise error("E0101", f"{name}: no initialiser is named `{op.initial}`", f"known are {known}")
    return INITIALISERS[op.initial]()


def _as_number(text: str) -> float | None:
    """The number that an `initial` such as `0.25` or `1e-06` states, for a state that begins with it everywhere."""
    try:
        return float(text)
    except ValueError:
        return None


def name_hash(name: str) -> int:
    """64 bits of BLAKE2b: the same in every process, unlike `hash`."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "little")


def fan_in(shape: Shape) -> int:
    """How many inputs one output adds up, for a weight (window..., inputs, outputs)."""
    return prod(shape[:-1])


def fan_out(shape: Shape) -> int:
    """How many outputs one input feeds, for a weight (window..., inputs, outputs)."""
    return prod(shape[:-2]) * prod(shape[-1:])


@dataclass(frozen=True)
class Constant(Initialiser):
    """The same number everywhere."""

    value: float

    random: ClassVar[bool] = False

    def draw(self, generator: np.random.Generator, shape: Shape) -> Array:
        return np.full(shape, self.value, np.float32)


@dataclass(frozen=True)
class Zeros(Constant):
    """Zeros."""

    value: float = 0.0


@dataclass(frozen=True)
class Ones(Constant):
    """Ones."""

    value: float = 1.0


@dataclass(frozen=True)
class Normal(Initialiser):
    """Normal. The deviation 0.02 is that of Radford et al.: Improving language understanding, 2018, section 4.1."""

    deviation: float = 0.02

    def __post_init__(self) -> None:
        _require_positive("deviation", self.deviation)

    def draw(self, generator: np.random.Generator, shape: Shape) -> Array:
        return _normal(generator, shape, self.deviation)


@dataclass(frozen=True)
class TruncatedNormal(Normal):
    """Normal, but what lies beyond two deviations is drawn again: what is left has 0.88 of the given deviation."""

    def draw(self, generator: np.random.Generator, shape: Shape) -> Array:
        values = _normal(generator, shape, 1.0)
        while (beyond := np.abs(values) > 2).any():
            values[beyond] = generator.standard_normal(np.count_nonzero(beyond), np.float32)
        return np.asarray(values * np.float32(self.deviation))


@dataclass(frozen=True)
class Uniform(Initialiser):
    """Uniform between -limit and limit."""

    limit: float = 0.05

    def __post_init__(self) -> None:
        _require_positive("limit", self.limit)

    def draw(self, generator: np.random.Generator, shape: Shape) -> Array:
        return _uniform(generator, shape, self.limit)


@dataclass(frozen=True)
class He(Initialiser):
    """Normal, variance 2 / fan_in. He et al., ICCV 2015, equation 10."""

    def draw(self, generator: np.random.Generator, shape: Shape) -> Array:
        return _normal(generator, shape, sqrt(2 / fan_in(shape)))


@dataclass(frozen=True)
class HeUniform(Initialiser):
    """Uniform, variance 2 / fan_in."""

    def draw(self, generator: np.random.Generator, shape: Shape) -> Array:
        return _uniform(generator, shape, sqrt(6 / fan_in(shape)))


@dataclass(frozen=True)
class Lecun(Initialiser):
    """Normal, variance 1 / fan_in. LeCun et al., Efficient BackProp, 1998, section 4.6."""

    def draw(self, generator: np.random.Generator, shape: Shape) -> Array:
        return _normal(generator, shape, sqrt(1 / fan_in(shape)))


@dataclass(frozen=True)
class LecunUniform(Initialiser):
    """Uniform, variance 1 / fan_in."""

    def draw(self, generator: np.random.Generator, shape: Shape) -> Array:
        return _uniform(generator, shape, sqrt(3 / fan_in(shape)))


@dataclass(frozen=True)
class Glorot(Initialiser):
    """Uniform, variance 2 / (fan_in + fan_out). Glorot, Bengio, AISTATS 2010, equation 16."""

    def draw(self, generator: np.random.Generator, shape: Shape) -> Array:
        return _uniform(generator, shape, sqrt(6 / (fan_in(shape) + fan_out(shape))))


@dataclass(frozen=True)
class GlorotNormal(Initialiser):
    """Normal, variance 2 / (fan_in + fan_out)."""

    def draw(self, generator: np.random.Generator, shape: Shape) -> Array:
        return _normal(generator, shape, sqrt(2 / (fan_in(shape) + fan_out(shape))))


@dataclass(frozen=True)
class UnitRows(Initialiser):
    """Normal, variance 1 / columns: each row of a table, a vector of its own, has a length of about 1."""

    def draw(self, generator: np.random.Generator, shape: Shape) -> Array:
        return _normal(generator, shape, sqrt(1 / shape[-1]))


@dataclass(frozen=True)
class Orthogonal(Initialiser):
    """As a matrix (window * inputs, outputs): columns, or rows if these are fewer, of length `gain` at right angles.

    source: Saxe et al.: Exact solutions to the nonlinear dynamics of learning, ICLR 2014, section 3; uniform among all
            such matrices by the signs of Mezzadri: How to generate random matrices, 2007, section 5.
    """

    gain: float = 1.0

    def __post_init__(self) -> None:
        _require_positive("gain", self.gain)

    def draw(self, generator: np.random.Generator, shape: Shape) -> Array:
        drawn = generator.standard_normal((fan_in(shape), prod(shape[-1:])), np.float32).astype(np.float64)
        tall = drawn if drawn.shape[0] >= drawn.shape[1] else drawn.T
        with one_blas_thread:  # the same bits for any number of threads
            q, r = np.linalg.qr(tall)
        q *= self.gain * np.where(np.diagonal(r) < 0, -1, 1)
        return (q if tall is drawn else q.T).reshape(shape).astype(np.float32)


@dataclass(frozen=True)
class Identity(Initialiser):
    """Output o copies input o mod inputs, in the middle of the window: at first such a layer changes nothing.

    source: Le et al.: A simple way to initialize recurrent networks of rectified linear units, 2015, section 3.
    """

    random: ClassVar[bool] = False

    def draw(self, generator: np.random.Generator, shape: Shape) -> Array:
        values = np.zeros(shape, np.float32)
        *window, inputs, outputs = (1, *shape) if len(shape) < 2 else shape
        copied = np.arange(outputs) % inputs == np.arange(inputs)[:, None]
        values.reshape(*window, inputs, outputs)[tuple((size - 1) // 2 for size in window)] = copied
        return values


INITIALISERS: Mapping[str, type[Initialiser]] = {
    "zeros": Zeros,
    "ones": Ones,
    "constant": Constant,
    "normal": Normal,
    "truncated_normal": TruncatedNormal,
    "uniform": Uniform,
    "he": He,
    "he_uniform": HeUniform,
    "lecun": Lecun,
    "lecun_uniform": LecunUniform,
    "glorot": Glorot,
    "glorot_normal": GlorotNormal,
    "orthogonal": Orthogonal,
    "identity": Identity,
    "unit_rows": UnitRows,
}


def _normal(generator: np.random.Generator, shape: Shape, deviation: float) -> Array:
    values = generator.standard_normal(shape, np.float32)
    values *= deviation
    return values


def _uniform(generator: np.random.Generator, shape: Shape, limit: float) -> Array:
    return generator.random(shape, np.float32) * (2 * limit) - limit


def _require_positive(what: str, value: float) -> None:
    if not value > 0:
        raise ValueError(f"{what} is above 0, not {value}")
