"""Which kernel computes a node: the one that should be fastest, from a cost model or from what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cnngraph.kernels import kernels_for
from cnngraph.kernels.kernel import Kernel, Machine, Task


@dataclass(frozen=True)
class Choice:
    """`exact` leaves out kernels that lose digits; `measured` names the fastest kernel of a task, where that is known.

    The choice depends on the task alone: every worker and every device takes the same kernel.
    """

    exact: bool = False
    machine: Machine = field(default_factory=Machine)
    measured: Mapping[Task, str] = field(default_factory=dict)
    _known: dict[Task, Kernel] = field(default_factory=dict, compare=False)

    def kernel(self, task: Task) -> Kernel:
        """The kernel that is fastest, as far as one knows."""
        if task not in self._known:
            able = kernels_for(task, self.exact)
            chosen = [k for k in able if k.name == self.measured.get(task)]
            self._known[task] = chosen[0] if chosen else min(able, key=lambda k: k.seconds(task, self.machine))
        return self._known[task]

    def seconds(self, task: Task) -> float:
        return self.kernel(task).seconds(task, self.machine)
