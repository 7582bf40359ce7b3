"""Where all paths to a step have passed: its immediate dominator, by jump pointers in the tree of dominators.

    Cooper, Harvey, Kennedy: A simple, fast dominance algorithm, 2001: in an acyclic graph one pass in dependency order
    is enough, and the dominator of a step is the nearest common ancestor of what it reads.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import reduce

ROOT = -1


class Dominators:
    """`of[step]` is the immediate dominator of each step; ROOT where only the beginning of everything is.

    Operands that are `aside` do not count, nor does a step that reads nothing else.

    >>> Dominators([(), (0,), (0,), (1, 2), ()]).of
    [-1, 0, 0, 0, -1]
    >>> Dominators([(), (), (0,), (1,), (2, 3)], aside={1}).of[4]
    2
    """

    def __init__(self, operands: Sequence[Sequence[int]], aside: Collection[int] = ()) -> None:
        self.of: list[int] = []
        self._depth: list[int] = []
        self._jump: list[int] = []
        floating: set[int] = set()
        for step, read in enumerate(operands):
            counted = [i for i in read if i not in aside and i not in floating]
            if read and not counted:
                floating.add(step)
            self._append(reduce(self._nearest, counted) if counted else ROOT)

    def _append(self, parent: int) -> None:
        """A jump pointer goes as far as two jumps of the parent where these are equally long (Myers 1983)."""
        far = self._jump_of(parent)
        farther = self._jump_of(far)
        equal = self._depth_of(parent) - self._depth_of(far) == self._depth_of(far) - self._depth_of(farther)
        self.of.append(parent)
        self._depth.append(self._depth_of(parent) + 1)
        self._jump.append(farther if equal and parent != ROOT else parent)

    def _nearest(self, a: int, b: int) -> int:
        while self._depth_of(a) != self._depth_of(b):
            low, high = (a, b) if self._depth_of(a) > self._depth_of(b) else (b, a)
            jump = self._jump_of(low)
            a, b = (jump if self._depth_of(jump) >= self._depth_of(high) else self.of[low]), high
        while a != b:
            same = self._jump_of(a) == self._jump_of(b)
            a, b = (self.of[a], self.of[b]) if same else (self._jump_of(a), self._jump_of(b))
        return a

    def _depth_of(self, step: int) -> int:
        return 0 if step == ROOT else self._depth[step]

    def _jump_of(self, step: int) -> int:
        return ROOT if step == ROOT else self._jump[step]
