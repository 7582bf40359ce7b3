"""What a train section says about a step, beside its loss and optimizer: limits of gradients, averages, decay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from cnngraph.autodiff.averaging import Ema
from cnngraph.autodiff.clipping import ByNorm, ByValue, Clipping
from cnngraph.autodiff.microbatches import GRADIENT
from cnngraph.autodiff.step import trainable_states, training_step
from cnngraph.diagnostics import error
from cnngraph.elaborate.calls import choose
from cnngraph.elaborate.training import Setting, StepSpec, TrainingSpec
from cnngraph.ir.graph import Graph, Ref
from cnngraph.passes.pipeline import TRAINING, run
from cnngraph.passes.prune import prune
from cnngraph.spelling import did_you_mean


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


def steps_of(spec: TrainingSpec) -> tuple[StepSpec, ...]:
    """The steps that each batch takes in turn: one, unless the section says several."""
    return spec.steps or (StepSpec("", "loss"),)


def form_of(spec: TrainingSpec, step: StepSpec, *outputs: str) -> Graph:
    """What leads to the loss of a step, in its form for training, with those `outputs` of the net that it needs."""
    whole = prune(replace(spec.graph, outputs={"loss": spec.graph.outputs[step.loss]}))
    near = {name: spec.graph.outputs[name] for name in outputs if spec.graph.outputs[name].node in whole}
    return run(prune(replace(spec.graph, outputs={**near, "loss": whole.outputs["loss"]})), TRAINING)


def step_of(spec: TrainingSpec, form: Graph, step: StepSpec | None = None) -> Graph:
    """One training step of `form`, the graph of `spec` in its form for training; of several steps the one that is
    meant. Raises where a setting is wrong, E0112 where no state is left to change.
    """
    step = step or the_step(spec)
    loss, optimizer = form.outputs["loss"], step.optimizer or spec.optimizer
    names = _changed(spec, step, form, loss)
    return training_step(
        form, loss, optimizer, names, clip=clip_of(spec.clip), average=average_of(spec.average),
        decay_axes=decay_axes_of(spec.decay), rates=spec.rates, called=step.name,
    )  # fmt: skip


def check_steps(spec: TrainingSpec) -> None:
    """Raises E0112 where a step changes nothing, or its optimizer has no learning rate that `slow` could lower."""
    for step in steps_of(spec):
        _changed(spec, step, spec.graph, spec.graph.outputs[step.loss])


def _changed(spec: TrainingSpec, step: StepSpec, graph: Graph, loss: Ref) -> list[str]:
    """The states that a step changes by their slopes."""
    names = [n for n in trainable_states(graph, loss) if step.updates is None or n in step.updates]
    optimizer = step.optimizer or spec.optimizer
    if not names:
        raise error("E0112", f"{_called(spec, step)} changes nothing: no weight that may change leads to its loss")
    if spec.rates and not hasattr(optimizer, "lr"):
        raise error("E0112", f"{optimizer.name} has no learning rate that `slow` could lower")
    return names


def whole_step(spec: TrainingSpec, name: str | None = None) -> Graph:
    """A training step with all outputs of the net that its loss needs: to be looked at, divided or measured."""
    step = the_step(spec, name)
    losses = {"loss", *(one.loss for one in steps_of(spec))}
    shown = [output for output in spec.graph.outputs if output not in losses]
    form = form_of(spec, step, *shown) if spec.steps else run(spec.graph, TRAINING)
    whole = step_of(spec, form, step)
    return replace(whole, outputs=form.outputs)  # a gradient is needed until its update, not at the end


def cut_step(spec: TrainingSpec, name: str | None = None) -> Graph:
    """A training step for a pipeline, with the prediction where its loss needs it."""
    step = the_step(spec, name)
    form = form_of(spec, step, *filter(None, (spec.prediction,)))
    return with_gradients(step_of(spec, form, step), *(output for output in form.outputs if output != "loss"))


def the_step(spec: TrainingSpec, name: str | None = None) -> StepSpec:
    """The step of this name, or the only one. Raises E0112 where it is another."""
    steps = {step.name: step for step in steps_of(spec)}
    if name is None and len(steps) == 1:
        return next(iter(steps.values()))
    if name in steps:
        return steps[name]
    known = ", ".join(steps)
    what = f"{spec.name} has no step `{name}`" if name else f"{spec.name} is trained by several steps in turn"
    raise error("E0112", what, did_you_mean(name or "", steps, f"its steps are {known}"))


def _called(spec: TrainingSpec, step: StepSpec) -> str:
    return f"the step {step.name} of {spec.name}" if step.name else f"the training of {spec.name}"


def figures_only(graph: Graph, *more: str) -> Graph:
    """The graph without the outputs that nobody reads: only `loss`, and those of `more` that have a name."""
    names = dict.fromkeys(("loss", *filter(None, more)))
    return prune(replace(graph, outputs={name: graph.outputs[name] for name in names}))


def with_gradients(step: Graph, *more: str) -> Graph:
    """The step with the outputs that a pipeline needs: `loss`, `more`, and the gradients, where it is cut in two
    (`autodiff.microbatches`).
    """
    names = ("loss", *more)
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
