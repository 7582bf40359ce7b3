"""From the tree of a file to a typed graph: names resolved, blocks expanded, weights made, shapes inferred."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cnngraph.diagnostics import CnnGraphError, Diagnostic, error
from cnngraph.elaborate.body import Results, results_of
from cnngraph.elaborate.checks import run_checks
from cnngraph.elaborate.expressions import as_shape, value_of
from cnngraph.elaborate.facts import facts_of, symbols_of
from cnngraph.elaborate.frame import Frame, Session, TooLarge
from cnngraph.elaborate.modules import Judged, Program
from cnngraph.elaborate.numbers import is_whole
from cnngraph.elaborate.parameters import capitals, check_kind, is_tensor_parameter
from cnngraph.elaborate.reading import new_session
from cnngraph.elaborate.scope import Scope
from cnngraph.elaborate.values import BlockLayer, Bundle, Problem, Tensor, Unknown, kind_of, problem
from cnngraph.ir.graph import Fact, Graph
from cnngraph.ir.leaves import Input
from cnngraph.ir.size import Size
from cnngraph.ir.types import TensorType
from cnngraph.ir.verify import verify
from cnngraph.spelling import did_you_mean
from cnngraph.syntax import ast
from cnngraph.uncollected import uncollected

Settings = Mapping[str, object]


@dataclass
class Elaborated:
    """A net that has been read: its frame (for a loss that follows), its results, its facts."""

    definition: ast.Definition
    frame: Frame
    results: Results
    facts: tuple[Fact, ...]


def elaborate(program: Program, net: str | None = None, settings: Settings | None = None) -> Graph:
    """The graph of a net of the file (its last one by default); raises CnnGraphError with all errors of the file.

    >>> from cnngraph.elaborate.modules import load_text
    >>> graph = elaborate(load_text("net n(image: 1@28x28) = conv(4, 3x3) -> relu"))
    >>> [f"{name} {graph.type_of(ref)}" for name, ref in graph.outputs.items()]
    ['output 4@26x26']
    """
    read = read_whole(program, net, settings or {})
    return finish(read, read.results)


def read_whole(program: Program, net: str | None, settings: Settings) -> Elaborated:
    """Read the net, and everything else of the file for what is wrong in it; raises CnnGraphError with all of that."""
    read = read_net(choose(program, net), settings)
    found = all_findings(program, read)
    if found:
        raise CnnGraphError(found)
    assert named_results(read.results), "a net without a result is a finding"
    return read


def all_findings(program: Program, read: Elaborated) -> list[Diagnostic]:
    """What is wrong in the file, its imports, the net that was read and the definitions that it does not use."""
    found = read.frame.session.found + others(program, read)
    broken = {_line(finding) for finding in program.found}
    left = [finding for finding in found if _line(finding) not in broken]
    if program.found:  # the figures are those of a part of the net
        left = [finding for finding in left if finding.code != "E0400"]
    return [*program.found, *left]


def _line(finding: Diagnostic) -> tuple[str, int] | None:
    """The line of a finding: what did not parse or could not be imported is the cause of all else in its line."""
    span = finding.primary.span if finding.primary else None
    return (span.source.name, span.line) if span else None


def choose(program: Program, net: str | None) -> BlockLayer:
    """The net that is meant: the named one, or the last one that the file itself defines."""
    nets = program.nets
    if net is None and nets:
        own = [layer for layer in nets.values() if layer.home is program.scope]
        return (own or list(nets.values()))[-1]
    if net in nets:
        return nets[net]
    if program.found:
        raise CnnGraphError(program.found)
    listed = f"it has {', '.join(nets)}" if nets else "write `net name(image: 3@224x224) { ... }`"
    name = program.module.span.source.name
    what = f"{name} has no net `{net}`" if net else f"{name} defines no net"
    raise error("E0101", what, did_you_mean(net or "", nets, listed))


@uncollected()
def read_net(net: BlockLayer, settings: Settings, before: Session | None = None) -> Elaborated:
    """Read a net from its parameters to its last line; what is wrong is in `frame.session.found`."""
    session = new_session(before)
    definition = net.definition
    frame = Frame(session, Scope(net.home), outline=(definition,))
    facts: tuple[Fact, ...] = ()
    results: Results = []
    try:
        facts = _parameters(frame, definition, settings)
        if settings and any(finding.code == "E0401" for finding in session.found):  # a set size is wrong, not the net
            return Elaborated(definition, frame, results, facts)
        results = results_of(frame, definition.body.statements)
        if not session.found and not named_results(results) and not any(isinstance(v, Unknown) for _, v in results):
            name = definition.name
            raise problem("E0110", f"`{name.text}` gives nothing", name.span, "no line has a value")
        read = Elaborated(definition, frame, results, facts)
        as_written = not any(p.name.text in settings for p in definition.parameters)
        if session.checks and not session.found and as_written:  # the counts of a file are those of its own defaults
            run_checks(session.checks, *graph_of(read, results))
    except (Problem, TooLarge) as found:
        session.found.append(found.diagnostic)
    except RecursionError:
        session.found.append(_too_deep(definition))
    return Elaborated(definition, frame, results, facts)


def _too_deep(definition: ast.Definition) -> Diagnostic:
    return problem("E0402", "the file is nested too deeply", definition.name.span).diagnostic


@uncollected()
def finish(read: Elaborated, results: Results) -> Graph:
    """The verified graph, nodes under their final names."""
    return verify(graph_of(read, results)[0])


def _parameters(frame: Frame, definition: ast.Definition, settings: Settings) -> tuple[Fact, ...]:
    """Define the inputs and the other parameters of a net, and its facts."""
    plain = [p for p in definition.parameters if not is_tensor_parameter(p)]
    inputs = [p for p in definition.parameters if is_tensor_parameter(p)]
    _refuse_twice(definition)
    symbols = symbols_of(definition, {p.name.text for p in plain})
    _check_settings(definition, settings)
    for name, size in symbols.items():
        value = settings.get(name, size)
        if not isinstance(value, Size) and not is_whole(value):
            span = definition.name.span
            raise problem("E0103", f"`{name}` is a whole number, but receives {kind_of(value)}", span)
        frame.scope.define(name, value, definition.name.span)
    for parameter in plain:
        frame.scope.define(parameter.name.text, _setting(frame, parameter, settings), parameter.name.span)
    facts = facts_of(frame, definition)
    for parameter in inputs:
        frame.scope.define(parameter.name.text, _input(frame, parameter), parameter.name.span)
    if not inputs:
        raise problem(
            "E0104", f"`{definition.name.text}` has no input", definition.name.span, "a net has at least one",
            f"write `net {definition.name.text}(image: 3@224x224)`, or `block` for a recipe without input shape",
        )
    frame.it = frame.scope.names[inputs[0].name.text][0] if len(inputs) == 1 else None
    return facts


def _refuse_twice(definition: ast.Definition) -> None:
    names = Scope()
    for parameter in definition.parameters:
        if parameter.name.text == "_":
            raise problem("E0102", "a parameter needs a name", parameter.name.span, "`_` throws a value away")
        names.define(parameter.name.text, None, parameter.name.span)


def settable(definition: ast.Definition) -> list[str]:
    """The names of a net's parameters and open sizes: what can be set from outside."""
    plain = [p.name.text for p in definition.parameters if not is_tensor_parameter(p)]
    return [*plain, *symbols_of(definition, set(plain))]


