"""Expressions of the language: names, arithmetic, shapes, lists, and calls (which configure layers or apply them)."""

from __future__ import annotations

from cnngraph.diagnostics import Diagnostic, Label, Span, Suggestion
from cnngraph.elaborate.apply import configured, group, settle, single
from cnngraph.elaborate.foreign import as_ours
from cnngraph.elaborate.frame import Frame
from cnngraph.elaborate.nodes import named_op, op_node
from cnngraph.elaborate.numbers import call_function, compute, is_number, is_whole, plain, rounded_quotient
from cnngraph.elaborate.values import (
    LAYERS,
    Figure,
    Function,
    Given,
    Ids,
    Missing,
    OpLayer,
    Problem,
    Ratio,
    RepeatLayer,
    Sizes,
    Tensor,
    Unknown,
    Value,
    kind_of,
    problem,
)
from cnngraph.ir.size import Dim, Size, exact_quotient
from cnngraph.ir.types import TensorType
from cnngraph.syntax import ast

MAX_POSITIONS = 16


def evaluate(frame: Frame, expr: ast.Expr) -> Value:
    """The value of an expression in this frame. The label of a line names a call that is the whole of it."""
    frame.step(expr.span)
    if frame.line_name is not None and not isinstance(expr, ast.Call):
        frame = frame.changed(line_name=None)
    match expr:
        case ast.Int(value=value) | ast.Float(value=value) | ast.Bool(value=value) | ast.String(value=value):
            return value
        case ast.Name():
            return _name(frame, expr)
        case ast.Dims():
            parts = [_size(frame, part, expr.span) for part in expr.parts]
            sizes = tuple(part for part in parts if not isinstance(part, Unknown))
            return Sizes(sizes) if len(sizes) == len(parts) else Unknown()
        case ast.Binary(operator="@"):
            return _shape(frame, expr)
        case ast.Binary():
            return _binary(frame, expr)
        case ast.Unary():
            return _unary(frame, expr)
        case ast.Choose():
            return _choose(frame, expr)
        case ast.Attribute():
            return _attribute(frame, expr)
        case ast.Tuple():
            return tuple(evaluate(frame, item) for item in expr.items)
        case ast.List():
            return [evaluate(frame, item) for item in expr.items]
        case ast.Group():
            return group(frame, expr.pipe)
        case ast.Call():
            return _call(frame, expr)


def value_of(frame: Frame, expr: ast.Expr) -> Value:
    """`evaluate`, with a variadic call such as `concat(a, b)` applied to the tensors it has."""
    return single(frame, settle(frame, evaluate(frame, expr), expr.span))


def _name(frame: Frame, expr: ast.Name) -> Value:
    if expr.text == "it":
        if frame.it is None:
            raise problem("E0110", "there is no value on the left of `it`", expr.span)
        return frame.it
    if frame.missing_ok and frame.scope.find(expr.text) is None:
        return Missing(expr.text, expr.span)
    value = frame.scope.look_up(expr.text, expr.span)
    if isinstance(value, Tensor):
        frame.session.used.add(value.ref)
    if isinstance(value, OpLayer):
        return OpLayer(value.op, value.given, expr.span)
    return value


def _size(frame: Frame, part: int | str, span: Span) -> Dim | Unknown:
    if isinstance(part, int):
        return part
    value = frame.scope.look_up(part, span)
    if not isinstance(value, (int, Size, Unknown)) or isinstance(value, bool):
        raise problem("E0103", f"`{part}` is {kind_of(value)}, not a size", span)
    return value


def _shape(frame: Frame, expr: ast.Binary) -> Value:
    """`channels@positions`, `ids(n)@positions`."""
    channels, positions = evaluate(frame, expr.left), evaluate(frame, expr.right)
    parts = positions if isinstance(positions, tuple) else (positions,)
    if any(isinstance(value, Unknown) for value in (channels, *parts)):
        return Unknown()
    dims = _positions(positions, expr.right.span)
    if isinstance(channels, Ids):
        return _checked(TensorType.ids(channels.vocabulary, dims), expr.span)
    if not isinstance(channels, (int, Size)) or isinstance(channels, bool):
        raise problem("E0103", f"the channels of a shape are a whole number, not {kind_of(channels)}", expr.left.span)
    return _checked(TensorType.of(channels, dims), expr.span)


def _checked(shape: TensorType, span: Span) -> TensorType:
    """The shape, if all its sizes are possible."""
    if len(shape.positions) > MAX_POSITIONS:
        limit = f"at most {MAX_POSITIONS} are possible"
        raise problem("E0402", f"a shape with {len(shape.positions):,} sizes of positions", span, limit)
    for size in shape.shape:
        if isinstance(size, int) and size < 1:
            raise problem("E0109", f"a shape has no size {size}", span, "every size is 1 or more")
    return shape


