"""Two divisions of a network as tables: what moved, how good both are, and what each device has to do."""

from __future__ import annotations

from cnngraph.compare.divisions import Both, Divisions, Move
from cnngraph.compare.table import signed
from cnngraph.cost.quantity import seconds_text
from cnngraph.render.tabular import Cell, Column, Quantity, Table, shown

MOVES = (
    Column("layer", "layer", right=False),
    Column("operators", "operators"),
    Column("from", "from", right=False),
    Column("to", "to", right=False),
    Column("seconds_before", "compute there"),
    Column("seconds_after", "here"),
)
FIGURES = (Column("figure", "figure", right=False), Column("a", "a"), Column("b", "b"), Column("difference", "b - a"))
DEVICES = (
    Column("device", "device", right=False),
    Column("nodes", "nodes"),
    Column("load", "load"),
    Column("peak_memory", "peak memory"),
)


def moves_table(found: Divisions) -> Table:
    """The parts that moved, in the order of the network: where they ran, where they run, what they take there."""
    return Table(MOVES, tuple(map(_row, found.moves)), title=found.b.graph.name)


def figures_table(found: Divisions) -> Table:
    """Bottleneck, bound, traffic and memory of both."""
    rows = tuple((name, *both, difference(both)) for name, both in found.figures.items())
    return Table(FIGURES, rows, title=found.aims)


def devices_table(found: Divisions) -> Table:
    """What each device has to do: `before -> after`, or one text where both are the same."""
    rows = [(name, *map(_change, figures.values())) for name, figures in found.devices.items()]
    return Table(DEVICES, tuple(rows))


def difference(both: Both) -> Cell:
    """How much is more or less, with its sign; None where one of both is lacking.

    >>> str(difference((Quantity(2, seconds_text), Quantity(1.5, seconds_text)))), difference((3, 4))
    ('-500 ms', '+1')
    """
    old, new = both
    if isinstance(old, Quantity) and isinstance(new, Quantity):
        return Quantity(new.value - old.value, lambda gap: f"{'+-'[gap < 0] if gap else ''}{new.text(abs(gap))}")
    return signed(new - old) if isinstance(old, int) and isinstance(new, int) else None


def _row(move: Move) -> tuple[Cell, ...]:
    before, after = (Quantity(seconds, seconds_text) for seconds in move.seconds)
    return move.path, len(move.nodes), move.source, move.target, before, after


def _change(both: Both) -> str:
    old, new = map(shown, both)
    return new if old == new else f"{old} -> {new}"