def _check_settings(definition: ast.Definition, settings: Settings) -> None:
    known = settable(definition)
    for name in settings:
        if name not in known:
            raise problem(
                "E0107", f"`{definition.name.text}` has no parameter `{name}` to set", definition.name.span, "this net",
                did_you_mean(name, known, f"it has {', '.join(known) or 'none'}"),
            )


def _setting(frame: Frame, parameter: ast.Parameter, settings: Settings) -> object:
    name = parameter.name.text
    if name in settings:
        check_kind(parameter, settings[name], parameter.name.span)
        return settings[name]
    if parameter.default is None:
        raise problem(
            "E0104", f"`{name}` has no value", parameter.name.span, "no default",
            f"give it a default, or a value with `--set {name}=...`",
        )
    value = value_of(frame, parameter.default)
    check_kind(parameter, value, parameter.default.span)
    return value


def _input(frame: Frame, parameter: ast.Parameter) -> Tensor | Unknown:
    assert parameter.type is not None
    try:
        type_ = _input_type(frame, parameter)
    except Problem as found:
        frame.session.report(found.diagnostic)
        return Unknown()
    if isinstance(type_, Unknown):
        return type_
    span = parameter.type.span
    node = frame.session.builder.add(parameter.name.text, Input(type_), origin=frame.origin(span))
    return Tensor(node.ref, type_)


