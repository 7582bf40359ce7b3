"""Inputs that no data holds: they are drawn anew for each step.

The numbers depend on (seed, epoch, step, place of the draw in the section) alone, so a run that goes on meets those
that it would have met. Tests draw from a key of their own, the same each time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from cnngraph.diagnostics import CnnGraphError, Diagnostic, Label
from cnngraph.elaborate.calls import choose
from cnngraph.elaborate.training import TrainingSpec
from cnngraph.ir.graph import Graph
from cnngraph.ir.op import Array, rng
from cnngraph.ir.types import TensorType
from cnngraph.runtime.feeds import sizes_of

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
    """The draws of a section. `graph` is that of its losses."""

    draws: tuple[Draw, ...]
    graph: Graph
    seed: int

    @property
    def inputs(self) -> tuple[str, ...]:
        """The inputs that no data is fed to."""
        return tuple(draw.input for draw in self.draws)

    def values(self, feeds: Mapping[str, Array], epoch: int, step: int) -> dict[str, Array]:
        """What the inputs without data are fed in a step whose data is `feeds`."""
        if not self.draws:
            return {}
        data = tuple(node for node in self.graph.inputs if node.name in feeds)
        sizes = sizes_of(replace(self.graph, nodes=data), feeds)
        return {draw.input: self._drawn(place, draw, sizes, epoch, step) for place, draw in enumerate(self.draws)}

    def _drawn(self, place: int, draw: Draw, sizes: Mapping[str, int], epoch: int, step: int) -> Array:
        type_ = self.graph[draw.input].type
        generator = rng(self.seed, epoch, NOISE + (place << 8), step)
        return draw.drawn(generator, type_.bind(**sizes).concrete, type_).astype(type_.dtype, copy=False)


def noise_of(spec: TrainingSpec) -> Noise:
    """The noise that a train section asks for. Raises CnnGraphError with all that is wrong, E0112 where a draw is
    not for its input.
    """
    draws, found = [], list[Diagnostic]()
    for setting in spec.noise:
        try:
            draws.append(choose(setting, NOISES, "noise"))
            draws[-1].check(spec.graph[draws[-1].input].type)
        except ValueError as problem:
            found.append(Diagnostic("E0112", str(problem), Label(setting.span, "drawn here")))
        except CnnGraphError as problem:
            found += problem.diagnostics
    if found:
        raise CnnGraphError(found)
    return Noise(tuple(draws), spec.graph, spec.seed)
