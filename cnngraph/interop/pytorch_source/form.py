"""Expressions of PyTorch with holes: `nn.Conv2d(3, 64, 7, stride=2)`, where each number is a hole with a role.

Two expressions of one form differ in their numbers alone; so what differs between the uses of a block can become the
parameters of one class.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum


class Binding(IntEnum):
    """How tightly an expression holds together: a call, a product, a sum."""

    CALL = 0
    PRODUCT = 1
    SUM = 2


class Required:
    """The default of an argument that has none."""

    def __repr__(self) -> str:
        return "REQUIRED"


REQUIRED = Required()


@dataclass(frozen=True)
class Argument:
    """A value with the name that PyTorch has for it; left out where it is the default."""

    role: str
    value: object
    default: object = REQUIRED
    named: bool = True

    @staticmethod
    def of(role: str, value: object) -> Argument:
        """One that stands in its place without its name."""
        return Argument(role, value, named=False)


@dataclass(frozen=True)
class Form:
    """A template: `{0}`, `{1}` are the operands, `{}` the arguments, as in `F.max_pool2d({0}, {})`."""

    template: str
    arguments: tuple[Argument, ...] = ()
    binding: Binding = Binding.CALL
    takes: Binding = Binding.SUM  # operands that hold together less than this are put in parentheses

    def text(self, operands: Sequence[str], arguments: Sequence[str | None]) -> str:
        """The expression, from the texts of its operands and arguments; None is left out.

        >>> Form("F.relu({0}, {})").text(["x"], [])
        'F.relu(x)'
        """
        named = zip(self.arguments, arguments, strict=True)
        listed = ", ".join(f"{a.role}={text}" if a.named else text for a, text in named if text is not None)
        found = self.template.replace("{}", listed).replace(", )", ")")
        for place, operand in enumerate(operands):
            found = found.replace(f"{{{place}}}", operand)
        return found


def made(name: str, *arguments: Argument) -> Form:
    """A module or a call without operands: `nn.Conv2d(...)`."""
    return Form(f"{name}({{}})", arguments)


def call(name: str, *arguments: Argument) -> Form:
    """A function of one value: `F.relu(x, ...)`."""
    return Form(f"{name}({{0}}, {{}})", arguments)


def method(name: str, *arguments: Argument) -> Form:
    """A method of one value: `x.flatten(1)`."""
    return Form(f"{{0}}.{name}({{}})", arguments, takes=Binding.CALL)
