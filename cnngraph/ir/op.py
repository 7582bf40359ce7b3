"""What an operator is: one frozen dataclass whose fields are its arguments in the language.

A subclass states its contract (`infer`, `forward`, `vjp`, `cost`, ...) for one node; it knows nothing of graphs.
They are found by `cnngraph.ir.registry`; no table names them.
`cnngraph/ops/README.md` shows how one is written outside of this package.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from cnngraph.ir.size import Dim, bind
from cnngraph.ir.types import TensorType

Array: TypeAlias = npt.NDArray[Any]
Shape: TypeAlias = tuple[int, ...]
Saved: TypeAlias = Mapping[str, Array]
T = TypeVar("T")


class OpError(Exception):
    """An operator refuses its arguments or inputs. The elaborator adds the place and the cause.

    `operand` is the index of the input at fault, if there is one.
    """

    def __init__(self, code: str, message: str, helps: Sequence[str] = (), operand: int | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.helps, self.operand = code, message, tuple(helps), operand


@dataclass(frozen=True)
class Weight:
    """A named state of one node: its type, the name of its initialiser, and whether training changes it by gradient."""

    type: TensorType
    initial: str
    trainable: bool = True


@dataclass(frozen=True)
class Cost:
    """What one application needs. `multiply_adds` are those of products, as papers count; they are two `flops` each."""

    flops: Dim
    bytes_moved: Dim
    multiply_adds: Dim = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.flops + other.flops,
            self.bytes_moved + other.bytes_moved,
            self.multiply_adds + other.multiply_adds,
        )


@dataclass(frozen=True)
class Onnx:
    """The ONNX operator that means the same, as plain data: name, first opset, attributes."""

    operator: str
    opset: int
    attributes: Mapping[str, object] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True)
class Sample:
    """An operator with inputs for the contract test: shapes of the operands (batch first), all sizes different.

    The numbers in them are drawn between the two of `domain`, where it is given.
    """

    op: Op
    inputs: tuple[TensorType, ...]
    batch: int = 2
    domain: tuple[float, float] | None = None


@dataclass(frozen=True)
class Op:
    """An operator, configured.

    Class variables:
      name       its name in the language and in the printed form
      operands   names of its tensor inputs; a variadic operator has one name for all of them
      weights    names of the states it can own, in the order in which they follow the operands
      saves      for each input it can be differentiated by: the names of what that gradient reads (operands, weights,
                 and outputs by their names). In a variadic operator the one name stands for all inputs.
      outputs    names of its results. Only the first one is differentiated.
      updates    state name -> index of the output that is its next value, while `self.changes_state`

    `outputs` and `saves` may be properties where training differs from inference: ask an instance, not the class.
    """

    name: ClassVar[str]
    operands: ClassVar[tuple[str, ...]] = ("x",)
    weights: ClassVar[tuple[str, ...]] = ()
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    outputs: ClassVar[tuple[str, ...]] = ("y",)
    updates: ClassVar[Mapping[str, int]] = {}
    variadic: ClassVar[bool] = False
    internal: ClassVar[bool] = False  # not a word of the language: made by the elaborator and the passes
    counts_depth: ClassVar[bool] = False  # a layer with weights, as papers count depth
    merges: ClassVar[bool] = False  # its inputs must agree: the elaborator explains where they part
    joint: ClassVar[bool] = False  # its gradients share their work: one node gives all of them (`vjp_all`)
    activation: ClassVar[bool] = False  # bends each value: between layers with weights stands one, never two
    loss: ClassVar[bool] = False  # a scalar from a prediction and a target
    stops_gradient: ClassVar[bool] = False  # what only it reads is a constant for the loss
    chosen_gradient: ClassVar[bool] = False  # `vjp` is not the slope, on purpose
    optimizer: ClassVar[bool] = False  # the next weight from a weight, its gradient and a rate
    samplewise: ClassVar[bool] = True  # a part of the batch gives that part of the results that have a batch
    pointwise: ClassVar[bool] = False  # an element of y needs that element of the operands, or of a vector of channels
    placed: ClassVar[bool] = False  # computes nothing: results and inputs can lie in one place, and nothing is copied
    gathers: ClassVar[bool] = False  # its results have no batch: those of a batch are `combine` of those of its parts

    # ---- the contract ----

    def infer(self, *inputs: TensorType) -> TensorType | tuple[TensorType, ...]:
        """Types of the outputs from the types of the operands; raises `OpError`."""
        raise NotImplementedError

    def forward(self, *inputs: Array) -> Array | tuple[Array, ...]:
        """The meaning of the operator, in plain NumPy. Inputs (operands, then weights) are never written to."""
        raise NotImplementedError

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        """The gradient by the input `wanted`, from the gradient `dy` by the first output.

        `saved` holds exactly what `saves[wanted]` names; `shapes` the shapes of all inputs.
        """
        raise NotImplementedError

    def vjp_all(
        self, wanted: Sequence[str], dy: Array, saved: Saved, shapes: Mapping[str, Shape]
    ) -> tuple[Array, ...]:
        """The gradients by several inputs. An operator that is `joint` computes what they share once."""
        return tuple(self.vjp(name, dy, saved, shapes) for name in wanted)

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        """Cost of one `forward` on all inputs (operands and weights); default: one flop for each output element."""
        return Cost(total_elements(outputs[:1]), total_bytes(inputs) + total_bytes(outputs))

    def vjp_cost(self, wanted: str, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        """Cost of one `vjp`, of a joint one whatever is wanted.

        A gradient of a product is one of the same size; but what reads only dL/dy, as that by a bias, adds it up.
        """
        cost = self.cost(inputs, outputs)
        if cost.multiply_adds == 0 or self.reads(wanted, len(inputs)):
            return cost
        index = self.input_names(len(inputs)).index(wanted)
        return Cost(total_elements(outputs[:1]), total_bytes(outputs[:1]) + inputs[index].bytes)

    def weight_types(self, *inputs: TensorType) -> Mapping[str, Weight]:
        """The states of a node with these operands, in the order of `weights`."""
        return {}

    def onnx(self) -> Onnx | None:
        """The equal ONNX operator, or None where it takes several or none."""
        return None

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        """Configurations for the contract test."""
        raise NotImplementedError

    # ---- optional parts ----

    def combine(self, parts: Sequence[Array], samples: Sequence[int]) -> tuple[Array, ...]:
        """Of an operator that gathers: its results from those of parts of the batch, which hold so many samples.

        `parts` has an array for each result, the parts along a new first axis; they are taken in their order.
        """
        return tuple(np.add.reduce(part, axis=0) for part in parts)

    def for_training(self) -> Op:
        """The operator that stands for this one while training; most are the same."""
        return self

    def target(self, prediction: TensorType) -> TensorType:
        """Of a loss: the type of its last operand."""
        raise NotImplementedError

    def reason(self, inputs: Sequence[TensorType]) -> str:
        """Why the output has other positions than the input, in words, for diagnostics."""
        return f"by this {self.name}"

    def formula(self, inputs: Sequence[TensorType]) -> tuple[str, ...]:
        """How sizes of the output follow from those of the input, with numbers; nothing where they stay as they are."""
        return ()

    def field_of_view(self, rank: int) -> tuple[tuple[int, int | Fraction], ...] | None:
        """(window extent, stride) for each position axis of the receptive field; None: all positions are seen.

        A stride is a fraction where the output has more positions than the input.
        """
        return ((1, 1),) * rank

    def field_start(self, positions: Shape) -> tuple[int | Fraction, ...]:
        """Where in an input of `positions` the first output position begins to see, along each axis.

        Output position o sees `extent` positions from floor(o * stride + start) on, those of `field_of_view`. Positions
        below 0 and beyond the end are padding.
        """
        return (0,) * len(positions)

    # ---- for everyone ----

    @property
    def changes_state(self) -> bool:
        """Whether a run of this node gives new values to its states (`updates`)."""
        return bool(self.updates)

    def output_types(self, inputs: Sequence[TensorType]) -> tuple[TensorType, ...]:
        return as_tuple(self.infer(*inputs))

    def apply(self, inputs: Sequence[Array]) -> tuple[Array, ...]:
        """`forward`, always as a tuple."""
        return as_tuple(self.forward(*inputs))

    def input_names(self, count: int) -> tuple[str, ...]:
        """Names of all inputs of a node that has `count` of them: x0, x1, ... where variadic."""
        if self.variadic:
            return tuple(f"{self.operands[0]}{i}" for i in range(count))
        return (*self.operands, *self.weights)[:count]

    def reads(self, wanted: str, count: int) -> tuple[str, ...]:
        """What `vjp` for `wanted` reads; raises KeyError where the operator is not differentiable by it."""
        if not self.variadic:
            return self.saves[wanted]
        entries = self.saves[self.operands[0]]
        names = self.input_names(count)
        return tuple(name for e in entries for name in (names if e == self.operands[0] else (e,)))

    def differentiable(self, wanted: str) -> bool:
        return (self.operands[0] if self.variadic else wanted) in self.saves

    def bind(self, sizes: Mapping[str, int]) -> Op:
        """The operator with numbers for symbols in its fields."""
        changed = {f.name: _bind(getattr(self, f.name), sizes) for f in dataclasses.fields(self)}
        return dataclasses.replace(self, **changed) if changed else self

    @classmethod
    def contract(cls) -> str:
        """What its docstring says: one line, the equation, shapes, fields, errors, cost and source."""
        return inspect.getdoc(cls) or ""

    def __str__(self) -> str:
        given = [f for f in dataclasses.fields(self) if getattr(self, f.name) != f.default]
        first = [f for f in dataclasses.fields(self) if f.default is dataclasses.MISSING]
        texts = [
            _show(getattr(self, f.name)) if f in first else f"{f.name}={_show(getattr(self, f.name))}" for f in given
        ]
        return f"{self.name}({', '.join(texts)})" if texts else self.name


def internal_field(default: T) -> T:
    """A field that passes set and the language cannot."""
    return dataclasses.field(default=default, metadata={"internal": True})


def refuse_ids(name: str, *inputs: TensorType) -> None:
    """Raise `OpError` where one of `inputs` holds ids; for operators that take numbers of any shape."""
    for index, x in enumerate(inputs):
        if x.vocabulary is not None:
            message = f"{name} needs features, but receives {x}"
            raise OpError("E0204", message, ("`embed(n)` makes vectors of ids",), operand=index)


def as_tuple(value: T | tuple[T, ...]) -> tuple[T, ...]:
    return value if isinstance(value, tuple) else (value,)


def total_elements(types: Sequence[TensorType]) -> Dim:
    return sum((t.elements for t in types), 0)


def total_bytes(types: Sequence[TensorType]) -> Dim:
    return sum((t.bytes for t in types), 0)


def channels_of(name: str, x: TensorType, operand: int = 0) -> Dim:
    """The channels of `x`; raises `OpError` where it holds ids or a single number, which have none."""
    if x.vocabulary is not None or not x.shape:
        helps = ("`embed(n)` makes vectors of ids",) if x.shape else ()
        raise OpError("E0204", f"{name} needs features, but receives {x}", helps, operand)
    return x.channels


def fixed_channels_of(name: str, x: TensorType) -> int:
    """The channels of `x` as a number, as weights need it; raises `OpError` where it is still a symbol."""
    channels = channels_of(name, x)
    if isinstance(channels, int):
        return channels
    message = f"{name} needs a fixed number of features, but receives {x}"
    raise OpError("E0204", message, ("use globalavgpool for any image size",), operand=0)


def product_cost(multiply_adds: Dim, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
    """Cost of a product: two flops for each multiply-add, everything read and written once."""
    return Cost(2 * multiply_adds, total_bytes(inputs) + total_bytes(outputs), multiply_adds)


def rng(*key: int) -> np.random.Generator:
    """Counter-based random numbers: the same key gives the same numbers, whatever was drawn before (Philox4x64)."""
    padded = [*(k % 2**64 for k in key), 0, 0, 0, 0][:4]
    return np.random.Generator(np.random.Philox(key=np.array(padded[:2], np.uint64), counter=[0, 0, *padded[2:]]))


def _bind(value: Any, sizes: Mapping[str, int]) -> Any:
    if isinstance(value, TensorType):
        return value.bind(**sizes)
    if isinstance(value, Op):
        return value.bind(sizes)
    if isinstance(value, tuple):
        return tuple(_bind(v, sizes) for v in value)
    return bind(value, sizes) if hasattr(value, "terms") else value


def _show(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"({', '.join(map(_show, value))}{',' if len(value) == 1 else ''})"
    return str(value)

