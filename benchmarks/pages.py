"""How large explorer pages are, and how soon they show a network: opened from the disk in a browser without a window.

    python -m benchmarks.pages                          LeNet-5, GoogLeNet, ResNet-152, DenseNet-121
    python -m benchmarks.pages vgg16 --rounds 20

Seconds are those from the start of the navigation to the frame of the screen that has the drawing, as the page's own
clock tells them; the network is folded as it opens by itself. `all open` is one more layout, of all blocks, from the
key to its frame; repeats stay folded. Needs `pip install 'cnngraph[browser]'` and chromium on the PATH.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cnngraph
from cnngraph.pages.explorer.page import explorer
from cnngraph.pages.explorer.subject import subject_of
from cnngraph.resources import resource

NETWORKS = ("lenet5", "googlenet", "resnet152", "densenet121")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WATCHING = """
window.drawn = [];
document.addEventListener("drawn", (event) => {
  const boxes = event.detail.boxes;
  requestAnimationFrame(() => setTimeout(() => window.drawn.push({ at: performance.now(), boxes })));
}, true);
"""
"""Runs in the page before its own scripts: the times of drawings, each after its frame."""


@dataclass(frozen=True)
class Opening:
    """One visit of a page, in seconds."""

    first_seconds: float
    first_boxes: int
    all_seconds: float
    all_boxes: int


@dataclass(frozen=True)
class Page:
    """A network as a page, and all visits of it."""

    name: str
    operators: int
    bytes: int
    making_seconds: float
    openings: Sequence[Opening]

    def row(self) -> str:
        first = [opening.first_seconds for opening in self.openings]
        whole = [opening.all_seconds for opening in self.openings]
        last = self.openings[-1]
        cells = [
            self.name, f"{self.operators:,}", f"{self.bytes / 1e6:.2f} MB", f"{self.making_seconds:.2f} s",
            _spread(first), str(last.first_boxes), _spread(whole), str(last.all_boxes),
        ]  # fmt: skip
        return f"| {' | '.join(cells)} |"


HEAD = ("network", "operators", "page", "made in", "first drawing", "boxes", "all open", "boxes")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages", description=__doc__)
    parser.add_argument("networks", nargs="*", default=[*NETWORKS], help=f"default: {' '.join(NETWORKS)}")
    parser.add_argument("--rounds", type=int, default=7, help="visits of each page (default: 7)")
    options = parser.parse_args()
    print(f"| {' | '.join(HEAD)} |\n|---{'|---:' * (len(HEAD) - 1)}|")
    for page in pages(options.networks, options.rounds):
        print(page.row(), flush=True)


def pages(names: Sequence[str], rounds: int) -> list[Page]:
    """Make the pages and visit each in turn, so that what else goes on at this machine meets all alike."""
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        raise SystemExit(f"needs one of {', '.join(BROWSERS)} on the PATH")
    with TemporaryDirectory() as made, sync_playwright() as playwright:
        written = {name: write(name, Path(made)) for name in names}
        options = ["--no-sandbox", "--disable-dev-shm-usage"]
        with playwright.chromium.launch(executable_path=path, args=options) as browser:
            visits = [(name, visit(browser, Path(made) / f"{name}.html")) for _ in range(rounds) for name in names]
    return [Page(name, *written[name], [opening for each, opening in visits if each == name]) for name in names]


def write(name: str, folder: Path) -> tuple[int, int, float]:
    """Operators, bytes of the page, and the seconds that making it from the file took."""
    begin = time.perf_counter()
    net = cnngraph.load(resource("specs", "nets", f"{name}.cnn"))
    text = explorer(subject_of(net))
    seconds = time.perf_counter() - begin
    (folder / f"{name}.html").write_text(text, encoding="utf-8")
    operators = len(net.graph.nodes) - len(net.graph.states) - len(net.graph.inputs)
    return operators, len(text.encode()), seconds


def visit(browser: Any, page: Path) -> Opening:
    """Open a page in a fresh context, then all of its blocks."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    try:
        context.add_init_script(WATCHING)
        tab = context.new_page()
        tab.goto(page.as_uri())
        first = _drawing(tab, 0)
        begin = tab.evaluate("performance.now()")
        folded = tab.query_selector(".graph .box.kind-block")
        tab.keyboard.press("o")
        whole = _drawing(tab, 1) if folded else None
    finally:
        context.close()
    seconds = (whole["at"] - begin) / 1000 if whole else 0.0
    return Opening(first["at"] / 1000, first["boxes"], seconds, (whole or first)["boxes"])


def _drawing(tab: Any, number: int) -> Any:
    """The drawing of this number, when it is there."""
    for _ in range(1000):
        drawn = tab.evaluate("window.drawn")
        if len(drawn) > number:
            return drawn[number]
        tab.wait_for_timeout(20)
    raise SystemExit("nothing was drawn within 20 seconds")


def _spread(seconds: Sequence[float]) -> str:
    """The median, and from the least to the most."""
    if not any(seconds):
        return "none is closed"
    return f"{statistics.median(seconds):.2f} s ({min(seconds):.2f} to {max(seconds):.2f})"


if __name__ == "__main__":
    main()
