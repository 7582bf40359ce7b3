"""What would do where a network does not fit: layers that run again, a smaller batch. Each is tried.

resnet152 training needs 9.8 GB on the fullest device, gpu0, with 4 devices; 8 GB are there
help: 6 devices of 8 GB would do, or --recompute, or a batch of 20
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cnngraph.partition.explain import Question
from cnngraph.partition.partition import Partition
from cnngraph.partition.pose import pose
from cnngraph.partition.refusal import DoesNotFit, divisible
from cnngraph.partition.strategy import Deadline

SECONDS = 10.0  # for all trials together
STEPS = 3  # between a batch that fits and twice as much


def answered(question: Question) -> Partition:
    """The answer to the question. Errors: those of `split`; where memory is too small, with all that would do."""
    try:
        return question.answer()
    except DoesNotFit as reason:
        first, *others = reason.diagnostics
        texts = [*first.helps, *ways_out(question, Deadline(SECONDS))]
        raise DoesNotFit([replace(first, helps=(", or ".join(texts),) if texts else ()), *others]) from None


def ways_out(question: Question, deadline: Deadline) -> Iterator[str]:
    """What would do on the same devices: layers that run again, the largest batch found that fits."""
    if question.gradient and not question.recompute and fits(replace(question, recompute=True)):
        yield "--recompute"
    low, high, steps = 0, question.batch, STEPS  # `low` fits, `high` does not
    while high - low > 1 and steps and not deadline.over:
        middle = (low + high) // 2  # halves until one fits
        low, high = (middle, high) if fits(replace(question, batch=middle)) else (low, middle)
        steps -= bool(low)
    if low:
        yield f"a batch of {low}"


def fits(question: Question) -> bool:
    """Whether a quick strategy finds a division."""
    how = {key: question.how[key] for key in ("contiguous", "replicate") if key in question.how}
    return divisible(pose(question.graph(), question.cluster, **how))
