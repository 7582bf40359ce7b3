"""The values of the language while a file is elaborated: numbers, sizes, shapes, layers and tensors.

`Unknown` stands for whatever failed: everything that meets it is silent, so that each cause is reported once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from cnngraph.diagnostics import Diagnostic, Label, Span
from cnngraph.ir.builder import Builder
from cnngraph.ir.graph import Node, Ref
from cnngraph.ir.op import Op
from cnngraph.ir.size import Dim, Size
from cnngraph.ir.types import TensorType, positions_text
from cnngraph.ir.window import Window
from cnngraph.syntax import ast

if TYPE_CHECKING:
    from cnngraph.elaborate.scope import Scope


class Problem(Exception):
    """One finding that ends the evaluation of a statement."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


def problem(code: str, message: str, span: Span, remark: str = "here", *helps: str) -> Problem:
    return Problem(Diagnostic(code, message, Label(span, remark), helps=helps))


@dataclass(frozen=True)
class Unknown:
    """The value of something that failed and has been reported."""


@dataclass(frozen=True)
class Pending:
    """The label of a line while the line itself is read."""


@dataclass(frozen=True)
class Tensor:
    """A value of the graph, or of the cell of a scan that lies `cells` deep."""

    ref: Ref
    type: TensorType
    cells: int = 0


@dataclass(frozen=True)
class Bundle:
    """Several results, with their names where they have some."""

    items: tuple[tuple[str | None, Tensor | Unknown], ...]

    @classmethod
    def of(cls, results: Iterable[tuple[str | None, Any]]) -> Bundle:
        """Results of which some may be bundles themselves: theirs stand in their places."""
        flat = [value.items if isinstance(value, cls) else ((name, value),) for name, value in results]
        return cls(tuple(item for items in flat for item in items))


@dataclass(frozen=True)
class Missing:
    """A name in a loss that the net does not define: it is fed from the data."""

    name: str
    span: Span


@dataclass(frozen=True)
class Sizes:
    """`3x3`, `HxW`."""

    dims: tuple[Dim, ...]

    def __str__(self) -> str:
        return positions_text(self.dims)


@dataclass(frozen=True)
class Ratio:
    """`7x7/2`: a window with its stride, or positions that are each divided."""

    sizes: Sizes
    divisor: int

    def __str__(self) -> str:
        return f"{self.sizes}/{self.divisor}"


@dataclass(frozen=True)
class Ids:
    """`ids(30_000)`: whole numbers below that."""

    vocabulary: int


@dataclass(frozen=True)
class Given:
    """One argument as it was written."""

    name: str | None
    value: Any
    span: Span


@dataclass(frozen=True)
class OpLayer:
    """An operator with the arguments given so far."""

    op: type[Op]
    given: tuple[Given, ...]
    span: Span


@dataclass(frozen=True)
class BlockLayer:
    """A block with the arguments given so far, and the scope of the file that defines it."""

    definition: ast.Definition
    home: Scope
    given: tuple[Given, ...]
    span: Span


@dataclass(frozen=True)
class PipeLayer:
    """`(a -> b)`: units that are read anew, with the names in sight where they stand, at each application."""

    pipe: ast.Pipe
    scope: Scope


@dataclass(frozen=True)
class RepeatLayer:
    """`layer * n`: in sequence, fresh weights each."""

    layer: Layer
    count: int
    span: Span


@dataclass(frozen=True)
class SplitLayer:
    """`split(n)`: n equal parts of the features; `split([16, 8])`: parts of so many features."""

    given: tuple[Given, ...]
    span: Span


@dataclass(frozen=True)
class ScanLayer:
    """`scan(cell, init = (h, c), reverse = true)`: a cell along the first axis of positions."""

    given: tuple[Given, ...]
    span: Span


@dataclass(frozen=True)
class Scanned:
    """What a scan gives: all its states side by side. One state is a slice of the channels; `last` is where it ends.

    The sequence of the first state goes on by itself; the final states are there for a `let` with several names.
    """

    tensor: Tensor
    states: tuple[tuple[int, int], ...]
    last: int
    span: Span
    sequence: Tensor | Unknown | None = None  # that of the first state, where a row has looked at it

    @property
    def type(self) -> TensorType:
        """The type of the sequence of the first state."""
        start, end = self.states[0]
        return self.tensor.type.known(channels=end - start)


@dataclass(eq=False)
class Instance:
    """The states of a shared layer, by their names in it, and the graph that they are in."""

    states: dict[str, Ref] = field(default_factory=dict)
    builder: Builder | None = None

    @property
    def nodes(self) -> list[Node]:
        builder, names = self.builder, dict.fromkeys(ref.node for ref in self.states.values())
        return [builder.nodes[name] for name in names] if builder else []


@dataclass(frozen=True)
class SharedLayer:
    """One instance: the states that its first use made serve every later one."""

    name: str
    layer: Layer
    instance: Instance = field(default_factory=Instance)


@dataclass(frozen=True)
class Figure:
    """`params`, `depth`, ...: a number by itself, and a function of a name where it is called."""

    value: Callable[[], Any] | None
    of: Callable[[Any, ast.Name], Any]  # (value of the name, the name as written)


@dataclass(frozen=True)
class Function:
    """`floor`, `ceil`, `sqrt`: numbers to numbers, at compile time."""

    name: str


Layer: TypeAlias = OpLayer | BlockLayer | PipeLayer | RepeatLayer | SplitLayer | ScanLayer | SharedLayer
LAYERS = (OpLayer, BlockLayer, PipeLayer, RepeatLayer, SplitLayer, ScanLayer, SharedLayer)
Value: TypeAlias = Any
Names: TypeAlias = Mapping[str, Value]

KINDS: tuple[tuple[tuple[type, ...], str], ...] = (
    ((bool,), "true or false"),
    ((int,), "a whole number"),
    ((Size,), "a size that the input leaves open"),
    ((float,), "a number"),
    ((str,), "a text"),
    ((Sizes,), "a size"),
    ((Ratio, Window), "a window"),
    ((TensorType,), "a shape"),
    ((tuple, list, range), "a list"),
    ((Tensor,), "a tensor"),
    ((Bundle,), "several tensors"),
    (LAYERS, "a layer"),
)


def kind_of(value: Value) -> str:
    """What a value is, in the words of a message."""
    return next((text for types, text in KINDS if isinstance(value, types)), "a word of the language")


def show(value: Value) -> str:
    """A value as the user would write it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Tensor):
        return str(value.type)
    if isinstance(value, (int, float, Size, Sizes, Ratio, TensorType)):
        return str(value)
    return f'"{value}"' if isinstance(value, str) else kind_of(value)
