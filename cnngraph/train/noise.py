"""Inputs that no data holds: they are drawn anew for each step.

The numbers depend on (seed, epoch, step, place of the draw in the section) alone, so a run that goes on meets those that
it would have met. Tests draw from a key of their own, the same each time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cnngraph.elaborate.calls import choose
from cnngraph.elaborate.training import Setting, TrainingSpec
from cnngraph.ir.op import Array, rng
from cnngraph.ir.types import TensorType

NOISE = 5  # the third part of the key, beside the place: no other use of the seed has the same
TESTS = 2**32  # the epoch of all tests


@dataclass(frozen=True)
class Draw:
    """Numbers for the input of this name."""

    input: str

    def drawn(self, generator: np.random.Generator, shape: tuple[int, ...], type_: TensorType) -> Array:
        """An array of this shape for an input of this type."""
        raise NotImplementedError

    def check(self, type_: TensorType) -> None:
        """Raises ValueError where the input is of another kind."""
        if type_.vocabulary is not None:
            raise ValueError(f"{self.input} takes {type_}: integers({self.input}) draws ids")


@dataclass(frozen=True)
class Normal(Draw):
    """Normal with mean 0."""

    deviation: float = 1.0

    def __post_init__(self) -> None:
        if not self.deviation > 0:
            raise ValueError(f"deviation is above 0, not {self.deviation}")

    def drawn(self, generator: np.random.Generator, shape: tuple[int, ...], type_: TensorType) -> Array:
        return generator.standard_normal(shape, np.float32) * np.float32(self.deviation)


@dataclass(frozen=True)
class Uniform(Draw):
    """Uniform from `low` to below `high`."""

    low: float = 0.0
    high: float = 1.0

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(f"low is below high, not {self.low} and {self.high}")

    def drawn(self, generator: np.random.Generator, shape: tuple[int, ...], type_: TensorType) -> Array:
        return generator.random(shape, np.float32) * np.float32(self.high - self.low) + np.float32(self.low)


@dataclass(frozen=True)
class Integers(Draw):
    """Ids below the vocabulary of the input, each as likely as the others."""

    def drawn(self, generator: np.random.Generator, shape: tuple[int, ...], type_: TensorType) -> Array:
        assert type_.vocabulary is not None
        return generator.integers(0, type_.vocabulary, shape)

    def check(self, type_: TensorType) -> None:
        if type_.vocabulary is None:
            raise ValueError(f"{self.input} takes {type_}, and no ids: normal({self.input}) draws numbers")


NOISES: Mapping[str, type[Draw]] = {"integers": Integers, "normal": Normal, "uniform": Uniform}


@dataclass(frozen=True)
class Noise:
    """The draws of a section, with the types of their inputs."""

    draws: tuple[Draw, ...]
    types: Mapping[str, TensorType]
    seed: int

    @property
    def inputs(self) -> tuple[str, ...]:
        return tuple(draw.input for draw in self.draws)

    def values(self, sizes: Mapping[str, int], epoch: int, step: int) -> dict[str, Array]:
        """What these inputs are fed in a step; `sizes` has numbers for all that their types leave open."""
        found = {}
        for place, draw in enumerate(self.draws):
            type_ = self.types[draw.input]
            generator = rng(self.seed, epoch, NOISE + (place << 8), step)
            shape = type_.bind(**sizes).concrete
            found[draw.input] = draw.drawn(generator, shape, type_).astype(type_.dtype, copy=False)
        return found


def noise_of(spec: TrainingSpec, settings: Sequence[Setting] | None = None) -> Noise:
    """The noise that a train section asks for. Raises CnnGraphError, E0108 where a draw does not fit its input."""
    draws = []
    for setting in spec.noise if settings is None else settings:
        draw = choose(setting, NOISES, "noise")
        draws.append(draw)
    return Noise(tuple(draws), {node.name: node.type for node in spec.graph.inputs}, spec.seed)
