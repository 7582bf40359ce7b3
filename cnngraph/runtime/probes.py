"""Operators by which a machine is measured: some of each kind, of sizes that common networks have at a few images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cnngraph.ir.op import Op
from cnngraph.ir.types import TensorType
from cnngraph.ir.window import Window
from cnngraph.kernels.kernel import Task
from cnngraph.ops.add import Add
from cnngraph.ops.affine import Affine
from cnngraph.ops.avgpool import AvgPool
from cnngraph.ops.conv import Conv
from cnngraph.ops.globalavgpool import GlobalAvgPool
from cnngraph.ops.linear import Linear
from cnngraph.ops.lrn import Lrn
from cnngraph.ops.maxpool import MaxPool
from cnngraph.ops.moments import Moments
from cnngraph.ops.plane import Plane
from cnngraph.ops.relu import Relu
from cnngraph.ops.slope_sums import SlopeSums
from cnngraph.ops.softmax import Softmax
from cnngraph.ops.tanh import Tanh
from cnngraph.runtime.compile import forward, slope

SAMPLES = 2  # a tile of a batch of eight


def image(channels: int, positions: int) -> TensorType:
    """Square images of a tile."""
    return TensorType((SAMPLES, positions, positions, channels))


def trained(op: Op, *operands: TensorType) -> tuple[Task, ...]:
    """A product in training: the operator, and its gradients by x and by its weight."""
    task = forward(op, *operands)
    return task, slope(task, "x"), slope(task, "weight")


def probes() -> Mapping[str, Sequence[Task]]:
    """For each kind of operator the tasks that stand for it; `kind_of` agrees. Nothing is timed for moves."""
    three, strided, one = Window((3, 3)), Window((3, 3), (2, 2)), Window((1, 1))
    pooled = [forward(MaxPool(strided), image(64, 112)), forward(MaxPool(three, 1, 1), image(480, 14))]
    pooled.append(forward(AvgPool(Window((2, 2))), image(128, 28)))
    early, late, large = image(64, 56), image(256, 28), image(256, 56)
    active = forward(Relu(), image(128, 28))
    few = TensorType((256,))
    return {
        "convolution": (
            *trained(Conv(64, three, 1), early),
            *trained(Conv(128, three, 1), image(128, 28)),
            *trained(Conv(256, three, 1), image(256, 14)),
            *trained(Conv(32, three, 1), image(128, 14)),
        ),
        "strided_convolution": (
            forward(Conv(64, Window((7, 7), (2, 2)), 3), image(3, 224)),
            *trained(Conv(128, strided, 1), early),
            *trained(Conv(256, strided, 1), image(128, 28)),
        ),
        "depthwise": (
            *trained(Conv(96, three, 1, groups=96), image(96, 56)),
            *trained(Conv(192, three, 1, groups=192), image(192, 28)),
        ),
        "product": (
            *trained(Conv(64, one), late),
            *trained(Conv(256, one), image(64, 28)),
            *trained(Conv(128, one), image(512, 14)),
            *trained(Conv(128, one), image(512, 28)),
        ),
        "pooling": pooled,
        "reduction": (
            forward(Moments(), late),
            forward(SlopeSums(), late, late, few, few),
            forward(GlobalAvgPool(), image(512, 14)),
        ),
        "normalization": (forward(Lrn(5), early), forward(Lrn(5), image(192, 28))),
        "pointwise": (
            forward(Relu(), late),
            forward(Affine(), large, few, few),
            forward(Plane(), large, large, few, few, few),
            forward(Add(), late, late),
        ),
        "gradient": (slope(active, "x"), slope(pooled[0], "x"), slope(pooled[1], "x"), slope(pooled[2], "x")),
    }


def small_tasks() -> Sequence[Task]:
    """Operators of a very small network, LeNet, on a tile: it is not their arithmetic that takes time."""
    maps, pooled, vector = image(6, 28), image(6, 14), TensorType((SAMPLES, 120))
    pool = forward(AvgPool(Window((2, 2))), maps)
    return (
        *trained(Conv(16, Window((5, 5))), pooled),
        pool,
        slope(pool, "x"),
        forward(Tanh(), maps),
        slope(forward(Tanh(), maps), "x"),
        *trained(Linear(84), vector),
        forward(Softmax(), TensorType((SAMPLES, 10))),
    )
