"""The `train` section: the net with its loss as one graph, and the settings of a run, checked against a schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from cnngraph.diagnostics import CnnGraphError, Diagnostic, Label, Span
from cnngraph.elaborate.arguments import configure, match, signature_of
from cnngraph.elaborate.elaborate import Elaborated, Settings, finish, named_results, read_whole
from cnngraph.elaborate.expressions import value_of
from cnngraph.elaborate.frame import TooLarge
from cnngraph.elaborate.modules import Program
from cnngraph.elaborate.scope import Scope
from cnngraph.elaborate.values import OpLayer, Problem, Tensor, Unknown, Value, kind_of, problem, show
from cnngraph.ir.graph import Graph, Ref
from cnngraph.ir.op import Op, OpError
from cnngraph.ir.registry import registry
from cnngraph.ir.types import TensorType
from cnngraph.spelling import misspelled
from cnngraph.syntax import ast

T = TypeVar("T")
RULES = ("init", "decay", "clip", "average")
KEYS = ("data", "augment", "loss", "optimizer", "schedule", *RULES, "epochs", "batch", "seed")


@dataclass(frozen=True)
class Setting:
    """A call in the train section, e.g. `mnist(pad = 2, batch = 64)`: a name that the trainer gives its meaning."""

    name: str
    positional: tuple[object, ...]
    named: Mapping[str, object]
    span: Span


@dataclass(frozen=True)
class TrainingSpec:
    """How a net is trained. `graph` has the outputs of the net, and `loss`.

    `prediction` is the output whose largest feature is the predicted class, and `label` the input it is compared with;
    both are empty where no loss compares classes.
    """

    name: str
    graph: Graph
    prediction: str
    label: str
    optimizer: Op
    schedule: Setting | None
    data: Setting | None
    augment: tuple[Setting, ...]
    epochs: int
    seed: int
    batch: int | None
    init: Setting | None = None
    decay: Setting | None = None
    clip: Setting | None = None
    average: Setting | None = None
    metrics: tuple[Setting, ...] = ()


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


class _Reading:
    """One train section while it is read."""

    def __init__(self, read: Elaborated, section: ast.Section | None) -> None:
        self.read = read
        self.frame = replace(read.frame, missing_ok=False, it=None, path="loss.")
        self.span = section.span if section else read.definition.name.span
        self.entries = self._entries(section)

    def spec(self) -> TrainingSpec | None:
        """The whole section; None where something was reported."""
        loss = self._attempt(self._loss)
        optimizer = self._attempt(self._optimizer)
        schedule = self._attempt(lambda: self._setting("schedule"))
        data = self._attempt(lambda: self._setting("data"))
        augment = self._attempt(lambda: self._settings("augment"))
        rules = {key: self._attempt(partial(self._setting, key)) for key in RULES}
        epochs = self._attempt(lambda: self._whole("epochs", 10))
        seed = self._attempt(lambda: self._whole("seed", 0))
        batch = self._attempt(lambda: self._whole("batch", 0))
        if self.frame.session.found or loss is None or optimizer is None:
            return None
        name, graph = self.read.definition.name.text, self._graph(loss)
        compared = self._compared()
        return TrainingSpec(
            name, graph, *compared, optimizer, schedule, data, augment or (), epochs or 0, seed or 0, batch or None,
            **rules,  # type: ignore[arg-type]
        )  # fmt: skip

    def _attempt(self, read: Callable[[], T]) -> T | None:
        """One key of the section; its problem is reported, and the others are read all the same."""
        try:
            return read()
        except Problem as found:
            self.frame.session.report(found.diagnostic)
            return None

    def _entries(self, section: ast.Section | None) -> dict[str, ast.Entry]:
        """Entries by key; a wrong key is reported with what it may have meant."""
        entries: dict[str, ast.Entry] = {}
        for entry in section.entries if section else ():
            if isinstance(entry, ast.Broken):
                continue
            key = entry.kind if isinstance(entry, ast.Section) else entry.key
            if isinstance(entry, ast.Section) or key.text not in KEYS:
                self._wrong_key(key)
            elif key.text in entries:
                first = Label(entries[key.text].key.span, "given here")
                twice = Diagnostic("E0112", f"`{key.text}` is given twice", Label(key.span, "again"), (first,))
                self.frame.session.report(twice)
            else:
                entries[key.text] = entry
        return entries

    def _wrong_key(self, key: ast.Name) -> None:
        message, otherwise = f"a train section has no key `{key.text}`", f"the keys are {', '.join(KEYS)}"
        self.frame.session.report(misspelled("E0112", message, key.span, KEYS, otherwise))

    def _loss(self) -> Tensor:
        """The loss of the section, or cross-entropy of the first output."""
        frame = replace(self.frame, scope=self._scope(), missing_ok=True)
        entry = self.entries.get("loss")
        if entry is not None:
            value = self.frame.session.run_pipe(frame, entry.value)
            span = entry.value.span
        else:
            name, first = named_results(self.read.results)[0]
            span = self.read.definition.name.span
            maker = frame.session.builder.nodes[first.ref.node].op
            if maker.name != "softmax":
                raise problem(
                    "E0112", f"`{self.read.definition.name.text}` has no loss", span,
                    f"`{name}` gives no probabilities",
                    "a softmax as the last layer gives them, and cross-entropy is the loss then",
                    f"or say the loss in its train section: `loss: mse({name}, target)`",
                )
            call = _text_call("cross_entropy", name, "label", span)
            value = value_of(frame, call)
        if isinstance(value, Unknown) and not self.frame.session.found:
            raise problem("E0112", "the loss has no value", span)
        if isinstance(value, Tensor) and value.type.shape == ():
            return value
        if isinstance(value, Unknown):
            raise Problem(self.frame.session.found[-1])
        raise problem("E0112", f"a loss is one number, not {_describe(value)}", span)

    def _scope(self) -> Scope:
        """The names of the net's body, and its outputs where they have no name in the body."""
        scope = Scope(self.read.frame.scope)
        for name, tensor in named_results(self.read.results):
            if scope.find(name) is None:
                scope.names[name] = (tensor, None)
        return scope

    def _graph(self, loss: Tensor) -> Graph:
        return finish(self.read, [*named_results(self.read.results), ("loss", loss)])

    def _compared(self) -> tuple[str, str]:
        """(prediction, label): the first loss that compares an output of the net with classes."""
        outputs = {tensor.ref: name for name, tensor in named_results(self.read.results)}
        nodes = self.frame.session.builder.nodes
        for node in nodes.values():
            if node.op.loss and len(node.inputs) == 2 and node.inputs[0] in outputs:
                label: Ref = node.inputs[1]
                if nodes[label.node].type.vocabulary is not None:
                    return outputs[node.inputs[0]], label.node
        return "", ""

    def _optimizer(self) -> Op:
        entry = self.entries.get("optimizer")
        if entry is None:
            return registry()["sgd"]()
        value = self._value(entry)
        if not isinstance(value, OpLayer) or not value.op.optimizer:
            known = ", ".join(name for name, op in registry().items() if op.optimizer)
            raise problem("E0112", "this is not an optimizer", entry.value.span, "here", f"cnngraph has {known}")
        plain, _ = match(signature_of(value.op), value.given, entry.value.span)
        op = configure(value.op, plain)
        if isinstance(op, Unknown):
            raise Problem(self.frame.session.found[-1])
        number = TensorType(())
        try:
            op.output_types([number, number, number])
        except OpError as refused:
            raise problem(refused.code, refused.message, entry.value.span, "here", *refused.helps) from refused
        return op

    def _value(self, entry: ast.Entry) -> Value:
        if len(entry.value.units) != 1 or not isinstance(entry.value.units[0].head, ast.Expr):
            raise problem("E0112", f"`{entry.key.text}` is one value", entry.value.span)
        return value_of(self.frame, entry.value.units[0].head)

    def _whole(self, key: str, default: int) -> int:
        entry = self.entries.get(key)
        if entry is None:
            return default
        value = self._value(entry)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise problem("E0112", f"`{key}` is a whole number from 0, not {show(value)}", entry.value.span)
        return value

    def _setting(self, key: str) -> Setting | None:
        found = self._settings(key)
        if len(found) > 1:
            raise problem("E0112", f"`{key}` is one call", found[1].span, "a second one")
        return found[0] if found else None

    def _settings(self, key: str) -> tuple[Setting, ...]:
        """The calls of an entry, `shift(2) -> rotate(10)`."""
        entry = self.entries.get(key)
        return tuple(self._call(unit) for unit in entry.value.units) if entry else ()

    def _call(self, unit: ast.Unit) -> Setting:
        match unit.head:
            case ast.Name(text=text):
                return Setting(text, (), {}, unit.span)
            case ast.Call(function=ast.Name(text=text), arguments=arguments):
                named: dict[str, object] = {}
                for argument in arguments:
                    if argument.name in named:
                        raise problem("E0106", f"{text} receives `{argument.name}` twice", argument.span)
                    if argument.name is not None:
                        named[argument.name] = value_of(self.frame, argument.value)
                positional = tuple(value_of(self.frame, a.value) for a in arguments if a.name is None)
                return Setting(text, positional, named, unit.span)
        if isinstance(unit.head, ast.String):
            word = unit.head.value
            raise problem("E0112", "a name or a call belongs here, not a string", unit.span, "", f"write `{word}(...)`")
        raise problem("E0112", "a call such as `step(every = 5)` belongs here", unit.span)


def _text_call(function: str, *names_and_span: str | Span) -> ast.Call:
    """`function(a, b)` as a tree, for a loss that the file leaves out."""
    *names, span = names_and_span
    assert isinstance(span, Span)
    arguments = tuple(ast.Argument(span, None, ast.Name(span, str(name))) for name in names)
    return ast.Call(span, ast.Name(span, function), arguments)


def _describe(value: Value) -> str:
    return str(value.type) if isinstance(value, Tensor) else kind_of(value)


