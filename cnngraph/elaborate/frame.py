"""Where elaboration stands: a session for a whole net, and a frame for each body."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from cnngraph.diagnostics import Diagnostic, Origin, Span, Use
from cnngraph.elaborate.scope import Scope
from cnngraph.elaborate.values import SharedLayer, Value, problem
from cnngraph.ir.builder import Builder
from cnngraph.ir.graph import Fact, Graph, Node, Ref
from cnngraph.syntax import ast

MAX_NODES = 30_000
MAX_STEPS = 120_000
MAX_USES = 40
MAX_FOUND = 100


@dataclass(frozen=True)
class Seen:
    """What a unit of a pipe, or the equation of a `let`, has given, in the body that lies `uses` deep.

    `first` and `last` count the nodes of the graph before and after: those between were made here.
    """

    span: Span
    value: Value
    uses: tuple[Use, ...]
    first: int
    last: int


@dataclass(frozen=True)
class Restart:
    """A labelled line that starts from a name, `aux: trunk -> ...`; `head` is its text before that name."""

    label: str
    start: str
    head: Span


@dataclass(frozen=True)
class Choice:
    """Whether a `project` was used (True) or the identity (False), because the shapes were equal."""

    span: Span
    projected: bool
    uses: tuple[Use, ...]


@dataclass(frozen=True)
class Failure:
    """An operator that refused its inputs: the node that is not there."""

    name: str
    inputs: tuple[Ref, ...]
    origin: Origin
    diagnostic: Diagnostic


@dataclass
class Session:
    """What all bodies of one net share: the graph so far, the findings, the names that are taken."""

    builder: Builder = field(default_factory=Builder)
    found: list[Diagnostic] = field(default_factory=list)
    taken: Counter[str] = field(default_factory=Counter)
    used: set[Ref] = field(default_factory=set)
    checks: list[tuple[Frame, ast.Check]] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    steps: int = 0
    reports: int = 0
    read: set[int] = field(default_factory=set)  # identities of the blocks whose bodies have been read
    cells: int = 0  # how many cells of scans stand around this one
    alone: bool = False  # blocks are read without inputs, so once is enough for each of them
    # Expressions, pipes and bodies read each other; the session carries the readers, so that modules import one way.
    evaluate: Callable[[Frame, ast.Expr], Value] = field(kw_only=True)
    value_of: Callable[[Frame, ast.Expr], Value] = field(kw_only=True)
    as_shape: Callable[[Frame, ast.Expr], Value] = field(kw_only=True)
    run_pipe: Callable[..., Value] = field(kw_only=True)
    run_body: Callable[[Frame, ast.Body], Value] = field(kw_only=True)
    scan: Callable[..., Value] = field(kw_only=True)

    @property
    def full(self) -> bool:
        """Whether a limit has been reached: nothing more can be read in this run."""
        return self.steps > MAX_STEPS

    def graph(
        self, name: str, outputs: Mapping[str, Ref], facts: tuple[Fact, ...] = (), more: Sequence[str] = ()
    ) -> tuple[Graph, dict[str, str]]:
        """The graph under final names, not yet verified, and the map from working names (and `more` of them)."""
        final = single_paths(self.taken, [*self.builder.nodes, *more])

        def ref(old: Ref) -> Ref:
            return Ref(final[old.node], old.index)

        nodes = tuple(
            Node(
                final[node.name], node.op, tuple(map(ref, node.inputs)), node.types, node.device,
                None if node.colocated is None else final[node.colocated], node.origin,
            )
            for node in self.builder.nodes.values()
        )
        return Graph(name, nodes, {name: ref(old) for name, old in outputs.items()}, {}, facts), final

    def report(self, diagnostic: Diagnostic) -> None:
        """Keep a finding. After very many of them (a wrong block that is used again and again) reading ends."""
        self.found.append(diagnostic)
        self.reports += 1
        if self.reports >= MAX_FOUND:
            raise TooLarge(diagnostic)


class TooLarge(Exception):
    """A stated limit is reached: nothing more is elaborated."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


@dataclass
class Frame:
    """One body while it is read. `it` is the value that the next unit receives."""

    session: Session
    scope: Scope
    path: str = ""
    uses: tuple[Use, ...] = ()
    it: Value = None
    device: str | None = None
    shared: tuple[tuple[SharedLayer, str], ...] = ()  # instances, outermost first, with the paths of their present uses
    missing_ok: bool = False  # in a loss, an unknown name is fed from the data
    line_name: str | None = None  # the name that a single operator of this line takes
    restarted: Restart | None = None  # the line above, if it has a label and started from a name
    shortcut: ast.Residual | None = None  # the residual whose two sides are being added
    outline: tuple[ast.Definition, ...] = ()  # blocks being expanded, to find a block that uses itself
    at_head: bool = False  # the unit being read begins a line

    def changed(self, **changes: object) -> Frame:
        """`dataclasses.replace` at a fifth of its price: every unit of every line is read in a frame of its own."""
        frame = Frame.__new__(Frame)
        frame.__dict__.update(self.__dict__, **changes)
        return frame

    def inner(self, **changes: object) -> Frame:
        """A frame for a body inside this one, with a scope of its own."""
        return self.changed(scope=Scope(self.scope), line_name=None, restarted=None, **changes)

    def origin(self, span: Span) -> Origin:
        return Origin(span, self.uses)

    def step(self, span: Span, count: int = 1) -> None:
        """Count steps of reading; a file that repeats without end stops here, at the line of the net that does it."""
        session = self.session
        session.steps += count
        nodes = len(session.builder.nodes)
        if session.steps > MAX_STEPS or nodes > MAX_NODES:
            limit = f"has more than {MAX_NODES:,} nodes" if nodes > MAX_NODES else f"takes over {MAX_STEPS:,} steps"
            where = self.origin(span).at_depth(0)
            raise TooLarge(problem("E0402", f"the network {limit}", where, "reached here").diagnostic)

    def repeated(self, count: int, span: Span) -> int:
        """`count`, if so many repetitions can be read at all."""
        if count > MAX_NODES:
            limit = f"a network has at most {MAX_NODES:,} nodes"
            raise problem("E0402", f"{count:,} repetitions are too many", span, limit)
        return count

    def within_line(self) -> Frame:
        """This frame, with the label of the line as a step of the path: several nodes will stand under it."""
        if self.line_name is None:
            return self
        return self.changed(path=f"{self.claim(self.line_name)}.", line_name=None)

    def claim(self, name: str) -> str:
        """The next path for `name` in this body: `name[1]`, `name[2]`, ...; single ones lose their index at the end."""
        key = f"{self.path}{name}"
        self.session.taken[key] += 1
        return f"{key}[{self.session.taken[key]}]"


def single_paths(taken: Counter[str], names: list[str]) -> dict[str, str]:
    """Final node names: the index stays only where a name occurs several times, or would meet another without it."""
    final: dict[str, str] = {"": ""}
    used: set[str] = set()
    for name in sorted(names, key=lambda name: "[" in name):  # inputs have no index that they could keep
        _settle_path(name, taken, final, used)
    return final


def _settle_path(path: str, taken: Counter[str], final: dict[str, str], used: set[str]) -> str:
    if path not in final:
        before, _, last = path.rpartition(".")
        key = path.rpartition("[")[0] if path.endswith("]") else ""
        shown = last.rpartition("[")[0] if key and taken[key] == 1 else last
        outer = _settle_path(before, taken, final, used)
        short, full = (f"{outer}.{word}" if outer else word for word in (shown, last))
        final[path] = full if short in used else short
        used.add(final[path])
    return final[path]
