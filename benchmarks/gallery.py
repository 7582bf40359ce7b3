"""The gallery of `specs/README.md`: pictures of all networks, curves of all runs in `specs/runs`, and both tables.

    python -m benchmarks.gallery

A network is drawn as a graph, and as volumes where those read well: where all its maps have as many axes.

A run is what `cnngraph train specs/nets/NAME.cnn --history specs/runs/NAME.json` wrote. Nothing is trained here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import cnngraph
from cnngraph.elaborate.about import ABOUT_KEYS, told_of
from cnngraph.elaborate.modules import load_file
from cnngraph.elaborate.training import training
from cnngraph.ir.graph import Graph
from cnngraph.render.dot import to_svg
from cnngraph.render.picture import picture
from cnngraph.render.volumes import drawn
from cnngraph.render.volumes.figure import figure
from cnngraph.render.volumes.volume import volumes
from cnngraph.train.curves import curves, read_runs
from cnngraph.train.log import Log, read_log
from cnngraph.train.metrics.known import known_metrics

SPECS = Path(__file__).parents[1] / "specs"
PAGE, NETS, RUNS, PICTURES = SPECS / "README.md", SPECS / "nets", SPECS / "runs", SPECS / "pictures"
BOXES = 40  # in a picture; blocks that lie deeper are drawn as one box each
DEEPEST = 4
NETWORKS = ("network", "paper", "input", "parameters", "depth", "multiply-adds", "graph", "volumes")
GRAPH, VOLUMES = 'height="90"', 'width="300"'  # in the table
FONTS = "Helvetica,sans-Serif"
UNSEEN = (
    r"<!--.*?-->\n",
    r"^<title>.*?</title>\n",
    r"</?a[^>]*>\n",
    r' (?:id|class|xml:space)="[^"]*"',
    f' font-family="{FONTS}"',
)
NUMBERS = ("parameters", "depth", "multiply-adds", "epochs", "minutes")
TRAINED = ("trained", "what it learns", "data", "at the end", "epochs", "minutes", "curve")


def main() -> None:
    """Write the pictures and the page."""
    PICTURES.mkdir(exist_ok=True)
    page = PAGE.read_text(encoding="utf-8")
    order = re.findall(r"^\| \[`(\w+)`\]\(nets/", page, re.MULTILINE)
    names = sorted((file.stem for file in NETS.glob("*.cnn")), key=lambda name: (*order, name).index(name))
    runs = sorted(RUNS.glob("*.json"), key=lambda run: names.index(run.stem))
    for name in names:
        draw(cnngraph.load(NETS / f"{name}.cnn").graph, PICTURES / f"{name}.svg")
        draw_volumes(cnngraph.load(NETS / f"{name}.cnn").graph, PICTURES / f"{name}.volumes.svg")
    for run in runs:
        curves(read_runs([run])).write(PICTURES / f"{run.stem}.curve.svg")
    page = replaced(page, NETWORKS, [network_row(name, page) for name in names])
    PAGE.write_text(replaced(page, TRAINED, [trained_row(run) for run in runs]), encoding="utf-8")


def draw(graph: Graph, path: Path) -> None:
    """The picture, as deep as it stays small."""
    depths = [depth for depth in range(DEEPEST + 1) if len(picture(graph, depth).root.boxes) <= BOXES]
    path.write_text(slim(to_svg(graph, depth=max(depths, default=0))), encoding="utf-8")


def slim(svg: str) -> str:
    """The picture in half as many bytes, without what is not seen in a page: tooltips, names of elements, comments."""
    for unseen in UNSEEN:
        svg = re.sub(unseen, "", svg, flags=re.MULTILINE | re.DOTALL)
    return svg.replace("<svg ", f'<svg font-family="{FONTS}" ', 1)


def draw_volumes(graph: Graph, path: Path) -> None:
    """The picture of the volumes, if they read well; else none."""
    axes = {len(volume.positions) for volume in volumes(graph).items if not volume.is_vector}
    if len(axes) == 1:
        path.write_bytes(drawn(figure(graph), "svg"))
    else:
        path.unlink(missing_ok=True)


def network_row(name: str, page: str) -> list[str]:
    """The cells of a network; the paper is what its file says, or what the page says."""
    file = NETS / f"{name}.cnn"
    net = cnngraph.load(file)
    paper = re.search(r'paper: "(.*)"', file.read_text(encoding="utf-8"))
    written = re.search(rf"^\| \[`{name}`\][^|]*\| ([^|]*) \|", page, re.MULTILINE)
    totals = net.summary().totals
    figures = [shown(totals[key]) for key in ("parameters", "depth", "multiply-adds")]
    told = paper[1] if paper else written[1] if written else "our own, small"
    graph = image(f"{name}.svg", f"graph of {name}", GRAPH)
    has_volumes = (PICTURES / f"{name}.volumes.svg").exists()
    boxes = image(f"{name}.volumes.svg", f"feature maps of {name}", VOLUMES) if has_volumes else ""
    return [link(name), told, f"`{net.graph.inputs[0].type}`", *figures, graph, boxes]


def trained_row(run: Path) -> list[str]:
    """The cells of a run."""
    name, log = run.stem, read_log(run)
    file = NETS / f"{name}.cnn"
    section = training(load_file(file))
    data = " ".join(section.data.span.text.split()) if section.data else ""
    minutes = sum(row.epoch_seconds for row in log.epochs) / 60
    curve = image(f"{name}.curve.svg", f"curves of {name}", GRAPH)
    length = [str(len(log.epochs)), f"{minutes:.1f}"]
    return [link(name), first_sentence(file), f"`{data}`", at_the_end(log), *length, curve]


def at_the_end(log: Log) -> str:
    """The figures of the last test, in words."""
    last = log.epochs[-1]
    tested = log.test
    metrics = dict(tested.metrics if tested else last.metrics)
    accuracy = tested.accuracy if tested else last.test_accuracy
    if accuracy is not None and not any(name.startswith("accuracy") for name in metrics):
        metrics = {"accuracy": accuracy, **metrics}
    known = known_metrics()

    def figure(name: str, value: float) -> str:
        kind = known.get(name.split("(")[0])
        return f"{name.replace('_', ' ')} {value:.2%}" if kind and kind.unit == "%" else f"{name} {value:.4g}"

    loss = tested.loss if tested else last.test_loss
    return ", ".join(figure(*pair) for pair in metrics.items()) or f"loss {loss:.4g}"


def first_sentence(file: Path) -> str:
    """The first sentence of what the file tells of the net that it trains, or else at its begin; else its paper."""
    program, text = load_file(file), file.read_text(encoding="utf-8")
    begin = re.search(r"^## .*(\n## .*)*", text, re.MULTILINE)
    told = [*told_of(program.module, training(program).name), ""]
    if begin and told[0].partition(":")[0] in ("", *ABOUT_KEYS):
        told = [begin[0].replace("## ", "")]
    return re.split(r"(?<=[.?!]) ", " ".join(told[0].split()), maxsplit=1)[0]


def shown(figure: object) -> str:
    return f"{figure:,}" if isinstance(figure, int) else str(figure).replace("*", " ")


def link(name: str) -> str:
    return f"[`{name}`](nets/{name}.cnn)"


def image(file: str, text: str, size: str) -> str:
    return f'<a href="pictures/{file}"><img src="pictures/{file}" alt="{text}" {size}></a>'


def replaced(page: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The page with other rows in the table whose first cell of the head is that of `head`."""
    begin = page.index(f"| {head[0]} |")
    end = page.index("\n\n", begin)
    rule = "|".join("---:" if name in NUMBERS else "---" for name in head)
    lines = [f"| {' | '.join(cells)} |" for cells in (head, *rows)]
    return page[:begin] + "\n".join([lines[0], f"|{rule}|", *lines[1:]]) + page[end:]


if __name__ == "__main__":
    main()
