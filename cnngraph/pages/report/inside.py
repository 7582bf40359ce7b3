"""The inside of a trained net: its first filters, what layers say of one picture, how gradients and values travel."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cnngraph.data.dataset import IMAGE
from cnngraph.examine.activations import activity
from cnngraph.examine.features import maps
from cnngraph.examine.flow import gradient_flow
from cnngraph.examine.kernels import filters
from cnngraph.examine.layers import kernel_of, last_grid
from cnngraph.examine.picture import from_data
from cnngraph.ir.counts import multiply_adds
from cnngraph.ir.graph import Node
from cnngraph.ir.size import number
from cnngraph.net import Net
from cnngraph.pages.markup import Markup, element, figure
from cnngraph.pages.report.parts import Section, charted, folded, section, small, tabled, tiled, where_it_fits
from cnngraph.pages.report.subject import Subject, Trial
from cnngraph.passes.pipeline import INFERENCE, run
from cnngraph.train.feeds import feeder
from cnngraph.train.noise import noise_of

MOST_MAPS = 32  # channels of a layer
FILTER_SIDE, MAP_SIDE = 44, 72  # pixels of one on the page, about
LARGE, FEW = 16, 16  # filters of more pixels, which have many channels, are fewer
BATCH, WORK = 32, 4e10  # samples, and multiply-adds, of the batch whose gradients are looked at
MOST_LAYERS = 60


def inside(subject: Subject) -> Iterator[Section]:
    """Filters, and maps of the first test picture."""
    trial = subject.trial
    if trial is None:
        return
    content = [where_it_fits(lambda: _filters(trial.net)), *_maps(trial)]
    if any(content):
        yield section("inside", "Inside", *content)


def _filters(net: Net) -> Markup:
    found = filters(net)
    if max(found.images()[0].shape) > LARGE:
        found = filters(net, chosen=found.chosen[:FEW])
    images = found.images()
    caption = f"The filters of {found.name}: {found}. Grey is 0, each filter is scaled by its largest weight."
    return tiled(images, caption, max(FILTER_SIDE, 3 * images[0].shape[0]))


def _maps(trial: Trial) -> Iterator[Markup]:
    """The first convolution and the last grid."""
    if IMAGE not in trial.data.test.columns or trial.data.preprocessing is None:
        return
    graph = run(trial.net.graph, INFERENCE)
    first = where_it_fits(lambda: _layer(trial, graph[kernel_of(graph).name.rpartition(".")[0]]))
    last = where_it_fits(lambda: _layer(trial, last_grid(graph)))
    shown = [first, last] if first != last else [first]
    if any(shown):
        seen = from_data(trial.data, 0)
        picture = small(seen.shown, f"Picture {seen.name}")
        yield figure(picture, f"The picture of which the maps are: {seen.name}")
        yield from shown


def _layer(trial: Trial, layer: Node) -> Markup:
    few = range(min(number(layer.type.channels), MOST_MAPS))
    found = maps(trial.net, layer.name, from_data(trial.data, 0), few)
    return tiled([tile.image for tile in found.tiles()], f"What {found.layer} says of it: {found}", MAP_SIDE)


def health(subject: Subject) -> Iterator[Section]:
    """Gradients and values by layer, for one batch of the training part; nothing for a net too large for that."""
    trial = subject.trial
    if trial is None or not (count := _batch(trial.net)):
        return
    spec, part = trial.net.training, trial.data.train
    feeds = feeder(spec, trial.data).feeds(part, np.arange(min(count, len(part))))
    feeds = {**feeds, **noise_of(spec).values(feeds, 0, 0)}

    def gradients() -> Markup:
        flow = gradient_flow(trial.net, feeds)
        caption = f"How long the gradient is at each layer, for {count} samples: first over last is {flow.ratio:.3g}"
        figures = folded("Gradients as a table", tabled(flow.table(), "Gradients by layer", MOST_LAYERS))
        return element("div", charted(flow.chart(), caption), figures, class_="half")

    def values() -> Markup:
        return folded("Values by layer", tabled(activity(trial.net, feeds).table(), "Values by layer", MOST_LAYERS))

    content = [where_it_fits(gradients), where_it_fits(values)]
    if any(content):
        yield section("health", "Gradients and values", *content)


def _batch(net: Net) -> int:
    """How many samples are looked at; 0 where two are too much work. Forward and backward are three times forward."""
    work = multiply_adds(net.graph)
    affordable = int(WORK // max(3 * work, 1)) if isinstance(work, int) else BATCH
    return min(affordable, BATCH) if affordable >= 2 else 0