def _input_type(frame: Frame, parameter: ast.Parameter) -> TensorType | Unknown:
    assert parameter.type is not None
    if (isinstance(parameter.type, ast.Name) and parameter.type.text == "tensor") or (
        isinstance(parameter.type, ast.Call)
        and isinstance(parameter.type.function, ast.Name)
        and parameter.type.function.text == "tensor"
    ):
        raise problem(
            "E0104", f"the input `{parameter.name.text}` of a net has a shape", parameter.type.span, "no shape here",
            f"write `{parameter.name.text}: 3@224x224`",
        )
    return as_shape(frame, parameter.type)


def graph_of(read: Elaborated, results: Results, more: Sequence[str] = ()) -> tuple[Graph, dict[str, str]]:
    """The graph under final names, not yet verified, and the map from working names (and `more` of them)."""
    outputs = {name: tensor.ref for name, tensor in named_results(results)}
    return read.frame.session.graph(read.definition.name.text, outputs, read.facts, more)


def named_results(results: Results) -> list[tuple[str, Tensor]]:
    """Every tensor among the results, under its own name or `output`, `output_2`, ..."""
    named: dict[str, Tensor] = {}
    for name, value in Bundle.of(results).items:
        if isinstance(value, Tensor):
            base = "output" if name in (None, "_") else name
            free = base if base not in named else f"{base}_{len(named) + 1}"
            named[free] = value
    return list(named.items())


def others(program: Program, read: Elaborated) -> list[Diagnostic]:
    """Findings in the definitions that the net does not use, so that all errors of a file come in one run.

    The program keeps them: whoever looks at each net of a file in turn reads the others once, not once for each.
    """
    found: list[Diagnostic] = []
    session = read.frame.session
    for name, definition in program.definitions.items():
        if definition is read.definition or id(definition) in session.read or session.full:
            continue
        known = program.judged.get(id(definition))
        if known is None:
            before = frozenset(session.read)
            if name in program.nets and definition.kind == "net":
                session = read_net(program.nets[name], {}, session).frame.session
            else:
                session = _read_alone(program, definition, new_session(session, alone=True))
            known = Judged(tuple(session.found), frozenset(session.read) - before)
            if not session.full:
                program.judged[id(definition)] = known
        session.read |= known.read
        found += known.found
    return found


def _read_alone(program: Program, definition: ast.Definition, session: Session) -> Session:
    """Read a block with unknown parameters: names, arguments and words are checked, shapes cannot be."""
    frame = Frame(session, Scope(program.scope), outline=(definition,), it=Unknown())
    session.read.add(id(definition))
    try:
        for parameter in definition.parameters:
            frame.scope.define(parameter.name.text, Unknown(), parameter.name.span)
            for name in capitals(parameter.type) if parameter.type and is_tensor_parameter(parameter) else ():
                frame.scope.names.setdefault(name, (Unknown(), parameter.name.span))
        results_of(frame, definition.body.statements)
    except (Problem, TooLarge) as found:
        session.found.append(found.diagnostic)
    except RecursionError:
        session.found.append(_too_deep(definition))
    return session
