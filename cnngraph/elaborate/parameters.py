"""Parameters of blocks and nets: which are tensors, what their types ask, and the facts of `where`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cnngraph.diagnostics import Diagnostic, Span
from cnngraph.elaborate.arguments import Signature, is_tensor, match
from cnngraph.elaborate.values import LAYERS, BlockLayer, Given, Problem, Tensor, Unknown, Value, kind_of, problem, show
from cnngraph.ir.size import Dim, Size
from cnngraph.ir.types import TensorType
from cnngraph.spelling import misspelled
from cnngraph.syntax import ast

if TYPE_CHECKING:
    from cnngraph.elaborate.frame import Frame

TYPES: dict[str, tuple[type, ...]] = {
    "int": (int, Size),
    "float": (float, int),
    "bool": (bool,),
    "string": (str,),
    "layer": LAYERS,
    "shape": (TensorType,),
    "list": (list, range, tuple),
}


def is_tensor_parameter(parameter: ast.Parameter) -> bool:
    """`x: tensor`, `h: tensor(n)` or `image: 3@224x224`; a plain type name or none is a plain parameter."""
    match parameter.type:
        case None:
            return False
        case ast.Name(text=text):
            return text == "tensor" or is_capital(text)
    kinds = (ast.Call, ast.Binary, ast.Int, ast.Dims, ast.Group, ast.Unary, ast.Tuple, ast.List)
    return isinstance(parameter.type, kinds)


def wrong_types(definition: ast.Definition) -> Iterator[Diagnostic]:
    """Types of parameters that are no types."""
    for parameter in definition.parameters:
        type_ = parameter.type
        if isinstance(type_, ast.Name) and type_.text not in (*TYPES, "tensor") and not is_capital(type_.text):
            known, otherwise = ("tensor", *TYPES), f"the types are tensor, {', '.join(TYPES)}, and shapes"
            yield misspelled("E0101", f"unknown type `{type_.text}`", type_.span, known, otherwise, "not a type")


def signature_of_block(definition: ast.Definition) -> Signature:
    tensors = tuple(p.name.text for p in definition.parameters if is_tensor_parameter(p))
    plain = {p.name.text: p for p in definition.parameters if not is_tensor_parameter(p)}
    optional = frozenset(name for name, p in plain.items() if p.default is not None)
    return Signature(definition.name.text, tensors, tuple(plain), optional)


def bind_parameters(inner: Frame, layer: BlockLayer, left: Value, span: Span) -> None:
    """Define the parameters of a block in the frame of its body, check their types and the block's `where`."""
    definition = layer.definition
    signature = signature_of_block(definition)
    plain, given = match(signature, layer.given, span, left if signature.tensors else None)
    values = [g.value for g in given] if signature.tensors else [left]
    if signature.tensors and len(values) != len(signature.tensors) and not _silent(values):
        raise problem(
            "E0104", f"{signature.layer} takes {len(signature.tensors)} tensors ({', '.join(signature.tensors)}), "
            f"not {len(values)}", span,
        )
    tensors = dict(zip(signature.tensors, values, strict=False))
    inner.it = values[0] if len(values) == 1 else None
    for parameter in definition.parameters:
        name = parameter.name.text
        if name in signature.tensors:
            value = tensors.get(name, Unknown())
        else:
            value = plain_value(inner, parameter, plain.get(name))
        inner.scope.define(name, value, parameter.name.span)
    for parameter in definition.parameters:
        if parameter.name.text in signature.tensors:
            check_tensor(inner, parameter, tensors.get(parameter.name.text), span)
    for fact in definition.where:
        truth = inner.session.value_of(inner, fact)
        if truth is False:
            raise problem("E0401", f"{signature.layer} needs {fact.span.text}", span, "which does not hold here")


def _silent(values: list[Value]) -> bool:
    return any(isinstance(v, Unknown) for v in values)


def plain_value(inner: Frame, parameter: ast.Parameter, given: Given | None) -> Value:
    """The value of a parameter that is no tensor: the argument, or its default, read in the frame of the body."""
    if given is None:
        if parameter.default is None:
            return Unknown()
        given = Given(None, inner.session.value_of(inner, parameter.default), parameter.default.span)
    check_kind(parameter, given.value, given.span)
    if is_tensor(given.value):
        raise problem(
            "E0103", f"`{parameter.name.text}` receives a tensor", given.span, "a tensor",
            f"declare it as `{parameter.name.text}: tensor`",
        )
    return given.value


