"""A layer by itself, as an expression may be: what it is, its arguments, and how it changes sizes."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from cnngraph.elaborate.arguments import configure, match, signature_of
from cnngraph.elaborate.values import BlockLayer, Layer, OpLayer
from cnngraph.interop.flat.words import argument_text
from cnngraph.ir.op import Op, OpError
from cnngraph.ir.size import symbol
from cnngraph.ir.types import TensorType
from cnngraph.ir.window import Window
from cnngraph.syntax import ast

Line = tuple[str, str]


def lines_of(layer: Layer) -> tuple[Line, ...]:
    """What there is to say of a layer without an input.

    >>> from cnngraph.elaborate.values import OpLayer
    >>> from cnngraph.ops.relu import Relu
    >>> from cnngraph.diagnostics import Source, Span
    >>> lines_of(OpLayer(Relu, (), Span(Source("text", "relu"), 0, 4)))
    (('is', 'Rectified linear unit: y = max(x, 0).'),)
    """
    if isinstance(layer, OpLayer):
        return tuple(_of_operator(layer))
    if isinstance(layer, BlockLayer):
        return tuple(_of_block(layer.definition))
    return (("is", "layers in sequence; give them an input: `3@224x224 -> ...`"),)


def _of_operator(layer: OpLayer) -> Iterator[Line]:
    yield "is", layer.op.contract().partition("\n")[0]
    signature = signature_of(layer.op)
    given, _ = match(signature, layer.given, layer.span, partial=True)
    complete = all(name in given or name in signature.optional for name in signature.plain)
    op = configure(layer.op, given) if complete else None
    fields = {field.name: field for field in dataclasses.fields(layer.op)}
    for name in signature.plain:
        value: Any = getattr(op, name) if isinstance(op, Op) else fields[name].default
        if value is dataclasses.MISSING:
            yield name, given[name].span.text if name in given else "is needed"
        elif value is not None:
            yield name, argument_text(op, value) if isinstance(op, Op) else str(value).lower()
    if isinstance(op, Op):
        yield from _sizes(op)


def _sizes(op: Op) -> Iterator[Line]:
    """How positions change, for an input of N positions on each axis."""
    window = next((value for value in vars(op).values() if isinstance(value, Window)), None)
    if window is None:
        return
    rank = len(window.size) if len(window.size) > 1 else 2
    try:
        formulas = op.formula((TensorType.of(getattr(op, "groups", 1), [symbol("N")] * rank),))
        view = op.field_of_view(rank)
    except OpError:
        return
    yield from (("positions", formula) for formula in formulas)
    if view:
        yield "receptive field", "x".join(str(extent) for extent, _ in view)


def _of_block(definition: ast.Definition) -> Iterator[Line]:
    if definition.documentation:
        yield "is", definition.documentation
    yield "block", f"{definition.name.text}({', '.join(parameter.span.text for parameter in definition.parameters)})"
