"""Random networks as text: every construct of the language that makes nodes, in any nesting that fits."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

HEAD = """cnn 1
import bottleneck from "std/resnet.cnn"
block cell(c) = conv(c, 3x3, same) -> relu
block gate(x: tensor, y: tensor) { let s = sigmoid(x); return s * y, x - y }
"""


@dataclass
class Writer:
    """Writes the body of a net over a value of `channels` features at positions that never change."""

    chance: random.Random
    lines: list[str] = field(default_factory=list)
    names: list[tuple[str, int]] = field(default_factory=list)
    count: int = 0

    def fresh(self) -> str:
        self.count += 1
        return f"{self.chance.choice(['a', 'row', 'up_', 'conv'])}{self.count}"

    def units(self, channels: int) -> tuple[str, int]:
        c = self.chance.choice([4, 6, 8])
        return self.chance.choice(
            [
                (f"conv({c}, 3x3, same)", c),
                (f"conv({c}, 5x3, pad = (2, 1), bias = false) -> batchnorm", c),
                (f"cell({c})", c),
                (f"(cell({c}) -> dropout(0.25)) * 2", c),
                (f"bottleneck({c})", 4 * c),
                ("maxpool(3x3/1, same)", channels),
                ("leaky_relu(0.2)", channels),
                ("relu", channels),
                ("lrn(5, alpha = 0.0002)", channels),
                ("residual { cell(it.c) }", channels),
                ("concat { | cell(4) | for k in [1, 3]: conv(2, k, same) | identity }", channels + 8),
                (f"if {c} > 4 {{ tanh }} else {{ sigmoid }}", channels),
                ("repeat 2 { relu -> tanh }", channels),
                ("conv(4, 1x1) -> twin", 6),
            ]
        )

    def line(self, channels: int) -> int:
        unit, c = self.units(channels)
        more, c = self.units(c) if self.chance.random() < 0.4 else ("", c)
        text = f"{unit} -> {more}" if more else unit
        on = self.chance.choice(["", "", "", " on gpu0", ' on "the second"'])
        match self.chance.randrange(7):
            case 0:
                name = self.fresh()
                self.lines.append(f"{name}: {text}{on}")
                self.names.append((name, c))
            case 1:
                name = self.fresh()
                self.lines.append(f"let {name} = it -> {text}{on}" if self.at_left else f"relu -> {text}")
                if self.at_left:
                    self.names.append((name, c))
                    return channels
            case 2 if same := [n for n, k in self.names if k == channels]:
                number = self.chance.choice(["0.5 * ", "-1 * ", "3 * ", ""])
                end = self.chance.choice([" + 0.125", " - 2", " / 4", ""])
                self.lines.append(f"it {self.chance.choice('+-*')} {number}{self.chance.choice(same)}{end}")
                return channels
            case 3 if channels % 2 == 0:
                first, second = self.fresh(), self.chance.choice(["_", self.fresh()])
                self.lines.append(f"let {first}, {second} = it -> split(2){on}")
                self.names.append((first, channels // 2))
                return channels
            case 4 if same := [n for n, k in self.names if k == channels]:
                first, second = self.fresh(), self.fresh()
                self.lines.append(f"let {first}, {second} = gate(it, {self.chance.choice(same)})")
                self.names += [(first, channels), (second, channels)]
                return channels
            case _:
                self.lines.append(f"{text}{on}")
        return c

    @property
    def at_left(self) -> bool:
        """Whether `it` may begin the next line: the first line of a net has it as well."""
        return True


def random_net(seed: int) -> str:
    chance = random.Random(seed)
    writer = Writer(chance, ["shared twin = (conv(6, 1x1) -> batchnorm)"])
    image, where = chance.choice(
        [("4@16x12", ""), ("4@HxW", " where H % 8 == 0, W >= 5, H >= W"), ("4@Hx9", " where H > 3")]
    )
    writer.names.append(("image", 4))
    channels = 4
    if chance.random() < 0.3:
        image = f"{image}, other: {image}"
        writer.lines.append("image -> relu")
        writer.names.append(("other", 4))
    for _ in range(chance.randrange(2, 12)):
        channels = writer.line(channels)
    writer.lines.append("end: relu")
    kept = [name for name, _ in writer.names if name not in ("image", "other")]
    if kept and chance.random() < 0.6:
        writer.lines.append(f"return end, second = {chance.choice(kept)}")
    else:
        writer.lines.append("last: flatten" if image == "4@16x12" else "globalavgpool")
    return f"{HEAD}net n(image: {image}){where} {{\n" + "\n".join(f"  {line}" for line in writer.lines) + "\n}\n"
