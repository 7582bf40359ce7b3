"""How values are written in the printed form of a graph: sizes, types, windows and operators, as Python expressions.

    size       28, H, H/2, floor((W+1)/2)+1
    type       f32[batch, 28, 28, 1]; f32 is a scalar, i64(1000)[batch, 20] are ids below 1000
    operator   relu, conv(features=6, window=Window((5, 5)))

Python's own parser reads an expression; what may stand in it is a closed set, and nothing of it is evaluated by Python.
Not for the language of users, which `cnngraph.syntax` reads.
"""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterator, Mapping
from math import inf, nan

from cnngraph.ir.op import Op
from cnngraph.ir.registry import registry
from cnngraph.ir.size import Dim, Size, Symbol, exact_quotient, symbols
from cnngraph.ir.types import TensorType
from cnngraph.ir.window import Window

KINDS = {"f32": "float32", "f64": "float64", "i64": "int64"}
_KIND_OF = {dtype: kind for kind, dtype in KINDS.items()}
_CONSTANTS = {"inf": inf, "nan": nan}


class NotationError(ValueError):
    """An expression that is not of the notation."""


def show(value: object) -> str:
    """The value as an expression that `read` understands.

    >>> print(show(TensorType.of(3, (224, 224))), show(TensorType.ids(1000)), show((Window((7,), (2,)), "same", 0.5)))
    f32[batch, 224, 224, 3] i64(1000)[batch] (Window((7,), (2,)), 'same', 0.5)
    """
    match value:
        case None | bool() | str():
            return repr(value)
        case int():
            return repr(int(value))
        case float():
            return repr(float(value))  # a NumPy number is a float whose own repr differs
        case Size():
            return str(value)
        case tuple():
            return f"({', '.join(map(show, value))}{',' if len(value) == 1 else ''})"
        case Window():
            return f"Window({', '.join(show(v) for v in (value.size, value.stride) if v is not None)})"
        case TensorType():
            return _show_type(value)
        case Op():
            return show_op(value)
    raise TypeError(f"{type(value).__name__} has no printed form: {value!r}")


def show_op(op: Op, result: TensorType | None = None) -> str:
    """The operator with the fields that differ from their defaults; a field `type` equal to `result` is left out."""
    values = {f.name: getattr(op, f.name) for f in dataclasses.fields(op) if getattr(op, f.name) != f.default}
    if values.get("type") == result:
        values.pop("type", None)
    return f"{op.name}({', '.join(f'{k}={show(v)}' for k, v in values.items())})" if values else op.name


def _show_type(type_: TensorType) -> str:
    kind = _KIND_OF[type_.dtype] if type_.vocabulary is None else f"{_KIND_OF[type_.dtype]}({type_.vocabulary})"
    return f"{kind}[{', '.join(map(str, type_.shape))}]" if type_.shape else kind


def symbols_in(value: object) -> Iterator[Symbol]:
    """All symbols in a value that `show` can print, as often as they stand there."""
    match value:
        case Size():
            yield from symbols(value)
        case TensorType():
            yield from symbols_in(value.shape)
        case tuple():
            for item in value:
                yield from symbols_in(item)
        case Op():
            for field in dataclasses.fields(value):
                yield from symbols_in(getattr(value, field.name))


Sizes = Mapping[str, Dim]


def parse(text: str) -> ast.expr:
    """The syntax tree of one expression."""
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as problem:
        raise NotationError(f"`{text.strip()[:80]}` is not an expression") from problem


