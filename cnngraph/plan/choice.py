"""Which kernel computes a node: the one that should be fastest, from a cost model or from what was measured."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from cnngraph.ir.size import number
from cnngraph.kernels import kernels_for
from cnngraph.kernels.kernel import PLAIN, Kernel, Machine, Task
from cnngraph.ops.fused import Fused


@dataclass(frozen=True)
class Choice:
    """`exact` leaves out kernels that lose digits; `compiled` = False those that an extra compiles.

    `measured` names the fastest kernel of a task, where that is known.

    Kernels that take more than `most_bytes` beside their inputs and outputs are left out, as long as others are there.
    `renewed`: the states change from run to run, and what kernels make of them is made in each.
    The choice depends on the task alone: every worker and every device takes the same kernel.
    """

    exact: bool = False
    machine: Machine = field(default_factory=Machine)
    measured: Mapping[Task, str] = field(default_factory=dict)
    most_bytes: int | None = None
    compiled: bool = True
    renewed: bool = False
    _known: dict[tuple[Task, int], Kernel] = field(default_factory=dict, compare=False)

    def kernel(self, task: Task, uses: int = 1) -> Kernel:
        """The kernel that is fastest, as far as one knows, where what it prepares serves so many calls."""
        key = task, uses if self.renewed else 1
        if key not in self._known:
            able = self.able(task)
            chosen = [k for k in able if k.name == self.measured.get(task)]
            chosen = chosen or [k for k in able if k is not PLAIN] or list(able)  # the plain one only if it must be
            bare = without_epilogue(task)  # so that the same numbers come out where nothing is fused
            self._known[key] = min(chosen, key=lambda k: self._seconds(k, bare, key[1]))
        return self._known[key]

    def _seconds(self, kernel: Kernel, task: Task, uses: int) -> float:
        return kernel.seconds(task, self.machine) + self.preparation_seconds(kernel, task, uses)

    def preparation_seconds(self, kernel: Kernel, task: Task, uses: int) -> float:
        """What it costs to make what a kernel wants, for each call; nothing where that is made once for ever."""
        if not self.renewed:
            return 0.0
        made = sum(number(wish.type.bytes) for wish in kernel.prepares(task))
        return made / self.machine.prepared_bytes_per_second / uses

    def able(self, task: Task) -> Sequence[Kernel]:
        """The kernels among which it is chosen."""
        found = kernels_for(task, self.exact, self.compiled)
        if self.most_bytes is None or len(found) == 1:
            return found
        sizes = [(kernel, extra_bytes(kernel, task)) for kernel in found if kernel is not PLAIN]  # it allocates
        limit = max(self.most_bytes, min(size for _, size in sizes))
        return [kernel for kernel, size in sizes if size <= limit]

    def seconds(self, task: Task, uses: int = 1) -> float:
        return self._seconds(self.kernel(task, uses), task, uses)

    @property
    def asked(self) -> Collection[Task]:
        """The tasks for which a kernel was chosen so far."""
        return {task: None for task, _ in self._known}.keys()


def without_epilogue(task: Task) -> Task:
    """The task without the operators that are fused behind the first one."""
    return Task(task.main, task.main_inputs, task.outputs) if isinstance(task.op, Fused) else task


def extra_bytes(kernel: Kernel, task: Task) -> int:
    """What a kernel takes beside inputs and outputs: its workspace, and what it wants to have prepared."""
    types = (*kernel.workspace(task), *(wish.type for wish in kernel.prepares(task)))
    return sum(number(type_.bytes) for type_ in types)
