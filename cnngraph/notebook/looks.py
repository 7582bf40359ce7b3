"""Values as notebooks show them: HTML with a picture where there is one. What cannot be drawn is told in words."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from cnngraph.compare import division_table
from cnngraph.compare.difference import Difference
from cnngraph.compare.divisions import Divisions
from cnngraph.compare.picture import union
from cnngraph.compare.table import changes_table, figures_table
from cnngraph.diagnostics import CnnGraphError
from cnngraph.ir.graph import Graph
from cnngraph.net import Net
from cnngraph.notebook.markup import columns, drawn, line, photographed, tabled, totals, whole
from cnngraph.pages.markup import Markup
from cnngraph.partition.device import Cluster
from cnngraph.partition.partition import Partition
from cnngraph.partition.profile import Profile
from cnngraph.pipeline.timeline import Timeline
from cnngraph.render.chart import Chart
from cnngraph.render.cluster_table import devices_table, links_table
from cnngraph.render.dot import to_svg
from cnngraph.render.partition_table import stages
from cnngraph.render.profile_table import kinds_table
from cnngraph.render.tabular import Table
from cnngraph.render.timeline import timeline_svg
from cnngraph.train.curves import Run, curves
from cnngraph.train.evaluate import Evaluation
from cnngraph.train.history import Epoch, History

LARGEST = 400_000  # letters of a picture of a graph: of more, less depth is shown


def net(value: Net) -> str:
    """The picture, and the figures of the table below it."""
    told = f"{value!r}: {', '.join(totals(value.summary()))}"
    return whole(_picture(lambda: drawing(value), f"The network {value.name}"), line(told))


def graph(value: Graph) -> str:
    """The picture."""
    return whole(_picture(lambda: drawing(value), words(value)))


def partition(value: Partition) -> str:
    """The picture with a frame for each device, and the table of the devices."""
    told = f"{value.graph.name}, divided over {', '.join(stage.label for stage in value.stages)}"
    return whole(_picture(lambda: _small(value.graph, partition=value), told), tabled(stages(value)))


def difference(value: Difference) -> str:
    """Both graphs as one picture, what differs and the figures of both as tables."""
    both, title = union(value), f"{value.a.name} -> {value.b.name}"
    picture = _picture(lambda: _small(both.graph, overlay=both.overlay, title=title), f"The difference {title}")
    return whole(picture, tabled(changes_table(value)), tabled(figures_table(value)))


def divisions(value: Divisions) -> str:
    """What runs elsewhere, and what that changes, as tables."""
    tables = division_table.moves_table, division_table.figures_table, division_table.devices_table
    return whole(*(tabled(each(value)) for each in tables))


def history(value: History) -> str:
    """The curves, or a table where matplotlib is missing, and the last epoch in words."""
    told = line(words(value))
    if not value.rows:
        return whole(told)
    if find_spec("matplotlib") is None:
        return whole(columns("\n".join(map(_epoch, value.rows))), told)
    return whole(drawn(curves([Run("", value.log)]).svg(), "Curves of the run against epochs"), told)


def evaluation(value: Evaluation) -> str:
    """The figures, and the classes that are taken for each other."""
    return whole(columns(str(value)))


def cluster(value: Cluster) -> str:
    """The devices and their links."""
    return whole(tabled(devices_table(value)), tabled(links_table(value)))


def profile(value: Profile) -> str:
    """The kinds of operators with their seconds."""
    return whole(tabled(kinds_table(value)))


def timeline(value: Timeline) -> str:
    """A lane for each device."""
    return whole(drawn(timeline_svg([value]), "When each device computes, sends and waits"), columns(str(value)))


def tabular(value: Table) -> str:
    """The table."""
    return whole(tabled(value))


def chart(value: Chart) -> str:
    """The chart."""
    return whole(drawn(value.svg(), " and ".join(panel.title for panel in value.panels if panel.title) or "A chart"))


def pictured(value: Any) -> str:
    """What has a sheet of pictures, and prints in a line."""
    return whole(photographed(value.sheet(), str(value)), line(str(value)))


def charted(value: Any) -> str:
    """What has a table, and a chart where matplotlib is there."""
    found = tabled(value.table())
    return whole(found) if find_spec("matplotlib") is None else whole(found, _picture(lambda: value.chart().svg(), ""))


def printed(value: object) -> str:
    """What prints as a table in letters."""
    return whole(columns(str(value)))


def drawing(value: Net | Graph) -> str:
    """The picture of a net or a graph as SVG. Raises E0603."""
    return _small(value.graph if isinstance(value, Net) else value)


def words(value: object) -> str:
    """A value in plain words: a shell without pictures shows them."""
    if isinstance(value, Graph):
        inputs = ", ".join(f"{node.name}: {node.type}" for node in value.inputs)
        outputs = ", ".join(f"{name}: {value.type_of(ref)}" for name, ref in value.outputs.items())
        return f"<graph {value.name}({inputs}) -> {outputs}, {len(value.nodes)} nodes>"
    if isinstance(value, History):
        return _epoch(value.rows[-1], value.epochs) if value.rows else "no epoch is done"
    if isinstance(value, Difference):
        return f"{changes_table(value)}\n\n{figures_table(value)}"
    if isinstance(value, Divisions):
        return f"{division_table.moves_table(value)}\n\n{division_table.figures_table(value)}"
    if isinstance(value, Profile):
        return str(kinds_table(value))
    return repr(value) if isinstance(value, Chart) else str(value)


def _small(whole: Graph, **options: Any) -> str:
    """The picture as deep as it stays small."""
    svg = to_svg(whole, **options)
    for depth in (1, 0):
        if len(svg) > LARGEST:
            svg = to_svg(whole, **options, depth=depth)
    return svg


def _picture(draw: Callable[[], str], told: str) -> Markup:
    """A picture on its card, or why there is none."""
    try:
        return drawn(draw(), told)
    except CnnGraphError as problem:
        return columns(str(problem))


def _epoch(row: Epoch, of: int = 0) -> str:
    """An epoch in a line."""
    count = f"epoch {row.number}{f' of {of}' if of else ''}"
    figures = [count, f"loss {row.loss:.4f}", f"test loss {row.test_loss:.4f}"]
    for name, value in (("accuracy", row.accuracy), ("test accuracy", row.test_accuracy)):
        figures += [f"{name} {value:.2%}"] if value is not None else []
    figures += [f"{name} {value:.4g}" for name, value in row.metrics.items() if name != "accuracy"]
    return ", ".join(figures)
