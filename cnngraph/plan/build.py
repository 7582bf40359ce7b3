"""Writes the plan down: buffers with their offsets, and the steps of every job with their views."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from cnngraph.cost.liveness import LEAVES
from cnngraph.ir.graph import Node, Ref
from cnngraph.ir.leaves import State
from cnngraph.ir.size import number
from cnngraph.ir.types import TensorType
from cnngraph.kernels.kernel import PLAIN, Kernel, Task
from cnngraph.kernels.views import is_joined
from cnngraph.partition.partition import Partition
from cnngraph.plan.batch import GATHERS, Batch
from cnngraph.plan.cuts import Cuts
from cnngraph.plan.memory import offsets
from cnngraph.plan.passing import passing, soon_read
from cnngraph.plan.places import Place, Places, task_of
from cnngraph.plan.plan import Plan
from cnngraph.plan.stages import Advance, Apply, ApplyPart, Get, Give, Item, Join, Keep, Ready
from cnngraph.plan.steps import Buffer, Combine, Copy, Job, Prepare, Receive, Run, Send, Stage, Step, View, reads

Tile = tuple[int, int]


class Build:
    """The plan while it grows, device by device."""

    def __init__(
        self,
        partition: Partition,
        batch: Batch,
        kernel: Callable[[Node], Kernel],
        cuts: Cuts,
        straight: Mapping[Ref, str],
        constant: Collection[str],
        phased: bool = False,
    ) -> None:
        self.partition, self.batch, self.kernel, self.cuts = partition, batch, kernel, cuts
        self.phased = phased  # runs may interrupt each other between phases
        self.graph, self.straight, self.constant = partition.graph, straight, constant
        self.buffers: list[Buffer] = []
        self.base: dict[tuple[Ref, str], int] = {}  # (root, device) -> buffer
        self.kept: dict[Ref, int] = {}  # state -> buffer with its old value
        self.shown: dict[str, View] = {}
        self.stages: dict[str, tuple[Stage, ...]] = {}
        self.prologue: dict[str, Job] = {}
        self.arena_bytes: dict[str, int] = {}
        self.worker_bytes: dict[str, int] = {}
        self.stash_bytes: dict[str, int] = {}
        self.phases: dict[str, tuple[int, ...]] = {}

    def leaves(self, order: Iterable[Node], home: Callable[[Node], str]) -> None:
        """Inputs and states have memory of their own."""
        for node in order:
            if isinstance(node.op, LEAVES):
                kind = "state" if isinstance(node.op, State) else "fed"
                self.base[node.ref, home(node)] = self.new(node.ref, home(node), kind, node.type)

    def keep(self, kept: Iterable[Ref], home: Callable[[Node], str]) -> None:
        for ref in kept:
            self.kept[ref] = self.new(ref, home(self.graph[ref.node]), "arena", self.graph.type_of(ref))

    def new(self, value: Ref, device: str, kind: str, type_: TensorType) -> int:
        self.buffers.append(Buffer(value, device, kind, type_, number(type_.bytes)))
        return len(self.buffers) - 1

    def device(self, device: str, constants: Sequence[Node], places: Places) -> None:
        """All stages of one device, and what is done once before the first run."""
        for ref in (Ref(node.name, k) for node in constants for k in range(len(node.types))):
            self.base[ref, device] = self.new(ref, device, "constant", self.graph.type_of(ref))
        written = _Device(self, device, places)
        self.prologue[device] = written.constants(constants)
        self.stages[device], self.phases[device] = written.stages()
        written.lay_out()
        written.lay_out_passing()
        for name, ref in self.graph.outputs.items():
            if self.partition.device_of[ref.node] == device:
                self.shown[name] = View(self.kept[ref]) if ref in self.kept else written.view(ref)

    def plan(self) -> Plan:
        home = self.partition.device_of
        return Plan(
            name=self.graph.name,
            stages=self.stages,
            prologue=self.prologue,
            buffers=tuple(self.buffers),
            inputs={node.name: self.base[node.ref, home[node.name]] for node in self.graph.inputs},
            outputs={name: self.shown[name] for name in self.graph.outputs},
            states={node.name: self.base[node.ref, home[node.name]] for node in self.graph.states},
            arena_bytes=self.arena_bytes,
            worker_bytes=self.worker_bytes,
            memory_bytes={stage.device.name: stage.device.memory_bytes for stage in self.partition.stages},
            phases=self.phases if any(map(any, self.phases.values())) else {},
            stash_bytes=self.stash_bytes,
        )


class _Device:
    """The steps of one device."""

    def __init__(self, build: Build, device: str, places: Places) -> None:
        self.build, self.device, self.places = build, device, places
        self.batch, self.graph = build.batch, build.graph
        self.lives: dict[int, tuple[int, int]] = {}  # buffer -> first and last position
        self.followers: list[tuple[int, int]] = []  # buffer -> the one whose memory it takes
        self.prepared: dict[tuple[str, int | None, int], int] = {}
        self.partial: dict[Ref, int] = {}
        self._make_buffers()

    def _make_buffers(self) -> None:
        for ref, state in self.build.straight.items():
            if (Ref(state), self.device) in self.build.base:
                self.build.base[ref, self.device] = self.build.base[Ref(state), self.device]
        for root in self.places.members:
            if (root, self.device) in self.build.base:
                continue
            local = self.places.is_local(root)
            type_ = self.batch.type_of(root, self.tile_samples if local else None)
            index = self.build.new(root, self.device, "worker" if local else "arena", type_)
            self.build.base[root, self.device] = index
            self.lives[index] = self.places.life(root)

    @property
    def tile_samples(self) -> int:
        first, stop = self.batch.tiles[0]
        return stop - first

    # ---- views ----

    def view(self, ref: Ref, tile: Tile | None = None) -> View:
        """The value, or what a tile has of it."""
        place = self.places.place.get(ref, Place(ref))
        index = self.build.base[place.root, self.device]
        view = View(index)
        samples = None
        if tile is not None and self.batch.batched(ref):
            samples = tile[1] - tile[0]
            if self.build.buffers[index].kind != "worker":
                view = view.cut(0, *tile)
            elif samples != self.tile_samples:
                view = view.cut(0, 0, samples)
        if place.channels is not None:
            view = view.cut(len(self.graph.type_of(place.root).shape) - 1, *place.channels)
        if place.reshaped:
            view = replace(view, shape=self.batch.type_of(ref, samples).concrete)
        return view

    def _partial_view(self, ref: Ref, tile: int | None) -> View:
        """The partial result of one tile, or all of them along a new first axis."""
        if ref not in self.partial:
            type_ = self.graph.type_of(ref)
            stacked = replace(type_, shape=(len(self.batch.tiles), *type_.shape))
            self.partial[ref] = self.build.new(ref, self.device, "arena", stacked)
        view = View(self.partial[ref])
        return view if tile is None else replace(view.cut(0, tile, tile + 1), shape=self.graph.type_of(ref).concrete)

    # ---- steps ----

    def constants(self, nodes: Sequence[Node]) -> Job:
        """The steps for what follows from states alone."""
        steps: list[Step] = []
        for node in nodes:
            task = self.batch.task(node)
            inputs = tuple(self.view(ref) for ref in node.inputs)
            outputs = tuple(self.view(Ref(node.name, k)) for k in range(len(node.types)))
            steps.append(Run(node.name, task, PLAIN, inputs, outputs))
        ready = {(item.node.name, item.part) for _, item in self.places.steps if isinstance(item, Ready)}
        for _, item in self.places.steps:
            if isinstance(item, Apply | ApplyPart) and item.node.name not in self.places.silent:
                part = item.part if isinstance(item, ApplyPart) else None
                if (item.node.name, part) not in ready:
                    kernel, task = self._work(item.node, part)
                    wishes = range(len(kernel.prepares(task)))
                    steps += [self._prepare(item.node, part, k, "constant") for k in wishes]
        return soon_read(steps)

    def _work(self, node: Node, part: int | None) -> tuple[Kernel, Task]:
        """The kernel and the task of a node, or of one part of it."""
        if part is None:
            return self.build.kernel(node), task_of(self.batch, node)
        task = self.build.cuts.parts(node)[part].task
        return self.build.cuts.choice.kernel(task), task

    def _prepare(self, node: Node, part: int | None, index: int, kind: str) -> Prepare:
        kernel, task = self._work(node, part)
        wish = kernel.prepares(task)[index]
        target = self.prepared[node.name, part, index] = self.build.new(node.ref, self.device, kind, wish.type)
        source = self.view(node.inputs[wish.source])
        if part is not None and (cut := self.build.cuts.parts(node)[part].inputs[wish.source]):
            source = source.cut(*cut)
        return Prepare(node.name, task, kernel, index, source, View(target))

    def stages(self) -> tuple[tuple[Stage, ...], tuple[int, ...]]:
        """The stages, and the phase of each."""
        found: list[Stage] = []
        position = 0
        for group in self.places.groups:
            tiles: Sequence[Tile | None] = self.batch.tiles if group.region else (None,)
            jobs: list[Job] = []
            for items in group.jobs:
                for i, tile in enumerate(tiles):
                    numbered = enumerate(items, position)
                    jobs.append(tuple(s for at, item in numbered for s in self._steps(item, at, tile, i)))
                position += len(items)
            found.append(tuple(job for job in jobs if job))
        phases = [group.phase for group in self.places.groups]
        kept = [(stage, phase) for stage, phase in zip(found, phases, strict=True) if stage]
        return tuple(stage for stage, _ in kept), tuple(phase for _, phase in kept)

    def _steps(self, item: Item, position: int, tile: Tile | None, number_of_tile: int) -> Iterable[Step]:
        match item:
            case Apply(node):
                return self._apply(node, position, tile, number_of_tile)
            case ApplyPart(node, part):
                return [self._apply_part(node, part, position)]
            case Ready(node, index, ready_part):
                step = self._prepare(node, ready_part, index, "arena")
                self._touch(step.target.buffer, position)
                return [step]
            case Join(node):
                return [self._combine(node, position)]
            case Advance(state, source):
                old = self.build.kept.get(source)
                if old is not None:
                    self._touch(old, position)
                return [Copy(self.view(source) if old is None else View(old), self.view(Ref(state)))]
            case Keep(state):
                self._touch(self.build.kept[state], position)
                return [Copy(self.view(state), View(self.build.kept[state]))]
            case Give(value, target, tag):
                return [Send(value, self.view(value), target, tag)]
            case Get(value, source, tag):
                return [Receive(value, self.view(value), source, tag)]

    def _apply(self, node: Node, position: int, tile: Tile | None, number_of_tile: int) -> Iterable[Step]:
        if node.name in self.places.silent:
            return []
        inputs = tuple(self.view(ref, tile) for ref in node.inputs)
        if is_joined(node.op):
            return self._copies(node, inputs, self.view(node.ref, tile))
        samples = None if tile is None else tile[1] - tile[0]
        task, kernel = self.batch.task(node, samples), self.build.kernel(node)
        if not (kernel.applies(task) and self._finds_its_own(node, kernel, task)):
            kernel = PLAIN  # the last tile is smaller than the one that the kernel was chosen for
        results = [Ref(node.name, k) for k in range(len(node.types))]
        gathers = tile is not None and self.batch.manner(node) == GATHERS
        if gathers:
            outputs = tuple(self._partial_view(ref, number_of_tile) for ref in results)
            for ref in results:
                self._touch(self.partial[ref], position)
        else:
            outputs = tuple(self.view(ref, tile) for ref in results)
        return [self._run(node, None, kernel, task, inputs, outputs, position)]

    def _finds_its_own(self, node: Node, kernel: Kernel, task: Task) -> bool:
        """Whether what is prepared for the first tile is what the kernel wants for this one."""
        made = kernel.prepares(task_of(self.batch, node))
        return [wish.type for wish in made] == [wish.type for wish in kernel.prepares(task)]

    def _apply_part(self, node: Node, part: int, position: int) -> Run:
        kernel, task = self._work(node, part)
        found = self.build.cuts.parts(node)[part]
        views = (self.view(ref) for ref in node.inputs)
        inputs = tuple(v if cut is None else v.cut(*cut) for v, cut in zip(views, found.inputs, strict=True))
        return self._run(node, part, kernel, task, inputs, (self.view(node.ref).cut(*found.output),), position)

    def _run(
        self,
        node: Node,
        part: int | None,
        kernel: Kernel,
        task: Task,
        inputs: tuple[View, ...],
        outputs: tuple[View, ...],
        position: int,
    ) -> Run:
        workspace = self._workspace(kernel, task, node.ref, position)
        prepared = tuple(View(self.prepared[node.name, part, k]) for k in range(len(kernel.prepares(task))))
        for view in prepared:
            self._touch(view.buffer, position)
        return Run(node.name, task, kernel, inputs, outputs, workspace, prepared)

    def _copies(self, node: Node, inputs: Sequence[View], output: View) -> Iterable[Step]:
        """The inputs of a concat that do not lie in it yet."""
        start = 0
        for ref, view in zip(node.inputs, inputs, strict=True):
            shape = self.graph.type_of(ref).shape
            target = output.cut(len(shape) - 1, start, start + number(shape[-1]))
            start += number(shape[-1])
            if self.places.place.get(ref, Place(ref)).root != self.places.place[node.ref].root:
                yield Copy(view, target)

    def _combine(self, node: Node, position: int) -> Combine:
        results = [Ref(node.name, k) for k in range(len(node.types))]
        parts = tuple(self._partial_view(ref, None) for ref in results)
        for ref in results:
            self._touch(self.partial[ref], position)
        samples = tuple(stop - first for first, stop in self.batch.tiles)
        return Combine(node.name, node.op, parts, samples, tuple(self.view(ref) for ref in results))

    # ---- memory ----

    def _touch(self, index: int, position: int) -> None:
        if self.build.buffers[index].kind == "constant":
            return
        group, _ = self.places.steps[position]
        first, last = self.places.span[group] if self.places.shared(group) else (position, position)
        known = self.lives.get(index, (first, last))
        self.lives[index] = min(first, known[0]), max(last, known[1])

    def _workspace(self, kernel: Kernel, task: Task, value: Ref, position: int) -> tuple[View, ...]:
        """Memory of the worker for this step alone; other tiles of the step take the same."""
        views = []
        for k, type_ in enumerate(kernel.workspace(task)):
            key = Ref(f"{value.node} workspace {k} at {position}")
            leader = self.build.base.get((key, self.device))
            index = self.build.new(value, self.device, "worker", type_)
            if leader is None:
                self.build.base[key, self.device] = index
                self.lives[index] = (position, position)
            elif self.build.buffers[index].bytes <= self.build.buffers[leader].bytes:
                self.followers.append((index, leader))
            else:
                self.lives[index] = (position, position)
            views.append(View(index))
        return tuple(views)

    def lay_out(self) -> None:
        """Offsets: of the arena that the workers share, and of the arena that each of them has."""
        kinds = {index: self.build.buffers[index].kind for index in self.lives}
        old = {i for i in self.build.kept.values() if self.build.buffers[i].device == self.device}
        for index in old.intersection(self.lives):
            if any(ref in self.graph.outputs.values() and at == index for ref, at in self.build.kept.items()):
                self.lives[index] = (self.lives[index][0], len(self.places.steps))
        for ref in self.graph.outputs.values():
            if self.build.partition.device_of[ref.node] == self.device and ref not in self.build.kept:
                index = self.view(ref).buffer
                if index in self.lives:
                    self.lives[index] = (self.lives[index][0], len(self.places.steps))
        stash = [i for i in kinds if kinds[i] == "arena" and self._outlives_a_phase(i)]
        self.build.arena_bytes[self.device] = self._place([i for i in kinds if kinds[i] == "arena" and i not in stash])
        if stash:
            self.build.stash_bytes[self.device] = self._place(stash)
            for index in stash:
                self.build.buffers[index] = replace(self.build.buffers[index], kind="stash")
        groups: dict[int, list[int]] = {}
        for index in (i for i in kinds if kinds[i] == "worker"):
            groups.setdefault(self.places.steps[self.lives[index][0]][0], []).append(index)
        self.build.worker_bytes[self.device] = max(map(self._place, groups.values()), default=0)
        for index, leader in self.followers:
            self.build.buffers[index] = replace(
                self.build.buffers[index],
                **{k: getattr(self.build.buffers[leader], k) for k in ("first", "last", "offset")},
            )

    def _outlives_a_phase(self, index: int) -> bool:
        """Whether a run that another phase interrupts still needs the buffer."""
        if not self.build.phased:
            return False
        groups, steps = self.places.groups, self.places.steps
        first, last = self.lives[index]
        return last >= len(steps) or groups[steps[first][0]].phase != groups[steps[last][0]].phase

    def lay_out_passing(self) -> None:
        """What only steps before the first run read lies in the arena, as long as that is free."""
        steps = [step for stage in self.build.stages[self.device] for job in stage for step in job]
        prologue = self.build.prologue[self.device]
        self.lives |= (found := passing(prologue, {view.buffer for step in steps for view in reads(step)}))
        for index in found:
            self.build.buffers[index] = replace(self.build.buffers[index], kind="passing")
        self.build.arena_bytes[self.device] = max(self.build.arena_bytes[self.device], self._place(list(found)))

    def _place(self, indices: Sequence[int]) -> int:
        starts, total = offsets([(*self.lives[i], self.build.buffers[i].bytes) for i in indices])
        for i, start in zip(indices, starts, strict=True):
            first, last = self.lives[i]
            self.build.buffers[i] = replace(self.build.buffers[i], first=first, last=last, offset=start)
        return total
