"""Compiles all loops ahead, for float32, into the user's cache folder, so that no run waits for it.

    python -m cnngraph.runtime.compile
"""

from __future__ import annotations

from collections.abc import Iterator
from time import perf_counter

from cnngraph.ir.op import Op
from cnngraph.ir.types import TensorType
from cnngraph.ir.window import Window
from cnngraph.kernels import kernels_for
from cnngraph.kernels.compiled import available, cache_folder
from cnngraph.kernels.kernel import Task
from cnngraph.ops.conv import Conv
from cnngraph.ops.gradient import Gradient
from cnngraph.ops.maxpool import MaxPool
from cnngraph.ops.moments import Moments
from cnngraph.ops.relu import Relu
from cnngraph.ops.slope_sums import SlopeSums
from cnngraph.runtime.tuning import bound

IMAGE, CHANNELS = TensorType((2, 8, 8, 4)), TensorType((4,))
WINDOW, STRIDED = Window((3, 3)), Window((3, 3), (2, 2))


def forward(op: Op, *operands: TensorType) -> Task:
    """The operator itself, with its weights."""
    weights = (weight.type for weight in op.weight_types(*operands).values())
    return Task(op, (*operands, *weights), op.output_types(operands))


def slope(of: Task, wanted: str) -> Task:
    """The gradient of a task by one input."""
    gradient = Gradient(of.op, (wanted,), of.inputs, of.outputs)
    names = (*of.op.input_names(len(of.inputs)), *of.op.outputs)
    known = dict(zip(names, (*of.inputs, *of.outputs), strict=True))
    return Task(gradient, (of.outputs[0], *(known[name] for name in gradient.saved)), gradient.infer())


def tasks() -> Iterator[Task]:
    """Tasks that need all loops there are."""
    yield forward(Relu(), IMAGE)
    yield forward(Moments(), IMAGE)
    yield forward(SlopeSums(), IMAGE, IMAGE, CHANNELS, CHANNELS)
    convolutions = [Conv(4, WINDOW, 1), Conv(4, WINDOW, 1, groups=4), Conv(4, STRIDED, 1, groups=4)]
    for task in (forward(conv, IMAGE) for conv in convolutions):
        yield from (task, slope(task, "x"), slope(task, "weight"))
    pool = forward(MaxPool(WINDOW), IMAGE)
    yield from (pool, slope(pool, "x"))


def compile_all() -> list[str]:
    """Compile what is not in the cache yet; the names of the kernels that can run then."""
    chosen = [(kernel, task) for task in tasks() for kernel in kernels_for(task) if kernel.compiled]
    for kernel, task in chosen:
        bound(kernel, task)
    return sorted({kernel.name for kernel, _ in chosen})


def main() -> int:
    """The exit status is 1 where the extra is not installed."""
    if not available():
        print("there is nothing to compile without numba: pip install 'cnngraph[jit]'")
        return 1
    start = perf_counter()
    found = compile_all()
    print("\n".join(found))
    print(f"{perf_counter() - start:.1f} s, kept in {cache_folder()}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
