"""What one device does, in stages: regions of nodes that go through the batch tile by tile, and all that is done once.

    nodes     conv  norm'  |  affine  conv  norm'  |  ...        norm' gathers sums over the batch: whoever reads them
    stages    [tile 0 tile 1 ...] [combine]  [tile 0 ...]        waits until all tiles are through

A node is put off as long as nothing in the open region needs it: the update of a weight runs beside other updates,
after the region. Operators that wait for nothing of each other become jobs of one stage.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from cnngraph.cost.model import value_bytes
from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.plan.batch import GATHERS, ONCE, TILES, Batch
from cnngraph.plan.chains import chains_by_level

PARTIAL_BYTES = 32_000_000  # of partial sums that a region may leave before they are combined
WORTH_SHARING_SECONDS = 1e-4  # who saves less than this does not wake another worker
WORTH_SHARING = 0.1  # who saves a smaller part than this keeps the order
LITTLE_SECONDS = 1e-5
READY_BYTES_PER_SECOND = 5e9
JOIN_BYTES_PER_SECOND = 1e10


@dataclass(frozen=True)
class Apply:
    """Run a node: once, or in a region for each tile."""

    node: Node


@dataclass(frozen=True)
class ApplyPart:
    """Run one part of a node."""

    node: Node
    part: int


@dataclass(frozen=True)
class Ready:
    """Make the `index`-th thing that the kernel of a node, or of a part of it, wants of its weights."""

    node: Node
    index: int
    part: int | None = None


@dataclass(frozen=True)
class Join:
    """Combine the partial results of a node."""

    node: Node


@dataclass(frozen=True)
class Advance:
    """A state takes its next value."""

    state: str
    source: Ref


@dataclass(frozen=True)
class Keep:
    """The old value of a state is copied before it changes."""

    state: Ref


@dataclass(frozen=True)
class Give:
    """Send a value."""

    value: Ref
    target: str
    tag: int


@dataclass(frozen=True)
class Get:
    """Receive a value."""

    value: Ref
    source: str
    tag: int


Item = Apply | ApplyPart | Ready | Join | Advance | Keep | Give | Get


@dataclass
class Group:
    """One stage. A region has one list of items, which every tile goes through; otherwise each list is a job."""

    jobs: list[list[Item]]
    region: bool = False
    phase: int = 0


@dataclass
class Stages:
    """Collects the stages of one device; nodes come in the order in which they run."""

    graph: Graph
    batch: Batch
    straight: Mapping[Ref, str]  # next values that are written over their state at once
    seconds: Callable[[Node], float]
    wishes_bytes: Callable[[Node], Sequence[int]]  # bytes of what its kernel wants to have prepared before each run
    parts: Callable[[Node], int]  # how many parts it is cut into; 0: it is not
    share: bool  # whether several workers may take the jobs
    groups: list[Group] = field(default_factory=list)
    phase: int = 0  # of what comes now
    _region: list[Node] = field(default_factory=list)
    _waiting: list[Item] = field(default_factory=list)
    _open: list[list[Item]] = field(default_factory=list)  # jobs for the stage before the next region
    _sends: list[Give] = field(default_factory=list)
    _late: set[str] = field(default_factory=set)  # nodes whose results are there after the region only
    _partial_bytes: int = 0

    def apply(self, node: Node) -> None:
        """The node runs next, or later, before anything that needs it."""
        if count := self.parts(node):
            self._apply_parts(node, count)
            return
        manner = self.batch.manner(node)
        if manner == ONCE:
            self._waiting.append(Apply(node))
            self._late.add(node.name)
            return
        if any(ref.node in self._late for ref in node.inputs):
            self.flush()
        self._region.append(node)
        if manner == GATHERS:
            self._late.add(node.name)
            self._partial_bytes += sum(value_bytes(node)) * TILES
            if self._partial_bytes > PARTIAL_BYTES:
                self.flush()

    def _apply_parts(self, node: Node, count: int) -> None:
        """The parts of a node are a stage of their own."""
        self.flush()
        self._make_ready([Ready(node, k, part) for part in range(count) for k in range(self.wishes(node))])
        self._open = []
        self._add([[ApplyPart(node, part)] for part in range(count)])

    def wishes(self, node: Node) -> int:
        return len(self.wishes_bytes(node))

    def advance(self, state: str, source: Ref) -> None:
        self._waiting.append(Advance(state, source))

    def at_once(self, item: Item) -> None:
        """After all that came so far, and before all that comes."""
        self.finish()
        self._add([[item]])

    def send(self, give: Give) -> None:
        self._sends.append(give)

    def flush(self) -> None:
        """Close the region; put off further what was put off, together with what the region leaves to be combined."""
        if self._region:
            self._make_ready([Ready(node, k) for node in self._region for k in range(self.wishes(node))])
            self._add([[Apply(node) for node in self._region]], region=True)
        else:
            self._emit(self._open)
        joins: list[Item] = [Join(n) for n in self._region if self.batch.manner(n) == GATHERS]
        self._waiting = [*joins, *self._waiting]
        *waves, self._open = self._waves() or [[]]
        for wave in waves:
            self._emit(wave)
        if self._sends:
            self._emit(self._open)
            self._open = []
            self._add([list(self._sends)])
        self._region, self._waiting, self._sends, self._late, self._partial_bytes = [], [], [], set(), 0

    def _make_ready(self, ready: Sequence[Ready]) -> None:
        """What kernels want of weights, beside what is open; after it where weights are made there."""
        made = {item.node.name for job in self._open for item in job if isinstance(item, Apply | Join)}
        after = [item for item in ready if any(ref.node in made for ref in item.node.inputs)]
        beside: list[list[Item]] = [[item] for item in ready if item not in after]
        self._emit([*self._open, *beside])
        self._emit([[item] for item in after])

    def finish(self) -> None:
        """All that came is done; nothing waits."""
        self.flush()
        self._emit(self._open)
        self._open = []

    def begin(self, phase: int) -> None:
        """Everything that came so far belongs to earlier phases."""
        if phase != self.phase:
            self.finish()
            self.phase = phase

    def _add(self, jobs: list[list[Item]], region: bool = False) -> None:
        self.groups.append(Group(jobs, region, self.phase))

    def _emit(self, jobs: Sequence[list[Item]]) -> None:
        """A stage of these jobs: the longest first, each to the least busy of a few workers."""
        if not jobs:
            return
        costs = [sum(map(self._item_seconds, job)) for job in jobs]
        if not self.share or not self._saved(jobs):
            self._add([[item for job in jobs for item in job]])
            return
        bins: list[list[Item]] = [[] for _ in range(min(TILES, len(jobs)))]
        loads = [0.0] * len(bins)
        for i in sorted(range(len(jobs)), key=lambda i: -costs[i]):
            least = loads.index(min(loads))
            bins[least] += jobs[i]
            loads[least] += costs[i]
        self._add(bins)

    def _waves(self) -> list[list[list[Item]]]:
        """What was put off, as one stage of jobs after the other; what a kernel wants comes right before it runs."""
        waves = chains_by_level(self._waiting, [(_reads(i), self._writes(i)) for i in self._waiting])
        total = sum(map(self._item_seconds, self._waiting))
        if not self.share or sum(map(self._saved, waves)) < WORTH_SHARING * total:
            waves = [[list(self._waiting)]] if self._waiting else []  # in the order that frees memory soonest
        return [[[part for item in job for part in self._with_wishes(item)] for job in wave] for wave in waves]

    def _saved(self, jobs: Sequence[list[Item]]) -> float:
        """Seconds that a second worker saves; 0 where it is not worth waking him."""
        costs = [sum(map(self._item_seconds, job)) for job in jobs]
        saved = sum(costs) - max(*costs, sum(costs) / 2)
        return saved if saved > WORTH_SHARING_SECONDS else 0.0

    def _with_wishes(self, item: Item) -> list[Item]:
        wishes = self.wishes(item.node) if isinstance(item, Apply) else 0
        return [*(Ready(item.node, k) for k in range(wishes) if isinstance(item, Apply)), item]

    def _writes(self, item: Item) -> Sequence[object]:
        match item:
            case Apply(node) | Join(node):
                refs = [Ref(node.name, k) for k in range(len(node.types))]
                return [*refs, *(Ref(self.straight[ref]) for ref in refs if ref in self.straight)]
            case Advance(state):
                return [Ref(state)]
        raise AssertionError(item)

    def _item_seconds(self, item: Item) -> float:
        match item:
            case Apply(node):
                return self.seconds(node)
            case Ready(node, index):
                return LITTLE_SECONDS + self.wishes_bytes(node)[index] / READY_BYTES_PER_SECOND
            case Join(node):
                return LITTLE_SECONDS + sum(value_bytes(node)) * (TILES + 1) / JOIN_BYTES_PER_SECOND
        return LITTLE_SECONDS


def _reads(item: Item) -> Sequence[Ref]:
    match item:
        case Join():
            return []
        case Apply(node):
            return node.inputs
        case Advance(_, source):
            return [source]
    raise AssertionError(item)
