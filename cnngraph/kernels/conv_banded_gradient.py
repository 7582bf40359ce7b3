"""The gradients of a convolution of few channels, by its banded weight (see `conv_banded`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache, partial
from math import prod
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array
from cnngraph.ir.types import TensorType
from cnngraph.kernels.conv_banded import moved_seconds, part_memory
from cnngraph.kernels.conv_banded_layout import Banded, bandable, candidates, strips_of
from cnngraph.kernels.conv_cost import product_seconds
from cnngraph.kernels.conv_layout import Block, Layout, layout_of
from cnngraph.kernels.conv_rows import RUN_SECONDS
from cnngraph.kernels.kernel import Call, Kernel, Key, Machine, Prepared, Task, in_turn
from cnngraph.ops.conv import Conv, matrix


def parts_of(banded: Banded, block: Block, dy: Array, memory: Array) -> tuple[Array, list[Call]]:
    """A block of dy as a matrix with a row for each part, and the calls that copy it where it does not lie so."""
    here = banded.result(block, dy)
    if banded.fits and dy.flags.c_contiguous:
        return banded.rows(here), []
    parts = banded.as_parts(block, memory)
    inside, beyond = parts[..., : here.shape[-2], :], parts[..., here.shape[-2] :, :]
    cleared: list[Call] = [partial(beyond.fill, 0)] if beyond.size else []
    return banded.rows(parts), [*cleared, partial(np.copyto, inside, here)]


# ---- the weight ----


@cache
def banded_weight(at: Layout) -> Banded:
    """Parts of the width that should be fastest for the weight gradient."""
    return min(candidates(at), key=lambda banded: weight_seconds(banded, Machine()))


def weight_seconds(banded: Banded, machine: Machine) -> float:
    wide, strips = banded.wide, strips_of(banded)
    blocks, rows = len(strips.blocks), strips.shape[1]
    product = product_seconds(wide.window, rows, wide.features, machine, wide.dtype) * wide.rows / rows
    size = wide.window * wide.features * wide.item_bytes
    added = (3 * (blocks - 1) + 2) * size / machine.cached_bytes_per_second
    calls = (6 * blocks + banded.width) * machine.call_seconds
    return strips.seconds(machine) + moved_seconds(banded, machine) + product + added + calls


class BandedConvWeight(Kernel):
    """The gradient of the band is one of copied rows; that of the weight is the sum over its diagonals."""

    name = "weight gradient of convolution by a banded weight"
    serves: ClassVar[tuple[Key, ...]] = ((Conv, "weight"),)
    strided = True

    def applies(self, task: Task) -> bool:
        return task.main is task.op and bandable(task)

    def workspace(self, task: Task) -> tuple[TensorType, ...]:
        banded = banded_weight(layout_of(task))
        strips = strips_of(banded)
        part = banded.band_type if len(strips.blocks) > 1 else TensorType((0,), banded.of.dtype)
        return (*strips.types(), part_memory(banded, strips), banded.band_type, part)

    def seconds(self, task: Task, machine: Machine) -> float:
        return weight_seconds(banded_weight(layout_of(task)), machine)

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        banded = banded_weight(layout_of(task))
        columns, (memory, padded, strips, parts, band, part) = strips_of(banded), workspace
        total = matrix(band, 2)
        calls = columns.start(padded)
        for index, block in enumerate(columns.blocks):
            windows = columns.matrix(block, memory)[0].T
            dy, copies = parts_of(banded, block, inputs[0], parts)
            product = matrix(part, 2) if index else total
            calls += [*columns.calls(block, inputs[1], memory, padded, strips), *copies]
            calls.append(partial(np.matmul, windows, dy, product))
            calls += [partial(np.add, total, product, total)] if index else []
        calls.append(partial(np.add.reduce, banded.diagonals(band), 0, None, outputs[0]))
        return in_turn(calls)


# ---- the input ----


@cache
def banded_input(at: Layout) -> Banded:
    """Parts of the width that should be fastest for the input gradient."""
    return min(candidates(at), key=lambda banded: input_seconds(banded, Machine()))


def input_seconds(banded: Banded, machine: Machine) -> float:
    wide, strips = banded.wide, strips_of(banded)
    rows, fast = strips.shape[1], machine.cached_bytes_per_second
    product = product_seconds(rows, wide.features, wide.window, machine, wide.dtype) * wide.rows / rows
    high = prod(wide.geometry.size[:-1])
    added = wide.rows * high * 2 * RUN_SECONDS + 3 * wide.rows * wide.window * wide.item_bytes / fast
    cleared = wide.images * prod(wide.positions) * wide.channels * wide.item_bytes / machine.bytes_per_second
    calls = len(strips.blocks) * (3 + high * banded.parts) * machine.call_seconds
    return product + added + cleared + moved_seconds(banded, machine) + calls


class BandedConvInput(Kernel):
    """dy band^T gives for each part what it adds to the columns that it reads, row after row."""

    name = "input gradient of convolution by a banded weight"
    serves: ClassVar[tuple[Key, ...]] = ((Conv, "x"),)

    def applies(self, task: Task) -> bool:
        return task.main is task.op and bandable(task)

    def prepares(self, task: Task) -> tuple[Prepared, ...]:
        banded = banded_input(layout_of(task))
        return (Prepared(1, banded.band_type, banded.fill),)

    def workspace(self, task: Task) -> tuple[TensorType, ...]:
        banded = banded_input(layout_of(task))
        strips = strips_of(banded)
        return (strips.types()[0], part_memory(banded, strips))

    def seconds(self, task: Task, machine: Machine) -> float:
        return input_seconds(banded_input(layout_of(task)), machine)

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        banded = banded_input(layout_of(task))
        columns, (memory, parts) = strips_of(banded), workspace
        band = matrix(prepared[0], 2).T
        calls: list[Call] = [partial(outputs[0].fill, 0)]
        for block in columns.blocks:
            dy, copies = parts_of(banded, block, inputs[0], parts)
            windows = columns.matrix(block, memory)[0]
            calls += [*copies, partial(np.matmul, dy, band, windows)]
            calls += _add_calls(banded.wide, block, windows, outputs[0])
        return in_turn(calls)


def _add_calls(wide: Layout, block: Block, windows: Array, dx: Array) -> list[Call]:
    """Add the windows of the parts to dx: each row of all windows of one column of parts in one call."""
    g = wide.geometry
    windows = windows.reshape(block.count, block.height, *wide.outs[1:], *g.size, wide.channels)
    calls: list[Call] = []
    for tap in _rows_of_windows(wide).taps(block):
        parts = tap.positions[-1]
        for index, part in enumerate(range(parts.start, parts.stop)):
            start = part * g.stride[-1] - g.pad[-1][0]
            first, last = max(0, -start), min(g.size[-1], wide.positions[-1] - start)
            if first < last:
                row: tuple[slice | int, ...] = (slice(None), *tap.outs[:-1], index, *tap.offset[:-1])
                columns = slice(start + first, start + last)
                target = dx[(block.images, *tap.positions[:-1], columns)]
                calls.append(partial(np.add, target, windows[row][..., first:last, :], target))
    return calls


def _rows_of_windows(wide: Layout) -> Layout:
    """The same with parts for positions on the last axis: an element of its window is a row of a wide window."""
    g = wide.geometry
    geometry = replace(
        g,
        size=(*g.size[:-1], 1),
        stride=(*g.stride[:-1], 1),
        pad=(*g.pad[:-1], (0, 0)),
        dilation=(*g.dilation[:-1], 1),
    )
    return replace(wide, geometry=geometry, positions=(*wide.positions[:-1], wide.outs[-1]))