def _positions(value: Value, span: Span) -> tuple[Dim, ...]:
    if isinstance(value, Sizes):
        return value.dims
    if isinstance(value, Ratio):
        return tuple(_divided(d, value.divisor, span) for d in value.sizes.dims)
    if isinstance(value, tuple) and value and all(isinstance(v, (int, Size)) for v in value):
        return value
    if isinstance(value, (int, Size)) and not isinstance(value, bool):
        return (value,)
    raise problem("E0103", f"positions are sizes such as 28x28 or T, not {kind_of(value)}", span)


def _divided(dim: Dim, divisor: int, span: Span) -> Dim:
    quotient = exact_quotient(dim, divisor)
    if quotient is None:
        help_ = f"add `where {dim} % {divisor} == 0` to the net" if isinstance(dim, Size) else "write the number"
        raise problem("E0109", f"{dim} / {divisor} is not whole", span, "here", help_)
    return quotient


def as_shape(frame: Frame, expr: ast.Expr) -> TensorType | Unknown:
    """An expression as the shape it states: a number is a vector."""
    value, span = evaluate(frame, expr), expr.span
    if isinstance(value, (TensorType, Unknown)):
        return value
    if isinstance(value, Ids):
        return TensorType.ids(value.vocabulary)
    if isinstance(value, (int, Size)) and not isinstance(value, bool):
        return _checked(TensorType.of(value), span)
    if isinstance(value, tuple | list) and all(is_whole(size) and size > 0 for size in value):
        value = Sizes(tuple(value))  # `(3, 224, 224)`, as other tools write a shape
    if isinstance(value, Sizes) and len(value.dims) >= 2:
        *positions, channels = value.dims
        other = TensorType.of(channels, positions)
        first = TensorType.of(value.dims[0], value.dims[1:])
        raise Problem(
            Diagnostic(
                "E0103", "which size is the channels?", Label(span, "a shape is channels@positions"),
                helps=(f"write {other} if the channels come last, {first} if they come first",),
                suggestion=_with_channels(span, value.dims, other, first),
            )
        )
    raise problem("E0103", f"a shape such as 64@28x28 is expected, not {kind_of(value)}", span)


def _with_channels(span: Span, dims: tuple[Dim, ...], last: TensorType, first: TensorType) -> Suggestion | None:
    """The shape that was meant, where one end looks like the colours of an image and the other does not."""
    colours = [dim in (1, 3, 4) for dim in (dims[0], dims[-1])]
    return None if colours[0] == colours[1] else Suggestion(span, str(first if colours[0] else last))


def _binary(frame: Frame, expr: ast.Binary) -> Value:
    left, right = value_of(frame, expr.left), value_of(frame, expr.right)
    if expr.operator == "*" and isinstance(left, LAYERS) and (is_whole(right) or isinstance(right, Unknown)):
        if isinstance(right, Unknown):
            return right
        if right < 0:
            raise problem("E0108", f"a layer cannot be repeated {right} times", expr.right.span)
        return RepeatLayer(left, frame.repeated(right, expr.right.span), expr.span)
    if isinstance(left, Tensor) or isinstance(right, Tensor):
        return _tensor_arithmetic(frame, expr, left, right)
    return compute(expr.operator, left, right, expr.span)


def _tensor_arithmetic(frame: Frame, expr: ast.Binary, left: Value, right: Value) -> Value:
    """`+ - * /` of tensors and numbers, as nodes."""
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return Unknown()
    symbol = expr.operator

    def node(name: str, tensors: list[Tensor], *arguments: float) -> Value:
        return op_node(frame, named_op(name, *arguments), tensors, expr.span)

    if isinstance(left, Tensor) and isinstance(right, Tensor):
        if symbol == "-":
            return node("add", [left, node("scale", [right], -1.0)])
        if symbol in "+*/":
            return node({"+": "add", "*": "mul", "/": "div"}[symbol], [left, right])
    elif isinstance(left, Tensor) and is_number(right) and not isinstance(right, Size):
        if symbol in "+-":
            return node("shift", [left], float(right) if symbol == "+" else -float(right))
        if symbol == "*":
            return node("scale", [left], float(right))
        if symbol == "/":
            return node("scale", [left], compute("/", 1.0, float(right), expr.span))
    elif isinstance(right, Tensor) and is_number(left) and not isinstance(left, Size):
        if symbol in "+-":
            return node("shift", [right if symbol == "+" else node("scale", [right], -1.0)], float(left))
        if symbol == "*":
            return node("scale", [right], float(left))
        if symbol == "/":
            inverse = node("power", [right], -1.0)
            return inverse if left == 1 or not isinstance(inverse, Tensor) else node("scale", [inverse], float(left))
    raise problem("E0103", f"`{symbol}` cannot join {kind_of(left)} and {kind_of(right)}", expr.span)


