"""What attacks do to a net, as a table, a chart and pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cnngraph.data.class_names import class_name
from cnngraph.data.dataset import Dataset, Part
from cnngraph.diagnostics import error
from cnngraph.examine.adversarial import Attack, Attacker, Strike, strikes
from cnngraph.examine.evaluation import in_bytes
from cnngraph.examine.scaling import enlargement
from cnngraph.ir.op import Array
from cnngraph.net import Net
from cnngraph.render.chart import Chart, Series, lines
from cnngraph.render.sheet import Sheet, Tile, sheet, spread01
from cnngraph.render.tabular import Cell, Column, Quantity, Table
from cnngraph.train.feeds import cut

SIZES = (0, 1, 2, 4, 8, 16, 32, 64)
SHOWN = 8
SIDE = 96  # pixels of a picture on a sheet


@dataclass(frozen=True, eq=False)
class Example:
    """A picture before and after (H, W, C), from 0 to 255, with what the net said of both."""

    before: Array
    after: Array
    said: tuple[str, float]
    says: tuple[str, float]

    def tiles(self, size: float) -> tuple[Tile, Tile, Tile]:
        """The picture, what is added (grey: nothing, white: the size more, black: the size less), and the result."""
        change = spread01(self.after - self.before, size)
        times = f"change x {127 / size:.3g}"
        return (
            Tile(_bytes(self.before), f"{self.said[0]}: {self.said[1]:.1%}"),
            Tile(change if change.shape[-1] in (1, 3) else change.mean(axis=-1).astype(np.uint8), times),
            Tile(_bytes(self.after), f"{self.says[0]}: {self.says[1]:.1%}"),
        )


@dataclass(frozen=True, eq=False)
class Attacked:
    """Attacks of several sizes on `count` images; `examples` were known before one of the size `shown`."""

    net: str
    attack: Attack
    count: int
    strikes: tuple[Strike, ...]
    examples: tuple[Example, ...]
    shown: float
    target: str = ""

    def table(self) -> Table:
        """A row for each size."""
        several = self.attack.steps > 1 or self.attack.random_start
        columns = [Column("size", "e (of 255)"), Column("one_step", "one step")]
        columns += [Column("stepped", str(self.attack))] if several else []
        columns += [Column("reached", f"taken for {self.target}")] if self.target else []
        columns += [Column("noise", "noise of this size")]
        rows = []
        for each in self.strikes:
            row: list[Cell] = [Quantity(each.size, "{:g}".format), _share(each.one_step)]
            row += [_share(each.stepped)] if several else []
            row += [_share(each.reached)] if each.reached is not None else []
            rows.append((*row, _share(each.noise)))
        return Table(tuple(columns), tuple(rows), {"images": self.count}, f"{self.net}: accuracy under attack")

    def chart(self) -> Chart:
        """Accuracies against the size. Errors: E0603."""
        xs = [each.size for each in self.strikes]
        found = [Series("one step", xs, [each.one_step for each in self.strikes])]
        if self.attack.steps > 1 or self.attack.random_start:
            found.append(Series(str(self.attack), xs, [each.stepped for each in self.strikes]))
        if self.target:
            reached = [each.reached or 0.0 for each in self.strikes]
            found.append(Series(f"taken for {self.target}", xs, reached))
        found.append(Series("noise of this size", xs, [each.noise for each in self.strikes]))
        title = f"{self.net} under attack, {self.count} images"
        return lines(found, title=title, x="largest change of a pixel (of 255)", y="accuracy", marks=True)

    def sheet(self) -> Sheet:
        """Each example as three pictures: before, what is added, after. Raises E0705 where there is none."""
        if not self.examples:
            why = "changes of 0 cannot be seen" if not self.shown else "the net knew none of them before"
            raise error("E0705", f"no picture under attack can be shown: {why}", "try other sizes, or more images")
        tiles = [tile for each in self.examples for tile in each.tiles(self.shown)]
        scale = enlargement(self.examples[0].before.shape, SIDE)
        title = f"{self.net}: picture, change (e = {self.shown:g} of 255, {self.attack}), result"
        return sheet(tiles, 6 if len(self.examples) > 1 else 3, scale, title)

    def __str__(self) -> str:
        return str(self.table())


def attacked(
    net: Net,
    data: Dataset | None = None,
    sizes: Sequence[float] = SIZES,
    attack: Attack | None = None,
    *,
    limit: int | None = None,
    shown: float | None = None,
    count: int = SHOWN,
) -> Attacked:
    """Attack a trained net with the test images (the first `limit` of them), by each size.

    The examples are the first images that the net knows, under an attack of the size `shown`; without it, of the first
    size that makes it miss half of what it knew, or of the largest.
    """
    data, attack = data or net.data(), attack or Attack()
    attacker, part = Attacker(net, data), data.test.first(limit)
    found = strikes(attacker, part, sizes, attack)
    if shown is None:
        plain = max(each.noise for each in found)
        shown = next((each.size for each in found if each.size and each.stepped <= plain / 2), max(sizes))
    names = data.class_names
    target = "" if attack.target is None else class_name(names, attack.target)
    examples = _examples(attacker, part, shown, attack, count) if shown else ()
    return Attacked(net.name, attack, len(part), found, examples, shown, target)


def _examples(attacker: Attacker, part: Part, size: float, attack: Attack, count: int) -> tuple[Example, ...]:
    """The first pictures that the net knows, before and after."""
    found: list[Example] = []
    names = attacker.data.class_names
    labels = part.columns[attacker.feeds.columns[attacker.spec.label]]
    for indices in cut(np.arange(len(part)), attacker.batch):
        before = attacker.pixels(part, indices)
        said = attacker.probabilities(before, part, indices)
        after = attacker.changed(before, part, indices, size, attack)
        says = attacker.probabilities(after, part, indices)
        known = (said.argmax(axis=-1) == labels[indices]) & (labels[indices] != attack.target)
        for k in np.flatnonzero(known).tolist():
            found.append(Example(before[k], after[k], _best(names, said[k]), _best(names, says[k])))
        if len(found) >= count:
            break
    return tuple(found[:count])


def _best(names: Sequence[str], probabilities: Array) -> tuple[str, float]:
    number = int(probabilities.argmax())
    return class_name(names, number), float(probabilities[number])


def _bytes(pixels: Array) -> Array:
    return in_bytes(np.rint(pixels).astype(np.uint8))


def _share(value: float) -> Quantity:
    return Quantity(value, "{:.2%}".format)
