"""W111: `2/1` where a window is expected. `3x3/2` is a window with its stride, but `2/1` is the number 2.

    maxpool(3x3/2)    a window of 3x3, stride 2
    maxpool(4/2)      a window of 2, and its stride is 2 as well: 4 divided by 2
"""

from __future__ import annotations

from collections.abc import Iterator

from cnngraph.diagnostics import Diagnostic, Label, Suggestion
from cnngraph.elaborate.arguments import signature_of
from cnngraph.elaborate.parameters import is_tensor_parameter
from cnngraph.elaborate.values import BlockLayer, OpLayer
from cnngraph.lint.subject import Subject
from cnngraph.syntax import ast
from cnngraph.syntax.tree import walk


def find(subject: Subject) -> Iterator[Diagnostic]:
    for call in walk(subject.module):
        if isinstance(call, ast.Call) and isinstance(call.function, ast.Name):
            parameters = _parameters(subject, call.function)
            for place, argument in enumerate(call.arguments):
                name = argument.name or next(iter(parameters[place:]), None)
                if name == "window" and name in parameters and _is_quotient(argument.value):
                    yield _finding(call, argument, "stride" in parameters)


def _parameters(subject: Subject, function: ast.Name) -> list[str]:
    """The parameters of a layer or block in the order in which they are given; none for what is not one by itself."""
    value, _ = subject.program.scope.find(function.text) or (None, None)
    if isinstance(value, OpLayer):
        return list(signature_of(value.op).plain)
    if isinstance(value, BlockLayer):
        return [p.name.text for p in value.definition.parameters if not is_tensor_parameter(p)]
    return []


def _is_quotient(value: ast.Expr) -> bool:
    """Whether a value is a number, divided: a name may stand for a window, whose stride this would be."""
    return isinstance(value, ast.Binary) and value.operator == "/" and isinstance(value.left, ast.Int)


def _finding(call: ast.Call, argument: ast.Argument, has_stride: bool) -> Diagnostic:
    assert isinstance(argument.value, ast.Binary)
    size, step = argument.value.left.span.text, argument.value.right.span.text
    better = f"{size}, stride = {step}"
    mends = has_stride and all(other.name != "stride" for other in call.arguments)
    return Diagnostic(
        "W111",
        f"a window of one axis looks like a stride: `{argument.value.span.text}` is a quotient",
        Label(argument.value.span, f"this is {size} divided by {step}"),
        helps=(f"a window of {size} with a stride of {step} is written `{better}`",),
        suggestion=Suggestion(argument.value.span, better, safe=False) if mends else None,
    )
