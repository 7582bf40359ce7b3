"""The `train` section: the net with its losses as one graph, and the settings of a run, checked against a schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

from cnngraph.diagnostics import CnnGraphError, Diagnostic, Label
from cnngraph.elaborate.elaborate import Elaborated, Settings, graph_of, named_results, read_whole
from cnngraph.elaborate.frame import TooLarge
from cnngraph.elaborate.modules import Program
from cnngraph.elaborate.nodes import named_op, op_node
from cnngraph.elaborate.training_entries import Entries
from cnngraph.elaborate.training_parts import Parts
from cnngraph.elaborate.training_spec import Setting, StepSpec, TrainingSpec
from cnngraph.elaborate.values import Tensor, problem
from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ir.leaves import State
from cnngraph.ir.op import Op
from cnngraph.ir.registry import registry
from cnngraph.ir.verify import verify
from cnngraph.spelling import did_you_mean
from cnngraph.syntax import ast

__all__ = ["KEYS", "STEP_KEYS", "Setting", "StepSpec", "TrainingSpec", "training"]

CALLS = ("schedule", "data", "init", "decay", "clip", "average", "stop")
KEYS: Mapping[str, str] = {
    "data": "what is learned from",
    "augment": "changes of the pictures, drawn anew in each epoch, one after the other",
    "noise": "inputs that are drawn anew for each step, and not read from the data",
    "weights": "files of weights that parts of the net begin with",
    "freeze": "parts that do not change, and whose batch norms use what they have stored",
    "slow": "parts whose learning rate is multiplied",
    "loss": "the number that is made small",
    "optimizer": "how weights follow their gradients",
    "step": "one of several steps that each batch takes in turn: the parts that it changes, its loss, its optimizer",
    "schedule": "how the learning rate changes during a run",
    "init": "how weights begin",
    "decay": "which states the optimizer's weight decay acts on",
    "clip": "limits for gradients",
    "average": "averages of the weights over the steps, which tests see and files hold",
    "accumulate": "so many batches make one step together",
    "class_weights": "how much each class counts in the loss",
    "metrics": "figures beside the loss",
    "stop": "when a run ends before its last epoch",
    "epochs": "how often all of the data is learned from",
    "batch": "samples in a step",
    "seed": "what all random numbers begin with",
}
"""The keys of a train section, each with what it says."""

STEP_KEYS: Mapping[str, str] = {
    "update": "the parts of the net that this step changes; without it all that its loss depends on",
    **{key: KEYS[key] for key in ("loss", "optimizer")},
}
"""The keys of a step in it."""


def training(program: Program, net: str | None = None, settings: Settings | None = None) -> TrainingSpec:
    """The train section of a net; without one, cross-entropy of the first output and plain gradient descent.

    Raises CnnGraphError with all errors of the file and of the section.
    """
    read = read_whole(program, net, settings or {})
    section = next(iter(program.training_of(read.definition.name.text)), None)
    try:
        spec = _Reading(read, section).spec()
    except TooLarge as found:
        raise CnnGraphError([*read.frame.session.found, found.diagnostic]) from found
    if read.frame.session.found or spec is None:
        raise CnnGraphError(read.frame.session.found)
    return spec


@dataclass(frozen=True)
class _Step:
    """One step while the section is read."""

    name: ast.Name
    entries: Entries
    loss: Tensor
    optimizer: Op | None


class _Reading:
    """One train section while it is read: first its losses, then the graph with them, then what names parts of it."""

    def __init__(self, read: Elaborated, section: ast.Section | None) -> None:
        self.read = read
        self.session = read.frame.session
        self.section = Entries(read, section, KEYS, "loss")

    def spec(self) -> TrainingSpec | None:
        """The whole section; None where something was reported."""
        section = self.section
        attempt = section.attempt
        calls = {key: attempt(partial(section.setting, key)) for key in CALLS}
        calls |= {"class_weights": attempt(lambda: section.numbers_or_setting("class_weights"))}  # type: ignore[dict-item]
        augment = attempt(lambda: section.settings("augment"))
        metrics, noise = (attempt(partial(section.settings, key, names=True)) for key in ("metrics", "noise"))
        whole = {key: attempt(partial(section.whole, key, default)) for key, default in WHOLE.items()}
        batch, accumulate = (attempt(partial(section.whole, key, 1, least=1)) for key in ("batch", "accumulate"))
        optimizer = attempt(section.optimizer)
        steps = self._steps()
        loss = attempt(lambda: self._loss(steps))
        if self.session.found or loss is None:
            return None
        graph, final = self._graph(loss, steps)
        parts = Parts(graph, self.read.frame.scope, final)
        frozen = attempt(lambda: self._states(parts, section, "freeze")) or ()
        rates = attempt(lambda: self._rates(parts)) or {}
        weights = attempt(lambda: tuple(map(parts.loading, section.units("weights")))) or ()
        known = [attempt(partial(self._step, parts, step)) for step in steps]
        attempt(lambda: self._check_noise(graph, noise or ()))
        if self.session.found:
            return None
        return TrainingSpec(
            self.read.definition.name.text, _without_slopes(graph, frozen), *self._compared(),
            optimizer or registry()["sgd"](), augment=augment or (), epochs=whole["epochs"] or 0,
            seed=whole["seed"] or 0, batch=batch if "batch" in section.entries else None,
            metrics=metrics or (), noise=noise or (), accumulate=accumulate or 1, frozen=frozen,
            rates=rates, weights=weights, steps=tuple(step for step in known if step is not None), **calls,  # type: ignore[arg-type]
        )  # fmt: skip

    def _steps(self) -> list[_Step]:
        """The steps with their losses; what is wrong in one is reported."""
        found: list[_Step] = []
        names: dict[str, ast.Name] = {}
        for section in self.section.sections:
            name = section.name
            if name is None or name.text in names:
                self.session.report(_wrong_name(section, names))
                continue
            names[name.text] = name
            entries = Entries(self.read, section, STEP_KEYS, f"loss.{name.text}")
            entries.entries = {**self._common_loss(), **entries.entries}
            loss, optimizer = entries.attempt(entries.loss), entries.attempt(entries.optimizer)
            if loss is not None:
                found.append(_Step(name, entries, loss, optimizer))
        return found

    def _common_loss(self) -> dict[str, ast.Entry]:
        """The loss of the section: that of all steps which have none."""
        return {"loss": self.section.entries["loss"]} if "loss" in self.section.entries else {}

    def _loss(self, steps: list[_Step]) -> Tensor | None:
        """The loss that is watched: that of the section, or the sum of those of its steps."""
        if "loss" in self.section.entries or not self.section.sections:
            return self.section.loss()
        if len(steps) < 2:
            return steps[0].loss if steps else None
        return op_node(self.section.frame, named_op("add"), [step.loss for step in steps], self.section.span)

    def _graph(self, loss: Tensor, steps: list[_Step]) -> tuple[Graph, dict[str, str]]:
        results = [*named_results(self.read.results), ("loss", loss)]
        graph, final = graph_of(self.read, [*results, *((_output(step.name.text), step.loss) for step in steps)])
        return verify(graph), final

    def _step(self, parts: Parts, step: _Step) -> StepSpec:
        updates = self._states(parts, step.entries, "update") if step.entries.units("update") else None
        return StepSpec(step.name.text, _output(step.name.text), updates, step.optimizer)

    def _states(self, parts: Parts, entries: Entries, key: str) -> tuple[str, ...]:
        """The states of all parts of an entry."""
        found = [state for unit in entries.units(key) for state in parts.of(unit, key).states]
        return tuple(dict.fromkeys(found))

    def _rates(self, parts: Parts) -> dict[str, float]:
        found: dict[str, float] = {}
        for unit in self.section.units("slow"):
            found |= parts.slow(unit, self.section.frame)
        return found

    def _check_noise(self, graph: Graph, noise: tuple[Setting, ...]) -> None:
        """Each draws one input."""
        inputs = [node.name for node in graph.inputs]
        for setting in noise:
            name = next(iter(setting.positional), setting.named.get("input"))
            if name not in inputs:
                message = f"noise is drawn for an input of the net, not for {name or 'nothing'}"
                raise problem("E0112", message, setting.span, "here",
                              did_you_mean(str(name), inputs, f"it has {', '.join(inputs)}"))  # fmt: skip

    def _compared(self) -> tuple[str, str]:
        """(prediction, label): the first loss that compares an output of the net with classes."""
        outputs = {tensor.ref: name for name, tensor in named_results(self.read.results)}
        nodes = self.session.builder.nodes
        for node in nodes.values():
            if node.op.loss and len(node.inputs) == 2 and node.inputs[0] in outputs:
                label: Ref = node.inputs[1]
                if nodes[label.node].type.vocabulary is not None:
                    return outputs[node.inputs[0]], label.node
        return "", ""


WHOLE = {"epochs": 10, "seed": 0}


def _output(step: str) -> str:
    return f"loss.{step}"


def _wrong_name(section: ast.Section, names: dict[str, ast.Name]) -> Diagnostic:
    if section.name is None:
        help_ = "write `step discriminate { loss: ... }`"
        return Diagnostic("E0112", "a step has a name", Label(section.kind.span, "here"), helps=(help_,))
    first = Label(names[section.name.text].span, "given here")
    return Diagnostic("E0112", f"two steps `{section.name.text}`", Label(section.name.span, "again"), (first,))


def _without_slopes(graph: Graph, frozen: tuple[str, ...]) -> Graph:
    """The graph in which these states are not trainable."""
    if not frozen:
        return graph

    def still(node: Node) -> Node:
        fixed = isinstance(node.op, State) and node.name in frozen
        return replace(node, op=replace(node.op, trainable=False)) if fixed else node  # type: ignore[call-arg]

    return replace(graph, nodes=tuple(map(still, graph)))
