"""First values of the states of a graph.

Numbers are counter-based (Philox), keyed by the seed and the name of the state alone: another layer in the network,
another order or another device changes no state's numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import blake2b
from math import prod, sqrt

import numpy as np

from cnngraph.diagnostics import error
from cnngraph.ir.graph import Graph
from cnngraph.ir.leaves import State
from cnngraph.ir.op import Array, Shape, rng


def initial_states(graph: Graph, seed: int) -> dict[str, Array]:
    """The first value of every state of `graph`, by name, as its `initial` says; raises `CnnGraphError` (E0101).

    >>> from cnngraph.ir.builder import Builder
    >>> from cnngraph.ir.op import Weight
    >>> from cnngraph.ir.types import TensorType
    >>> builder = Builder()
    >>> node = builder.state("dense.bias", Weight(TensorType((3,)), "zeros"))
    >>> initial_states(builder.finish("net", {"bias": node.ref}), seed=0)
    {'dense.bias': array([0., 0., 0.], dtype=float32)}
    """
    values = {}
    for node in graph.states:
        assert isinstance(node.op, State)
        values[node.name] = _initial(node.name, node.op, seed)
    return values


def _initial(name: str, op: State, seed: int) -> Array:
    if op.initial == "key":
        return np.array([name_hash(f"{seed} {name}") - 2**63, 0], np.int64)
    if (value := _as_number(op.initial)) is not None:
        return np.full(op.type.concrete, value, op.type.dtype)
    if op.initial not in INITIALISERS:
        known = ", ".join([*INITIALISERS, "key", "and any number"])
        raise error("E0101", f"{name}: no initialiser is named `{op.initial}`", f"known are {known}")
    values = INITIALISERS[op.initial](rng(seed, name_hash(name)), op.type.concrete)
    return values.astype(op.type.dtype, copy=False)


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


def _zeros(generator: np.random.Generator, shape: Shape) -> Array:
    return np.zeros(shape, np.float32)


def _ones(generator: np.random.Generator, shape: Shape) -> Array:
    return np.ones(shape, np.float32)


def _he(generator: np.random.Generator, shape: Shape) -> Array:
    """Normal, variance 2 / fan_in. He et al., ICCV 2015, equation 10."""
    return _normal(generator, shape, sqrt(2 / fan_in(shape)))


def _lecun(generator: np.random.Generator, shape: Shape) -> Array:
    """Normal, variance 1 / fan_in. LeCun et al., Efficient BackProp, 1998, section 4.6."""
    return _normal(generator, shape, sqrt(1 / fan_in(shape)))


def _glorot(generator: np.random.Generator, shape: Shape) -> Array:
    """Uniform, variance 2 / (fan_in + fan_out). Glorot, Bengio, AISTATS 2010, equation 16."""
    limit = sqrt(6 / (fan_in(shape) + fan_out(shape)))
    return generator.random(shape, np.float32) * (2 * limit) - limit


def _unit_rows(generator: np.random.Generator, shape: Shape) -> Array:
    """Normal, variance 1 / columns: each row of a table, a vector of its own, has a length of about 1."""
    return _normal(generator, shape, sqrt(1 / shape[-1]))


def _small(generator: np.random.Generator, shape: Shape) -> Array:
    """Normal, deviation 0.02. Radford et al.: Improving language understanding, 2018, section 4.1."""
    return _normal(generator, shape, 0.02)


def _normal(generator: np.random.Generator, shape: Shape, deviation: float) -> Array:
    values = generator.standard_normal(shape, np.float32)
    values *= deviation
    return values


# All draw in float32, so that a float64 network begins with the same numbers.
INITIALISERS: Mapping[str, Callable[[np.random.Generator, Shape], Array]] = {
    "zeros": _zeros,
    "ones": _ones,
    "he": _he,
    "glorot": _glorot,
    "lecun": _lecun,
    "unit_rows": _unit_rows,
    "small": _small,
}
