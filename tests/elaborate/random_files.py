"""Files that nobody has written: each follows the grammar, and whether it means anything is left to chance."""

from __future__ import annotations

import random
from collections.abc import Sequence

from cnngraph.ir.registry import registry

LAYERS = sorted(name for name, op in registry().items() if not op.internal)
MERGES = ("concat", "add", "mul", "max", "fork")
STANDARD = (("conv_bn", "conv_bn_relu", "conv_relu"), "std/conv.cnn")
SIGNS = ("+", "-", "*", "/", "%", "==", "!=", "<", ">=", "and", "or", "..", "@")
SHAPES = (
    "3@32x32",
    "3@HxW",
    "64@T",
    "16@8x8x8",
    "10",
    "ids(100)@T",
    "C@HxW/2",
    "3@(H/4, 2*W)",
    "1@(H + 1)xW",
    "tensor(n)",
)
MAX_DEPTH = 3


class Writer:
    """Writes one file. Names that were given are preferred later, so that many of them mean something."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.names = ["x", "it"]
        self.layers = ["relu", "conv(4, 3x3, same)", "dense(5)"]

    def file(self) -> str:
        """A whole file: imports, constants, blocks, a net or two, perhaps how one is trained."""
        items = ["cnn 1"] * self._maybe() + [self._import()] * self._maybe() + [self._let(0)] * self._maybe()
        items += [self._definition("block", i) for i in range(self.chance.randrange(3))]
        items += [self._definition("net", i) for i in range(self.chance.choice([1, 1, 1, 2]))]
        return "\n".join([*items, *[self._train()] * self._maybe()])

    def _maybe(self) -> int:
        return self.chance.randrange(2)

    def _pick(self, *choices: str) -> str:
        return self.chance.choice(choices)

    def _new(self, base: str) -> str:
        name = f"{base}{self.chance.randrange(30)}"
        self.names.append(name)
        return name

    def _import(self) -> str:
        names, path = STANDARD
        chosen = self.chance.sample(names, self.chance.randrange(1, len(names)))
        self.layers += chosen
        return f'import {", ".join(chosen)} from "{path}"'

    def _definition(self, kind: str, number: int) -> str:
        name = f"{kind}{number}"
        parts = [f"x: {self._pick(*SHAPES)}"] if kind == "net" or self._maybe() else ["c", "n = 2"]
        parts += [
            self._new("p") + self._pick("", "", ": layer", ": int") + self._pick(" = 3", " = relu", " = 0.5")
        ] * self._maybe()
        where = f" where {self._pick('H', 'W', 'T')} % {self._number()} == 0, W >= {self._number()}" * self._maybe()
        self.names.append(name)
        self.layers.append(name)
        return f"{kind} {name}({', '.join(parts)}){where} {self._body(0)}"

    def _body(self, depth: int) -> str:
        lines = [self._statement(depth) for _ in range(self.chance.randrange(1, 6 - depth))]
        lines += [f"return {', '.join(self._name() for _ in range(self.chance.randrange(1, 3)))}"] * (
            depth == 0 and self._maybe()
        )
        return "{\n" + "\n".join(lines) + "\n}"

    def _statement(self, depth: int) -> str:
        kind = self.chance.randrange(12)
        if kind == 0:
            return self._let(depth)
        if kind == 1:
            return f"shared {self._new('s')} = {self._pipe(depth + 1)}"
        if kind == 2:
            figure = self._pick("params", "macs", "depth", f"params({self._name()})", f"shape({self._name()})")
            return f"check {figure} == {self._expr(2)}"
        label = f"{self._new('l')}: " * self._maybe()
        return f"{label}{self._pipe(depth)}" + self._pick("", "", "", " on gpu0")

    def _let(self, depth: int) -> str:
        names = [self._new("v") for _ in range(self.chance.choice([1, 1, 1, 2]))]
        return f"let {', '.join(names)} = {self._pick(self._pipe(depth + 1), self._expr(2))}"

    def _pipe(self, depth: int) -> str:
        units = [self._unit(depth) for _ in range(self.chance.choice([1, 1, 2, 3]))]
        start = [self._name()] * (self.chance.randrange(3) == 0)
        row = f"  [{self._pick(*SHAPES)}]" * (self.chance.randrange(6) == 0)
        return " -> ".join([*start, *units]) + row

    def _unit(self, depth: int) -> str:
        kind = self.chance.randrange(8 if depth < MAX_DEPTH else 1)
        inner = depth + 1
        if kind == 1:
            lanes = [
                f"| {self._pick('', '', 'for i in [1, 3]: ')}{self._statement(inner)}"
                for _ in range(self.chance.randrange(1, 4))
            ]
            return f"{self._pick(*MERGES)} {{\n" + "\n".join(lanes) + "\n}"
        if kind == 2:
            return f"residual {self._body(inner)}" + f" project {self._layer()}" * self._maybe()
        if kind == 3:
            return f"repeat {self._expr(2)} {self._body(inner)}"
        if kind == 4:
            values = self._pick("0..3", "[(1, 2), (3, 4)]", "[8, 16]", self._expr(1))
            return f"for {self._pick('i', 'a, b')} in {values} {self._body(inner)}"
        if kind == 5:
            return f"if {self._expr(1)} {self._body(inner)}" + f" else {self._body(inner)}" * self._maybe()
        if kind == 6:
            return f"({self._pipe(inner)}) * {self._number()}"
        return self._layer()

    def _layer(self) -> str:
        if self._maybe():
            return self._pick(*self.layers)
        given = [
            self._pick(self._number(), "3x3", "1x1/2", "same", "bias = false", self._expr(2))
            for _ in range(self.chance.randrange(3))
        ]
        return f"{self._pick(*LAYERS, 'split', 'scan')}({', '.join(given)})"

    def _expr(self, depth: int) -> str:
        kind = self.chance.randrange(9 if depth < MAX_DEPTH else 3)
        if kind < 2:
            return self._number()
        if kind == 2:
            return self._name()
        below = [self._expr(depth + 1) for _ in range(3)]
        return [
            f"{below[0]} {self._pick(*SIGNS)} {below[1]}",
            f"({below[0]} if {below[1]} else {below[2]})",
            f"[{', '.join(below)}]",
            f"{self._pick('-', 'not ')}{below[0]}",
            f"{self._name()}.{self._pick('c', 'h', 'w', 'shape')}",
            f"{self._pick('floor', 'ceil', 'sqrt', 'ids', *self.layers)}({below[0]})",
        ][kind - 3]

    def _number(self) -> str:
        return self._pick("0", "1", "2", "3", "4", "8", "16", "0.5", "H", "W", "K", "true", "10_000", "-1")

    def _name(self) -> str:
        return self.chance.choice(self.names[-8:])

    def _train(self) -> str:
        losses: Sequence[str] = ("cross_entropy", "mse", "relu", "nothing")
        loss = f"{self.chance.choice(losses)}({self._name()}, {self._name()}) * {self._number()}"
        entries = [
            f"loss: {loss}",
            f"optimizer: {self._pick('sgd', 'adam')}(lr = {self._expr(2)})",
            f"epochs: {self._expr(2)}",
        ]
        return f"train net0 {{ {'; '.join(self.chance.sample(entries, self.chance.randrange(1, 4)))} }}"


def random_file(chance: random.Random) -> str:
    """A text of ten to a hundred lines."""
    return Writer(chance).file()
