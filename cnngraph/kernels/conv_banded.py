"""Convolution of few channels by a banded weight: several outputs of a row at once, of all that their windows read.

A row of the result is cut into parts of some columns. The windows of a part lie in one wider window, and a matrix with
the weight on its diagonals (a Toeplitz matrix along the width) takes that to the whole part:

    y[o, part] = x[rows of o, columns of part] @ band,  band[i, q * stride + j * dilation, c, q, k] = weight[i, j, c, k]

There is more arithmetic than in the convolution, but runs to copy are longer, and the product is far from narrow: with
few channels and features that is faster. So this is a convolution by copied rows, of wider windows and more features.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array
from cnngraph.ir.types import TensorType
from cnngraph.kernels.conv_banded_layout import Banded, Strips, bandable, candidates, strips_of
from cnngraph.kernels.conv_cost import product_seconds
from cnngraph.kernels.conv_layout import Block, Layout, layout_of
from cnngraph.kernels.epilogue import epilogue_workspace, finish_calls, finish_seconds, finishable, prepared_bias
from cnngraph.kernels.kernel import Call, Kernel, Key, Machine, Prepared, Task, in_turn
from cnngraph.ops.conv import Conv, matrix
from cnngraph.ops.fused import Fused


@cache
def banded_conv(at: Layout) -> Banded:
    """Parts of the width that should be fastest."""
    return min(candidates(at), key=lambda banded: banded_seconds(banded, Machine()))


def banded_seconds(banded: Banded, machine: Machine) -> float:
    """Time of copies and products, and of moving results where parts reach beyond the end."""
    strips, at, wide = strips_of(banded), banded.of, banded.wide
    rows = strips.shape[1]
    product = product_seconds(rows, wide.window, wide.features, machine, at.dtype) * wide.rows / rows
    calls = (4 + (not banded.fits)) * len(strips.blocks) * machine.call_seconds
    return strips.seconds(machine) + product + moved_seconds(banded, machine) + calls


def moved_seconds(banded: Banded, machine: Machine) -> float:
    """Time to move all results, where whole parts do not fill the rows."""
    at = banded.of
    return 0.0 if banded.fits else 2 * at.rows * at.features * at.item_bytes / machine.cached_bytes_per_second


def part_memory(banded: Banded, strips: Strips) -> TensorType:
    """Memory for the results of one block, in whole parts."""
    return TensorType((strips.shape[1], banded.wide.features), banded.of.dtype)


class BandedConv(Kernel):
    """y = columns of wide windows @ band + bias, with what is fused behind."""

    name = "convolution by a banded weight"
    serves: ClassVar[tuple[Key, ...]] = ((Conv, ""),)
    epilogues = True

    def applies(self, task: Task) -> bool:
        return bandable(task) and finishable(task)

    def prepares(self, task: Task) -> tuple[Prepared, ...]:
        banded = banded_conv(layout_of(task))
        return (Prepared(1, banded.band_type, banded.fill), *prepared_bias(task, 2))

    def workspace(self, task: Task) -> tuple[TensorType, ...]:
        banded = banded_conv(layout_of(task))
        strips = strips_of(banded)
        parts = () if banded.fits else (part_memory(banded, strips),)
        return (*strips.types(), *parts, *epilogue_workspace(task))

    def seconds(self, task: Task, machine: Machine) -> float:
        banded = banded_conv(layout_of(task))
        behind = len(task.op.then) if isinstance(task.op, Fused) else 0
        calls = (len(task.main_inputs) - 2 + behind) * len(strips_of(banded).blocks)
        return banded_seconds(banded, machine) + finish_seconds(task, machine) + calls * machine.call_seconds

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        banded = banded_conv(layout_of(task))
        columns, (memory, padded, strips, *more) = strips_of(banded), workspace
        parts = [] if banded.fits else [more.pop(0)]
        band, *bias = prepared
        band = matrix(band, 2)
        calls = columns.start(padded)
        for block in columns.blocks:
            y = banded.result(block, outputs[0])
            calls += columns.calls(block, inputs[0], memory, padded, strips)
            product = partial(np.matmul, columns.matrix(block, memory)[0], band)
            calls += _parts_calls(product, banded, block, y, parts)
            calls += finish_calls(task, inputs, bias, matrix(y), banded.of.rows_of(banded.columns(block)), more)
        return in_turn(calls)


def _parts_calls(
    product: partial[Array], banded: Banded, block: Block, y: Array, memory: Sequence[Array]
) -> list[Call]:
    """Write the product to y, a block of the result: at once where whole parts fill its rows."""
    if not memory:
        return [partial(product, banded.rows(y))]
    parts = banded.as_parts(block, memory[0])
    return [partial(product, banded.rows(parts)), partial(np.copyto, y, parts[..., : y.shape[-2], :])]
