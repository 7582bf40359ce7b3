"""Turns a partition into a plan: the steps of each device, in order, and the place of every buffer.

All devices follow one order of nodes (`execution_order`); each takes its own nodes out of it:

    order     conv1  relu1  conv2  loss  ...
    gpu0      conv1  relu1  SEND relu1 -> gpu1                     a value is sent right after it is made
    gpu1                    RECEIVE relu1  conv2  loss  ...        and received right before it is first read

so a device never waits for something that waits for it. A state takes its next value right after its last reader on its
own device has run: every update sees the old states. Where its maker is that last
reader, it writes straight into the state.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from cnngraph.cost.liveness import LEAVES, execution_order, needed_nodes, straight_updates
from cnngraph.cost.model import value_bytes
from cnngraph.cost.quantity import bytes_text
from cnngraph.diagnostics import error
from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ir.leaves import State
from cnngraph.partition.partition import Partition, single
from cnngraph.plan.memory import offsets
from cnngraph.plan.plan import Plan
from cnngraph.plan.steps import Buffer, Copy, Receive, Run, Send, Step, reads, writes


def schedule(partition: Partition) -> Plan:
    """The plan of a partition. Nodes that lead to no output and no update are left out.

    errors: E0602 where the arena, with its gaps, is larger than the device's memory.
    """
    return _Scheduler(partition).plan()


def plan_for(graph: Graph) -> Plan:
    """The plan of a bound graph on one device."""
    return schedule(single(graph))


class _Scheduler:
    def __init__(self, partition: Partition) -> None:
        self.partition = partition
        self.graph = partition.graph
        needed = needed_nodes(self.graph)
        self.order = [n for n in execution_order(self.graph) if n.name in needed or isinstance(n.op, LEAVES)]
        self.steps: dict[str, list[Step]] = {stage.device.name: [] for stage in partition.stages}
        self.buffers: list[Buffer] = []
        self.at: dict[tuple[Ref, str], int] = {}  # (value, device) -> buffer
        self.targets = self._targets()
        self.tags: dict[tuple[Ref, str], int] = {}
        self.waits = self._waits()
        self.waiting_for: dict[str, list[str]] = {}  # node -> states
        for state, nodes in self.waits.items():
            for name in nodes:
                self.waiting_for.setdefault(name, []).append(state)
        self.straight = straight_updates(self.graph)
        self.kept: dict[Ref, int] = {}  # state -> buffer with its old value

    def plan(self) -> Plan:
        graph = self.graph
        leaves = [node for node in self.order if isinstance(node.op, LEAVES)]
        for node in leaves:
            self._new(node.ref, self._home(node), "state" if isinstance(node.op, State) else "fed")
        self.kept = {ref: self._keep(ref) for ref in self._overwritten()}
        for node in leaves:
            self._send(node)
        self._update_ready(self.waits)
        for node in self.order:
            if not isinstance(node.op, LEAVES):
                self._run(node)
        assert not self.waits, f"{', '.join(self.waits)} never took their next value"
        return self._placed({name: self._source(ref) for name, ref in graph.outputs.items()})

    # ---- what the graph asks ----

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

    def _home(self, node: Node) -> str:
        return self.partition.device_of[node.name]

    # ---- steps ----

    def _new(self, ref: Ref, device: str, kind: str = "arena") -> int:
        node = self.graph[ref.node]
        index = self.at.setdefault((ref, device), len(self.buffers))
        self.buffers.append(Buffer(ref, device, kind, node.types[ref.index], value_bytes(node)[ref.index]))
        return index

    def _source(self, ref: Ref) -> int:
        """The buffer with the value as the run has it: of a state that changes, the one with its old value."""
        return self.kept.get(ref, self.at[ref, self._home(self.graph[ref.node])])

    def _keep(self, ref: Ref) -> int:
        """A second buffer that keeps the old value of a state."""
        own, kept = self._source(ref), len(self.buffers)
        self.buffers.append(replace(self.buffers[own], kind="arena"))
        self.steps[self.buffers[own].device].append(Copy(own, kept))
        return kept

    def _send(self, node: Node) -> None:
        device = self._home(node)
        for k in range(len(node.types)):
            ref = Ref(node.name, k)
            for target in self.targets.get(ref, ()):
                tag = self.tags[ref, target] = len(self.tags)
                self.steps[device].append(Send(ref, self.at[ref, device], target, tag))

    def _run(self, node: Node) -> None:
        device = self._home(node)
        for ref in node.inputs:
            if (ref, device) not in self.at:
                source = self._home(self.graph[ref.node])
                self.steps[device].append(Receive(ref, self._new(ref, device), source, self.tags[ref, device]))
        inputs = tuple(self.at[ref, device] for ref in node.inputs)
        outputs = tuple(self._result(Ref(node.name, k), device) for k in range(len(node.types)))
        self.steps[device].append(Run(node.name, node.op, inputs, outputs))
        self._send(node)
        for state in self.waiting_for.get(node.name, ()):
            self.waits[state].discard(node.name)
        self._update_ready(self.waiting_for.get(node.name, ()))

    def _result(self, ref: Ref, device: str) -> int:
        """The buffer that takes a result: a new one, or the state whose next value it is."""
        if ref not in self.straight:
            return self._new(ref, device)
        state = self.straight[ref]
        assert self.waits[state] == {ref.node}, f"{state} is still read by {self.waits[state]}"
        return self.at[Ref(state), device]

    def _update_ready(self, states: Iterable[str]) -> None:
        """Give their next values to those of the states that wait for nothing any more."""
        for state in [state for state in states if not self.waits[state]]:
            del self.waits[state]
            if (ref := self.graph.updates[state]) not in self.straight:
                target = self.at[Ref(state), self._home(self.graph[state])]
                self.steps[self.buffers[target].device].append(Copy(self._source(ref), target))

    # ---- memory ----

    def _placed(self, outputs: dict[str, int]) -> Plan:
        self._set_lifetimes(outputs)
        arena_bytes = {}
        for device in self.steps:
            own = [i for i, b in enumerate(self.buffers) if b.device == device and b.kind == "arena"]
            lives = [(self.buffers[i].first, self.buffers[i].last, self.buffers[i].bytes) for i in own]
            starts, arena_bytes[device] = offsets(lives)
            for i, start in zip(own, starts, strict=True):
                self.buffers[i] = replace(self.buffers[i], offset=start)
        plan = Plan(
            self.graph.name,
            {device: tuple(steps) for device, steps in self.steps.items()},
            tuple(self.buffers),
            {node.name: self._source(node.ref) for node in self.graph.inputs},
            outputs,
            {node.name: self.at[node.ref, self._home(node)] for node in self.graph.states},
            arena_bytes,
            {stage.device.name: stage.device.memory_bytes for stage in self.partition.stages},
        )
        return _within_memory(plan)

    def _set_lifetimes(self, outputs: dict[str, int]) -> None:
        """First and last step of each arena buffer; an output lives to the end."""
        first: dict[int, int] = {}
        last: dict[int, int] = {}
        for steps in self.steps.values():
            for i, step in enumerate(steps):
                for index in (*reads(step), *writes(step)):
                    first.setdefault(index, i)
                    last[index] = i
        last.update((index, len(self.steps[self.buffers[index].device])) for index in outputs.values())
        for i, buffer in enumerate(self.buffers):
            if buffer.kind == "arena":
                self.buffers[i] = replace(buffer, first=first[i], last=last[i])


def _within_memory(plan: Plan) -> Plan:
    for device, peak in plan.peak_bytes.items():
        if peak > (memory := plan.memory_bytes[device]):
            raise error(
                "E0602",
                f"the buffers of {device} need {bytes_text(peak)}, but it has {bytes_text(memory)}",
                "take a smaller batch, one device more, or a device with more memory",
            )
    return plan
