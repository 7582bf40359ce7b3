"""What a train section says about a step, beside its loss and optimizer: limits of gradients, averages, decay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from cnngraph.autodiff.averaging import Ema
from cnngraph.autodiff.clipping import ByNorm, ByValue, Clipping
from cnngraph.autodiff.microbatches import GRADIENT
from cnngraph.autodiff.step import training_step
from cnngraph.elaborate.calls import choose
from cnngraph.elaborate.training import Setting, TrainingSpec
from cnngraph.ir.graph import Graph
from cnngraph.passes.prune import prune


@dataclass(frozen=True)
class DecayAll:
    """Weight decay acts on every trainable state."""

    axes: ClassVar[int] = 0


@dataclass(frozen=True)
class DecayMatrices:
    """Weight decay acts on matrices and windows; biases and scales, which have one axis, have none."""

    axes: ClassVar[int] = 2


CLIPS: Mapping[str, type[ByNorm | ByValue]] = {"norm": ByNorm, "value": ByValue}
AVERAGES: Mapping[str, type[Ema]] = {"ema": Ema}
DECAYS: Mapping[str, type[DecayAll | DecayMatrices]] = {"all": DecayAll, "matrices": DecayMatrices}


def step_of(spec: TrainingSpec, form: Graph) -> Graph:
    """One training step of `form`, the graph of `spec` in its form for training. Raises where a setting is wrong."""
    return training_step(
        form,
        form.outputs["loss"],
        spec.optimizer,
        clip=clip_of(spec.clip),
        average=average_of(spec.average),
        decay_axes=decay_axes_of(spec.decay),
    )


def figures_only(graph: Graph, prediction: str, *more: str) -> Graph:
    """The graph without the outputs that nobody reads: only `loss`, `prediction` if there is one, and `more`."""
    names = dict.fromkeys(("loss", prediction, *more) if prediction else ("loss", *more))
    return prune(replace(graph, outputs={name: graph.outputs[name] for name in names}))


def with_gradients(step: Graph, prediction: str) -> Graph:
    """The step with the outputs that a pipeline needs: `loss`, `prediction` if there is one, and the gradients, where
    it is cut in two (`autodiff.microbatches`).
    """
    names = ("loss", prediction) if prediction else ("loss",)
    shown = {name: ref for name, ref in step.outputs.items() if name in names or name.startswith(GRADIENT)}
    return prune(replace(step, outputs=shown))


def clip_of(setting: Setting | None) -> Clipping | None:
    """The limit for gradients that a train section asks for; without one there is none."""
    return None if setting is None else choose(setting, CLIPS, "clipping")


def average_of(setting: Setting | None) -> Ema | None:
    """The average that a train section asks for; without one there is none."""
    return None if setting is None else choose(setting, AVERAGES, "average")


def decay_axes_of(setting: Setting | None) -> int:
    """How many axes a state has at least that the optimizer's weight decay acts on."""
    return DecayAll.axes if setting is None else choose(setting, DECAYS, "decay").axes