def read(tree: ast.expr, sizes: Sizes) -> object:
    """The value of an expression; `sizes` are the symbols that it may name. Raises `NotationError`.

    >>> read(parse("Window((5, 5), (2, 1))"), {})
    Window(size=(5, 5), stride=(2, 1))
    """
    match tree:
        case ast.Constant(value=None | bool() | int() | float() | str() as value):
            return value
        case ast.Tuple(elts=items):
            return tuple(read(item, sizes) for item in items)
        case ast.Name(id=name) if name in _CONSTANTS:
            return _CONSTANTS[name]
        case ast.Name(id=name) if name in sizes:
            return sizes[name]
        case ast.Name(id=name) if name in KINDS:
            return TensorType((), KINDS[name])
        case ast.Subscript(value=kind, slice=inner):
            shape = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            return dataclasses.replace(read_type(kind, sizes), shape=tuple(read_dim(size, sizes) for size in shape))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return _negative(read(operand, sizes))
        case ast.BinOp():
            return _arithmetic(tree, sizes)
        case ast.Call(func=ast.Name(id=name)):
            return _call(name, tree, sizes)
        case ast.Name():
            return read_op(tree, sizes)
    raise _unknown(tree)


def read_dim(tree: ast.expr, sizes: Sizes) -> Dim:
    value = read(tree, sizes)
    if isinstance(value, bool) or not isinstance(value, int | Size):
        raise NotationError(f"`{ast.unparse(tree)}` is not a size")
    return value


def read_type(tree: ast.expr, sizes: Sizes) -> TensorType:
    value = read(tree, sizes)
    if not isinstance(value, TensorType):
        raise NotationError(f"`{ast.unparse(tree)}` is not a type")
    return value


def read_op(tree: ast.expr, sizes: Sizes, result: TensorType | None = None) -> Op:
    """The operator; a field `type` that is left out is `result`."""
    call = ast.Call(tree, [], []) if isinstance(tree, ast.Name) else tree
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.args:
        raise _unknown(tree)
    if any(keyword.arg is None for keyword in call.keywords):
        raise _unknown(tree)
    cls = registry().get(call.func.id)
    if cls is None:
        raise NotationError(f"there is no operator or size `{call.func.id}`")
    fields = {keyword.arg: read(keyword.value, sizes) for keyword in call.keywords if keyword.arg}
    if result is not None and "type" in {f.name for f in dataclasses.fields(cls)}:
        fields.setdefault("type", result)
    try:
        return cls(**fields)
    except TypeError as problem:
        raise NotationError(f"the arguments of `{cls.name}` do not fit: {problem}") from problem


def _call(name: str, tree: ast.Call, sizes: Sizes) -> object:
    match name, tree.args, tree.keywords:
        case "floor", [ast.BinOp(op=ast.Div(), left=top, right=ast.Constant(value=int(divisor)))], [] if divisor > 0:
            return read_dim(top, sizes) // divisor
        case "Window", [size], []:
            return Window(_whole_numbers(size, sizes))
        case "Window", [size, stride], []:
            return Window(_whole_numbers(size, sizes), _whole_numbers(stride, sizes))
        case _, [ast.Constant(value=int(vocabulary))], [] if name in KINDS:
            return TensorType((), KINDS[name], vocabulary)
    return read_op(tree, sizes)


def _whole_numbers(tree: ast.expr, sizes: Sizes) -> tuple[int, ...]:
    value = read(tree, sizes)
    if isinstance(value, tuple) and value and all(isinstance(item, int) for item in value):
        return value
    raise NotationError(f"`{ast.unparse(tree)}` is not a tuple of whole numbers")


def _negative(value: object) -> object:
    if isinstance(value, int | float | Size) and not isinstance(value, bool):
        return -value
    raise NotationError("only a number or a size has a sign")


def _arithmetic(tree: ast.BinOp, sizes: Sizes) -> Dim:
    left, right = read_dim(tree.left, sizes), read_dim(tree.right, sizes)
    match tree.op:
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.Mult():
            return left * right
        case ast.Div() if isinstance(right, int) and right > 0:
            quotient = exact_quotient(left, right)
            if quotient is not None:
                return quotient
            raise NotationError(f"{left} is not known to be a multiple of {right}: write floor(({left})/{right})")
    raise _unknown(tree)


def _unknown(tree: ast.expr) -> NotationError:
    return NotationError(f"`{ast.unparse(tree)[:80]}` has no meaning here")
