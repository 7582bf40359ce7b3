"""Turns a partition into a plan: the stages of each device, in order, and the place of every buffer.

All devices follow one order of nodes (`execution_order`); each takes its own nodes out of it:

    order     conv1  relu1  conv2  loss  ...
    gpu0      conv1  relu1  SEND relu1 -> gpu1                     a value is sent when the stage that makes it is done
    gpu1                    RECEIVE relu1  conv2  loss  ...        and received right before it is first read

so a device never waits for something that waits for it. A state takes its next value after its last reader on its own
device has run: every update sees the old states. Where its maker is that last reader, it writes straight into the
state.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from cnngraph.cost.liveness import LEAVES, execution_order, needed_nodes, straight_updates
from cnngraph.cost.quantity import bytes_text
from cnngraph.diagnostics import error
from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ir.leaves import Input
from cnngraph.ir.size import number
from cnngraph.kernels.kernel import PLAIN, Kernel
from cnngraph.partition.partition import Partition, single
from cnngraph.plan.batch import ONCE, Batch
from cnngraph.plan.build import Build
from cnngraph.plan.choice import Choice
from cnngraph.plan.cuts import Cuts
from cnngraph.plan.places import Places, task_of
from cnngraph.plan.plan import Plan
from cnngraph.plan.stages import Get, Give, Keep, Stages


@dataclass(frozen=True)
class Options:
    """How to plan.

    fields: choice        which kernels
            fixed_states  states that no run updates stay as they are: what follows from them alone is computed once
            phases        of nodes: a stage has nodes of one phase, and what lives from one to another has a place of
                          its own, so that several runs may be in flight
    """

    choice: Choice = field(default_factory=Choice)
    fixed_states: bool = False
    phases: Mapping[str, int] | None = None


def schedule(partition: Partition, batch: Batch | None = None, options: Options | None = None) -> Plan:
    """The plan of a partition. Nodes that lead to no output and no update are left out.

    `batch` is the same graph before it was bound: it says what belongs to the batch, which is then cut into tiles.
    errors: E0602 where the arena, with its gaps, is larger than the device's memory.
    """
    return _Scheduler(partition, batch or Batch(partition.graph), options or Options()).plan()


def plan_for(graph: Graph, options: Options | None = None, **sizes: int) -> Plan:
    """The plan of a graph on one device; the batch is cut where `sizes` gives its number."""
    batch = Batch(graph, sizes)
    return schedule(single(batch.bound), batch, options)


class _Scheduler:
    def __init__(self, partition: Partition, batch: Batch, options: Options) -> None:
        self.partition, self.batch, self.options = partition, batch, options
        self.graph = graph = partition.graph
        needed = needed_nodes(graph)
        self.order = [n for n in execution_order(graph) if n.name in needed or isinstance(n.op, LEAVES)]
        self.phase = options.phases or {}
        self.order.sort(key=lambda node: self.phase.get(node.name, 0))
        self.cuts = Cuts(batch, options.choice)
        self.targets = self._targets()
        self.constant = self._constants() if options.fixed_states else frozenset()
        self.straight = {ref: s for ref, s in straight_updates(graph).items() if self._writes_over(ref, s)}
        self.waits = self._waits()
        self.waiting_for: dict[str, list[str]] = {}  # node -> states
        for state, nodes in self.waits.items():
            for name in nodes:
                self.waiting_for.setdefault(name, []).append(state)
        share = len(partition.stages) == 1
        self.stages = {
            stage.device.name: Stages(graph, batch, self.straight, self._seconds, self._wishes, self._parts, share)
            for stage in partition.stages
        }

    def plan(self) -> Plan:
        self.kept = self._overwritten()
        for ref in self.kept:
            self.stages[self._home(self.graph[ref.node])].at_once(Keep(ref))
        tags: dict[tuple[Ref, str], int] = {}
        for node in self.order:
            if isinstance(node.op, LEAVES):
                self._send(node, tags)
        self._advance(self.waits)
        received: set[tuple[Ref, str]] = set()
        for node in self.order:
            if not isinstance(node.op, LEAVES) and node.name not in self.constant:
                for stages in self.stages.values():
                    stages.begin(self.phase.get(node.name, 0))
                self._receive(node, tags, received)
                self.stages[self._home(node)].apply(node)
                self._send(node, tags)
                for state in self.waiting_for.get(node.name, ()):
                    self.waits[state].discard(node.name)
                self._advance(self.waiting_for.get(node.name, ()))
        for stages in self.stages.values():
            stages.finish()
        assert not self.waits, f"{', '.join(self.waits)} never took their next value"
        return _within_memory(self._built())

    def _built(self) -> Plan:
        phased = bool(self.phase)
        build = Build(self.partition, self.batch, self.kernel, self.cuts, self.straight, self.constant, phased)
        build.leaves(self.order, self._home)
        build.keep(self.kept, self._home)
        for device, stages in self.stages.items():
            constants = [n for n in self.order if n.name in self.constant and self._home(n) == device]
            shown = self._shown(device)
            places = Places(self.graph, self.batch, stages.groups, self.straight, self.kernel, shown)
            build.device(device, constants, places)
        return build.plan()

    # ---- what the graph asks ----

    def kernel(self, node: Node) -> Kernel:
        """The kernel of a node; of the first part of one that is cut."""
        if parts := self.cuts.parts(node):
            return self.options.choice.kernel(parts[0].task)
        return self.options.choice.kernel(task_of(self.batch, node), self._uses(node))

    def _uses(self, node: Node) -> int:
        """How many tiles what its kernel prepares serves."""
        return 1 if self.batch.manner(node) == ONCE else len(self.batch.tiles)

    def _seconds(self, node: Node) -> float:
        return self.options.choice.seconds(task_of(self.batch, node), self._uses(node))

    def _parts(self, node: Node) -> int:
        return len(self.cuts.parts(node))

    def _wishes(self, node: Node) -> Sequence[int]:
        """Bytes of what the kernel of a node has to be given in each run: what follows from constants is there."""
        parts = self.cuts.parts(node)
        task = parts[0].task if parts else task_of(self.batch, node)
        found = self.kernel(node).prepares(task)
        constant = all(self._is_constant(node.inputs[wish.source]) for wish in found)
        return [] if constant else [number(wish.type.bytes) for wish in found]

    def _is_constant(self, ref: Ref) -> bool:
        node = self.graph[ref.node]
        frozen = isinstance(node.op, LEAVES) and not isinstance(node.op, Input) and self.options.fixed_states
        return node.name in self.constant or (frozen and node.name not in self.graph.updates)

    def _constants(self) -> frozenset[str]:
        """Nodes that follow from states alone, on one device with all that reads them."""
        found: set[str] = set()
        shown = {ref.node for ref in (*self.graph.outputs.values(), *self.graph.updates.values())}
        for node in self.order:
            if isinstance(node.op, LEAVES) or not node.inputs or node.name in shown or not node.op.samplewise:
                continue
            near = all(self._home(other) == self._home(node) for other in self._neighbours(node))
            if near and all(ref.node in found or self._is_state(ref) for ref in node.inputs):
                found.add(node.name)
        return frozenset(found)

    def _is_state(self, ref: Ref) -> bool:
        node = self.graph[ref.node]
        return isinstance(node.op, LEAVES) and not isinstance(node.op, Input) and node.name not in self.graph.updates

    def _neighbours(self, node: Node) -> Iterable[Node]:
        return (*self.graph.users[node.name], *(self.graph[ref.node] for ref in node.inputs))

    def _writes_over(self, ref: Ref, state: str) -> bool:
        """Whether the kernel of the maker may write over the state, which it may also read."""
        node = self.graph[ref.node]
        kernel = self.kernel(node)
        read = [i for i, given in enumerate(node.inputs) if given == Ref(state)]
        return kernel is PLAIN or all(i in kernel.in_place for i in read)

    def _targets(self) -> dict[Ref, tuple[str, ...]]:
        """Devices that receive each value."""
        found: dict[Ref, dict[str, None]] = {}
        for node in self.order:
            for ref in node.inputs:
                if self._home(node) != self._home(self.graph[ref.node]):
                    found.setdefault(ref, {})[self._home(node)] = None
        return {ref: tuple(devices) for ref, devices in found.items()}

    def _waits(self) -> dict[str, set[str]]:
        """For each state that changes: the nodes of its device that run before: its readers, and its maker."""
        graph = self.graph
        planned = {node.name for node in self.order if not isinstance(node.op, LEAVES)}
        return {
            state: {
                node.name
                for node in (*graph.users[state], graph[ref.node])
                if node.name in planned and self._home(node) == self._home(graph[state])
            }
            for state, ref in graph.updates.items()
            if ref != Ref(state)
        }

    def _overwritten(self) -> list[Ref]:
        """States that change, and whose old value is an output or the next value of another state."""
        shown = [*self.graph.outputs.values(), *(self.graph.updates[state] for state in self.waits)]
        return [ref for ref in dict.fromkeys(shown) if ref.node in self.waits]

    def _shown(self, device: str) -> list[Ref]:
        """Values of the device that are needed after the last step."""
        return [ref for ref in self.graph.outputs.values() if self._home(self.graph[ref.node]) == device]

    def _home(self, node: Node) -> str:
        return self.partition.device_of[node.name]

    # ---- messages and updates ----

    def _send(self, node: Node, tags: dict[tuple[Ref, str], int]) -> None:
        for k in range(len(node.types)):
            ref = Ref(node.name, k)
            for target in self.targets.get(ref, ()):
                tag = tags[ref, target] = len(tags)
                self.stages[self._home(node)].send(Give(ref, target, tag))

    def _receive(self, node: Node, tags: dict[tuple[Ref, str], int], received: set[tuple[Ref, str]]) -> None:
        device = self._home(node)
        for ref in node.inputs:
            source = self._home(self.graph[ref.node])
            if source != device and (ref, device) not in received:
                received.add((ref, device))
                self.stages[device].at_once(Get(ref, source, tags[ref, device]))

    def _advance(self, states: Iterable[str]) -> None:
        """Give their next values to those of the states that wait for nothing any more."""
        for state in [state for state in states if not self.waits[state]]:
            del self.waits[state]
            if (ref := self.graph.updates[state]) not in self.straight:
                self.stages[self._home(self.graph[state])].advance(state, ref)


def _within_memory(plan: Plan) -> Plan:
    for device, peak in plan.peak_bytes.items():
        if peak > (memory := plan.memory_bytes[device]):
            raise error(
                "E0602",
                f"the buffers of {device} need {bytes_text(peak)}, but it has {bytes_text(memory)}",
                "take a smaller batch, one device more, or a device with more memory",
            )
    return plan