def _unary(frame: Frame, expr: ast.Unary) -> Value:
    value = plain(value_of(frame, expr.operand), expr.span)
    if isinstance(value, Unknown):
        return value
    if expr.operator == "not" and isinstance(value, bool):
        return not value
    if expr.operator == "-" and is_number(value):
        return -value
    if expr.operator == "-" and isinstance(value, Tensor):
        return op_node(frame, named_op("scale", -1.0), [value], expr.span)
    raise problem("E0103", f"`{expr.operator}` cannot take {kind_of(value)}", expr.span)


def condition(frame: Frame, expr: ast.Expr) -> bool | Unknown:
    """The truth of an expression at compile time."""
    value = value_of(frame, expr)
    if not isinstance(value, (bool, Unknown)):
        raise problem("E0103", f"a condition is true or false, not {kind_of(value)}", expr.span)
    return value


def _choose(frame: Frame, expr: ast.Choose) -> Value:
    truth = condition(frame, expr.condition)
    if isinstance(truth, Unknown):
        return truth
    return evaluate(frame, expr.then if truth else expr.otherwise)


def _attribute(frame: Frame, expr: ast.Attribute) -> Value:
    value = value_of(frame, expr.value)
    if isinstance(value, Unknown):
        return value
    if not isinstance(value, Tensor):
        raise problem("E0103", f"`.{expr.name}` belongs to a tensor, not to {kind_of(value)}", expr.span)
    type_ = value.type
    axes = dict(zip({1: "t", 2: "hw", 3: "dhw"}.get(len(type_.positions), ""), type_.positions, strict=False))
    if expr.name == "shape":
        return type_
    if expr.name == "c" and type_.vocabulary is None:
        return type_.channels
    if expr.name in axes:
        return axes[expr.name]
    known = ", ".join(f".{n}" for n in ["shape", *([] if type_.vocabulary else ["c"]), *axes])
    raise problem("E0101", f"{type_} has no `.{expr.name}`", expr.span, "unknown", f"it has {known}")


def _call(frame: Frame, expr: ast.Call) -> Value:
    if isinstance(expr.function, ast.Name) and expr.function.text == "ids":
        return _ids(frame, expr)
    try:
        function = evaluate(frame, expr.function)
    except Problem as unknown:
        raise Problem(as_ours(unknown.diagnostic, expr)) from unknown
    if isinstance(function, Missing):
        frame.scope.look_up(function.name, function.span)
    if isinstance(function, Function):
        return _function(frame, function.name, expr)
    if isinstance(function, Figure):
        name = expr.arguments[0].value if len(expr.arguments) == 1 else None
        if not isinstance(name, ast.Name):
            raise problem("E0103", "one name of a line belongs here", expr.span)
        return function.of(_name(frame, name), name)
    bare = frame if frame.line_name is None else frame.changed(line_name=None)
    given = [_argument(bare, argument) for argument in expr.arguments]
    if isinstance(function, Unknown):
        return function
    if not isinstance(function, LAYERS):
        raise problem("E0103", f"{kind_of(function)} cannot be called", expr.span)
    return configured(frame, function, given, expr.span)


def _argument(frame: Frame, argument: ast.Argument) -> Given:
    """One argument; its own problem is reported here, so that the others are looked at as well."""
    try:
        value = value_of(frame, argument.value)
    except Problem as found:
        frame.session.report(found.diagnostic)
        value = Unknown()
    return Given(argument.name, value, argument.span)


def _function(frame: Frame, name: str, expr: ast.Call) -> Value:
    if len(expr.arguments) != 1 or expr.arguments[0].name is not None:
        raise problem("E0105", f"{name} takes one number", expr.span)
    inner = expr.arguments[0].value
    if name != "sqrt" and isinstance(inner, ast.Binary) and inner.operator == "/":
        return rounded_quotient(name, value_of(frame, inner.left), value_of(frame, inner.right), expr.span)
    return call_function(name, value_of(frame, inner), expr.span)


def _ids(frame: Frame, expr: ast.Call) -> Value:
    values = [value_of(frame, a.value) for a in expr.arguments]
    if len(values) == 1 and isinstance(values[0], Unknown):
        return values[0]
    if len(values) != 1 or not is_whole(values[0]) or values[0] < 1:
        raise problem("E0103", "ids takes one whole number from 1: how many different values there are", expr.span)
    return Ids(values[0])

