"""What a class is made of: modules of PyTorch, sequences, blocks with attributes and the lines of their `forward`."""

from __future__ import annotations

from dataclasses import dataclass, field

from cnngraph.diagnostics import Use
from cnngraph.interop.pytorch_source.form import Form
from cnngraph.interop.pytorch_source.step import Step, Weight


@dataclass(eq=False)
class Leaf:
    """A module of PyTorch, or of the few that are written beside the classes; a scan has a cell."""

    form: Form
    weights: tuple[Weight, ...] = ()
    cell: Block | None = None


@dataclass(eq=False)
class Chain:
    """`nn.Sequential`; or a list, where its members take more than the value of the one before."""

    members: tuple[Module, ...]
    name: str = "nn.Sequential"


@dataclass(eq=False)
class Choice:
    """A module, or nothing in its place: `module if ... else nn.Identity()`."""

    module: Module
    present: bool


@dataclass(frozen=True)
class Line:
    """One application in `forward`: of an attribute, or of a function."""

    results: tuple[str, ...]
    operands: tuple[str, ...]
    attribute: str | None
    form: Form
    pattern: str = ""
    name: str = ""  # what the value is called where it needs a name of its own
    row: object = None
    shape: str = ""
    loop: str = ""  # of a list of layers that follow each other: what one of them is called


@dataclass(eq=False)
class Block:
    """A class once it is known; `form` is then how it is made. Without lines it is a sequence."""

    word: str
    use: Use | None
    attributes: dict[str, Module]
    lines: tuple[Line, ...]
    inputs: tuple[str, ...]
    results: tuple[str, ...]
    form: Form | None = None
    inline: bool = False  # a sequence that is written where it stands
    steps: tuple[Step, ...] = field(default=(), repr=False)


Module = Leaf | Chain | Choice | Block
