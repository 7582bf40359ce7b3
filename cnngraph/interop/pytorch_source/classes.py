"""Blocks as classes: those of one name whose structures are equal are one class; their numbers become its parameters.

Inner blocks first, so that a block is known by the classes of its parts and the arguments that they are made with.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from cnngraph.interop.pytorch_source.choices import with_choices
from cnngraph.interop.pytorch_source.form import REQUIRED, Argument, Binding, made
from cnngraph.interop.pytorch_source.layout import Layout
from cnngraph.interop.pytorch_source.naming import class_name, free, word
from cnngraph.interop.pytorch_source.numbers import ABSENT, Column, Expression, Parameter, Solver
from cnngraph.interop.pytorch_source.parts import Block, Chain, Choice, Leaf, Module
from cnngraph.interop.pytorch_source.scopes import parameter_of
from cnngraph.ir.types import TensorType
from cnngraph.ir.window import Window

Types = Mapping[str, tuple[TensorType, Layout]]


@dataclass(frozen=True)
class Class:
    """A class to be written, by the first block that it is; `expressions` are its numbers, in order."""

    name: str
    model: Block
    blocks: tuple[Block, ...]
    parameters: tuple[Parameter, ...]
    expressions: tuple[Expression, ...]
    solver: Solver


def classes_of(root: Block, types: Types, taken: Sequence[str] = ()) -> list[Class]:
    """The classes of a program in the order in which they are needed; the blocks then know how they are made."""
    found: list[Class] = []
    by_height: dict[int, list[Block]] = {}
    for block, height in _blocks(root):
        by_height.setdefault(height, []).append(block)
    names = {class_name(root.word), *taken}
    for height in sorted(by_height):
        groups: dict[str, dict[Hashable, list[Block]]] = {}
        for block in by_height[height]:
            groups.setdefault(block.word, {}).setdefault(_skeleton_of_body(block), []).append(block)
        for variants in groups.values():
            found += _classes(list(variants.values()), root, types, names)
    order = {id(block): place for place, (block, _) in enumerate(_blocks(root))}
    return sorted(found, key=lambda made: min(order.get(id(block), len(order)) for block in made.blocks))


def _blocks(module: Module) -> list[tuple[Block, int]]:
    """All blocks in a module, each once, with how many classes stand inside of each other there; inner ones first."""
    seen: dict[int, tuple[Block, int]] = {}

    def visit(module: Module) -> int:
        inner = max((visit(part) for part in parts_of(module)), default=0)
        if not isinstance(module, Block):
            return inner
        seen.setdefault(id(module), (module, inner + 1))
        return inner + 1

    visit(module)
    return list(seen.values())


def parts_of(module: Module) -> tuple[Module, ...]:
    match module:
        case Leaf():
            return (module.cell,) if module.cell else ()
        case Chain():
            return module.members
        case Choice():
            return (module.module,) if module.present else ()
        case Block():
            return tuple(module.attributes.values())


def _classes(variants: list[list[Block]], root: Block, types: Types, names: set[str]) -> Iterator[Class]:
    """A class for each structure; sequences that come in several lengths are written where they stand."""
    is_root = variants[0][0] is root
    variants = with_choices(variants, _skeleton_of_body)
    sequences = [blocks for blocks in variants if not blocks[0].lines]
    lengths_vary = len({_without_repetition(blocks[0]) for blocks in sequences}) < len(sequences)
    for blocks in sequences if len(variants) > 1 else ():
        for block in blocks:
            block.inline = lengths_vary or len(blocks) == 1
    for blocks in (blocks for blocks in variants if not blocks[0].inline):
        name = class_name(root.word) if is_root else free(class_name(blocks[0].word), names)
        names.add(name)
        yield _class(name, blocks, types)


def _without_repetition(block: Block) -> Hashable:
    """The structure of a sequence in which equal members that follow each other are one."""
    return tuple(key for key, _ in groupby(map(_skeleton, block.attributes.values())))


def _class(name: str, blocks: list[Block], types: Types) -> Class:
    """The class of blocks with one structure."""
    holes = [list(_holes_of_body(block)) for block in blocks]
    columns: list[Column] = [tuple(hole.value for hole in column) for column in zip(*holes, strict=True)]
    solver = Solver(_candidates(blocks, types))
    expressions = _solved(solver, holes[0], columns)
    order = list(solver.candidates)
    known = sorted(solver.used.values(), key=lambda p: order.index(p.name) if p.name in order else len(order))
    parameters = tuple(sorted(known, key=_place_in_signature))
    for place, block in enumerate(blocks):
        arguments = [
            Argument(p.name, p.values[place], p.default, named=p.default is not REQUIRED) for p in parameters
        ]
        block.form = made(name, *arguments)
    return Class(name, blocks[0], tuple(blocks), parameters, expressions, solver)


@dataclass(frozen=True)
class Flag(Argument):
    """Whether a part is there that other uses of a class do not have; the next `count` numbers are of that part."""

    count: int = 0


def _solved(solver: Solver, holes: Sequence[Argument], columns: Sequence[Column]) -> tuple[Expression, ...]:
    """All numbers; then whether parts are there, which may follow from the numbers in them."""
    pairs = list(zip(holes, columns, strict=True))
    plain = [None if isinstance(hole, Flag) else solver.solve(hole, column) for hole, column in pairs]
    found: list[Expression] = []
    for place, (hole, column) in enumerate(pairs):
        known = plain[place]
        if known is None:
            inside = slice(place + 1, place + 1 + (hole.count if isinstance(hole, Flag) else 0))
            within = zip(holes[inside], plain[inside], strict=True)
            known = _condition(column, {h.role: e for h, e in reversed(list(within)) if e})
            known = known or solver.solve(Argument("project", True, False), column)
        found.append(known)
    return tuple(found)


def _condition(column: Column, by_role: Mapping[str, Expression]) -> Expression | None:
    """That a part is needed because the channels change, or because of its stride."""
    channels = [by_role[role] for role in ("in_channels", "out_channels") if role in by_role]
    if len(channels) < 2:
        return None
    old, new = sorted(channels, key=lambda e: not e.names)  # a parameter stands before a number
    differ = tuple(a != b for a, b in zip(old.values, new.values, strict=True))
    names = (*old.names, *new.names)
    if differ == column:
        return Expression(f"{old.template} != {new.template}", names, Binding.SUM, differ)
    stride = by_role.get("stride")
    if stride and tuple(s != 1 or d for s, d in zip(stride.values, differ, strict=True)) == column:
        template = f"{stride.template} != 1 or {old.template} != {new.template}"
        return Expression(template, (*stride.names, *names), Binding.SUM, column)
    return None


def _place_in_signature(parameter: Parameter) -> int:
    """Those without a default first; the others in the order that PyTorch has them in."""
    if parameter.default is REQUIRED:
        return 0
    order = ("stride", "padding", "output_padding", "dilation", "groups", "bias")
    return 1 + (order.index(parameter.name) if parameter.name in order else len(order))


def _candidates(blocks: Sequence[Block], types: Types) -> dict[str, Column]:
    """Numbers that the file has names for: the channels of the inputs, and the arguments of the block."""
    found: dict[str, Column] = {}
    inputs = [_channels(block.inputs, types) for block in blocks]
    for place in range(len(inputs[0])):
        name = "in_channels" if len(inputs[0]) == 1 else f"{inner_names(blocks[0])[place]}_channels"
        _offer(found, name, [channels[place] for channels in inputs])
    arguments = [dict(_numbers(block)) for block in blocks]
    outputs = [_channels(block.results, types)[0] for block in blocks]
    for name in arguments[0]:
        column = [given.get(name) for given in arguments]
        known = {"c": "out_channels" if column == outputs else "channels", "pad": "padding"}
        plain = known.get(name, word(name))
        _offer(found, plain, column)
    return found


def _offer(found: dict[str, Column], name: str, column: Sequence[object]) -> None:
    """A candidate, unless it is none everywhere, always the same, or known by another name."""
    values = tuple(column)
    if None not in values and len(set(values)) > 1 and values not in found.values():
        found[free(name, found)] = values


def _channels(names: Sequence[str], types: Types) -> list[object]:
    """Numbers of features; None for ids and open sizes."""
    known = [types[name][0] if name in types else None for name in names]
    last = [t.shape[-1] if t and t.shape and t.vocabulary is None else None for t in known]
    return [size if isinstance(size, int) else None for size in last]


def _numbers(block: Block) -> Iterator[tuple[str, object]]:
    """The arguments of a use that are numbers; a window is a size and a stride."""
    for name, value in (block.use.arguments if block.use else {}).items():
        if isinstance(value, Window):
            size = value.size[0] if len(set(value.size)) == 1 else value.size
            yield "kernel_size", size
            stride = value.stride or (1,)
            yield "stride", stride[0] if len(set(stride)) == 1 else stride
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield name, value


def inner_names(block: Block) -> list[str]:
    """What the inputs of a block are called inside of it: by the parameters of the file that are tensors."""
    if len(block.inputs) == 1:
        return ["x"]
    names: list[str] = []
    for value in block.inputs:
        names.append(free(word(parameter_of(block.use, value) or value.rpartition(".")[2]), names))
    return names


# ---- structure and numbers ----


def _skeleton(module: Module) -> Hashable:
    match module:
        case Leaf():
            cell = _skeleton(module.cell) if module.cell else None
            return (module.form.template, _roles(module.form.arguments), cell)
        case Chain():
            return (module.name, *map(_skeleton, module.members))
        case Choice():
            return ("choice", _skeleton(module.module))
        case Block(form=None):
            return ("nn.Sequential", *map(_skeleton, module.attributes.values()))
        case Block(form=form):
            assert form is not None
            return (form.template, _roles(form.arguments))


def _roles(arguments: Sequence[Argument]) -> Hashable:
    return tuple((a.role, a.named) for a in arguments)


def _skeleton_of_body(block: Block) -> Hashable:
    places = {name: place for place, name in enumerate(block.inputs)}
    lines = []
    for line in block.lines:
        operands = tuple(places[name] for name in line.operands)
        places.update((name, len(places)) for name in line.results if name != "_")
        shown = tuple(name != "_" for name in line.results)
        form = (line.form.template, _roles(line.form.arguments), line.pattern, line.loop)
        lines.append((line.attribute, form, operands, shown))
    attributes = tuple((name, _skeleton(part)) for name, part in block.attributes.items())
    results = tuple(places[name] for name in block.results) if block.lines else ()
    return (len(block.inputs), attributes, tuple(lines), results)


def _holes(module: Module) -> Iterator[Argument]:
    match module:
        case Leaf():
            if module.cell:
                yield from _holes(module.cell)
            yield from module.form.arguments
        case Chain():
            for part in module.members:
                yield from _holes(part)
        case Choice():
            inner = list(_holes(module.module))
            yield Flag("", module.present, count=len(inner))
            yield from (argument if module.present else replace(argument, value=ABSENT) for argument in inner)
        case Block(form=None):
            for part in module.attributes.values():
                yield from _holes(part)
        case Block(form=form):
            assert form is not None
            yield from form.arguments


def _holes_of_body(block: Block) -> Iterator[Argument]:
    """The arguments in the body of a block: of its attributes, then of its lines."""
    for part in block.attributes.values():
        yield from _holes(part)
    for line in block.lines:
        yield from (replace(argument) for argument in line.form.arguments)
