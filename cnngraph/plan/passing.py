"""What is made and read only before the first run: folded weights, of which a kernel then wants another form.

    fold conv1 -> w1   prepare w1 -> W1   fold conv2 -> w2   prepare w2 -> W2        w1 and w2 may have the same bytes:
    [==== w1 ==========================]  [==== w2 ==========================]       in the arena, which is still free
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from cnngraph.plan.steps import Job, Step, reads, writes


def soon_read(steps: Iterable[Step]) -> Job:
    """The steps, each as soon as what it reads is there, and right behind the last one that makes it."""
    waiting, made_by = list(steps), {view.buffer: step for step in steps for view in writes(step)}
    found: list[Step] = []
    done: set[int] = set()
    readers: dict[int, list[Step]] = {}
    for step in waiting:
        for buffer in {view.buffer for view in reads(step)} & made_by.keys():
            readers.setdefault(buffer, []).append(step)
    missing = {id(step): len({view.buffer for view in reads(step)} & made_by.keys()) for step in waiting}
    stack = [step for step in reversed(waiting) if not missing[id(step)]]
    while stack:
        step = stack.pop()
        found.append(step)
        for buffer in {view.buffer for view in writes(step)} - done:
            done.add(buffer)
            for reader in reversed(readers.get(buffer, [])):
                missing[id(reader)] -= 1
                if not missing[id(reader)]:
                    stack.append(reader)
    assert len(found) == len(waiting), "what follows from states alone waits for itself"
    return tuple(found)


def passing(prologue: Job, needed: Collection[int]) -> dict[int, tuple[int, int]]:
    """For each buffer that steps of the prologue make, and that is not needed later: its first and its last step."""
    lives: dict[int, tuple[int, int]] = {}
    for at, step in enumerate(prologue):
        for view in writes(step):
            if view.buffer not in needed:
                lives[view.buffer] = (at, at)
        for view in reads(step):
            if view.buffer in lives:
                lives[view.buffer] = (lives[view.buffer][0], at)
    return lives