def check_kind(parameter: ast.Parameter, value: Value, span: Span) -> None:
    """Raise where a plain value is not of the type that its parameter states."""
    wanted = parameter.type.text if isinstance(parameter.type, ast.Name) else ""
    types = TYPES.get(wanted, (object,))
    confused = isinstance(value, bool) and wanted in ("int", "float")
    if confused or not isinstance(value, (*types, Unknown)):
        raise problem("E0103", f"`{parameter.name.text}` is {wanted}, but receives {kind_of(value)}", span)


def check_tensor(inner: Frame, parameter: ast.Parameter, value: Value, span: Span) -> None:
    """`h: tensor(n)` asks for n features; a shape asks for itself, and binds the capitals that are new in it."""
    type_ = parameter.type
    if type_ is None or (isinstance(type_, ast.Name) and type_.text == "tensor"):
        return
    if not isinstance(value, Tensor):
        for name in capitals(type_):
            inner.scope.names.setdefault(name, (Unknown(), type_.span))
        return
    if isinstance(type_, ast.Call) and isinstance(type_.function, ast.Name) and type_.function.text == "tensor":
        if len(type_.arguments) != 1:
            raise problem("E0105", "tensor(n) takes one number of features", type_.span)
        wanted = inner.session.value_of(inner, type_.arguments[0].value)
        if not isinstance(wanted, Unknown) and (value.type.vocabulary is not None or value.type.channels != wanted):
            raise _refused(parameter, value, f"{show(wanted)} features", span)
        return
    _bind_capitals(inner, type_, value.type)
    if any(inner.scope.find(name) is None for name in capitals(type_)):
        raise _refused(parameter, value, type_.span.text, span)
    expected = inner.session.as_shape(inner, type_)
    if isinstance(expected, TensorType) and expected.shape != value.type.shape:
        raise _refused(parameter, value, str(expected), span)


def _refused(parameter: ast.Parameter, value: Tensor, wanted: str, span: Span) -> Problem:
    return problem("E0204", f"`{parameter.name.text}` wants {wanted}, but receives {value.type}", span)


def _bind_capitals(frame: Frame, shape: ast.Expr, actual: TensorType) -> None:
    """Names of sizes in a block's shape take the sizes of the tensor that comes in."""
    if isinstance(shape, ast.Name):
        shape = ast.Binary(shape.span, "@", shape, ast.Tuple(shape.span, ()))
    if not isinstance(shape, ast.Binary):
        return
    positions = _parts(shape.right)
    parts: list[tuple[str | int, Dim]] = []
    if len(positions) == len(actual.positions):
        parts = list(zip(positions, actual.positions, strict=True))
        if actual.vocabulary is None:
            parts += [(part, actual.channels) for part in _parts(shape.left)]
    for name, size in parts:
        if isinstance(name, str) and is_capital(name) and frame.scope.find(name) is None:
            frame.scope.define(name, size, shape.span)


def _parts(expr: ast.Expr) -> tuple[str | int, ...]:
    """The sizes of positions, as they are written: names and numbers; 0 for anything that has to be computed."""
    match expr:
        case ast.Name(text=text):
            return (text,)
        case ast.Dims(parts=parts):
            return parts
        case ast.Tuple(items=items):
            return tuple(item.text if isinstance(item, ast.Name) else 0 for item in items)
        case ast.Binary(operator="/", left=ast.Dims(parts=parts)):
            return (0,) * len(parts)
    return (0,)


def capitals(expr: ast.Expr) -> Iterator[str]:
    """Names of sizes in a shape, in order."""
    match expr:
        case ast.Name(text=text) if is_capital(text):
            yield text
        case ast.Dims():
            yield from (part for part in expr.parts if isinstance(part, str))
        case ast.Binary():
            yield from capitals(expr.left)
            yield from capitals(expr.right)
        case ast.Tuple():
            for item in expr.items:
                yield from capitals(item)


def is_capital(name: str) -> bool:
    """A name of a size: one capital letter, then digits only."""
    return name[0].isupper() and (len(name) == 1 or name[1:].isdigit())
