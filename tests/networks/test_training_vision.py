"""Sounds, films, boxes, joints, masks and pairs: each file of `specs/nets` learns its task from its train section."""

from __future__ import annotations

import pytest

from cnngraph.data.generated.digit_pairs import DigitPairs
from cnngraph.data.generated.drawn import Drawn
from cnngraph.data.generated.keywords import Keywords
from cnngraph.data.generated.moving_shapes import MovingShapes
from cnngraph.data.generated.placed_digits import PlacedDigits
from cnngraph.data.generated.products import Products
from cnngraph.data.generated.scenes import Scenes
from cnngraph.data.generated.sentences import Sentences
from cnngraph.data.generated.shapes_on_grid import ShapesOnGrid
from cnngraph.data.generated.stick_figures import StickFigures
from cnngraph.data.generated.stops import Stops
from cnngraph.net import Net, load
from cnngraph.resources import resource
from cnngraph.train.history import History

SHORT: dict[str, Drawn] = {  # tiny sets: a few steps are enough to see a loss fall
    "text_small": Sentences(count=400, tests=20),
    "speech_cnn": Keywords(count=150, tests=10),
    "time_delay": Stops(count=1500, tests=20),
    "films_3d": MovingShapes(count=64, tests=8),
    "localization_digits": PlacedDigits(count=100, tests=10),
    "grid_detector": ShapesOnGrid(count=64, tests=8),
    "pose_small": StickFigures(count=100, tests=10),
    "unet_small": Scenes(count=30, tests=5),
    "siamese_digits": DigitPairs(count=200, tests=10),
    "embedding_small": Products(count=100, tests=10, kinds=20),
}
EPOCHS = 3


def network(name: str) -> Net:
    return load(resource("specs", "nets", f"{name}.cnn"))


def trained(name: str, data: Drawn, epochs: int) -> History:
    return network(name).fit(data.load(None, 0), epochs=epochs)


@pytest.mark.parametrize("name", SHORT)
def test_the_loss_falls_from_the_first_epochs_on(name: str) -> None:
    rows = trained(name, SHORT[name], EPOCHS).rows
    assert rows[-1].loss < 0.95 * rows[0].loss


@pytest.mark.parametrize("name", SHORT)
def test_the_file_says_which_data_and_how_long(name: str) -> None:
    """`cnngraph train FILE` needs nothing else: the section names the set of this table, and a metric of its own."""
    spec = network(name).training
    assert spec.data is not None
    assert spec.data.name == type(SHORT[name]).name
    assert 1 < spec.epochs <= 40
    assert spec.metrics


@pytest.mark.parametrize("name", ["text_small", "time_delay"])
def test_a_file_is_all_that_training_needs(name: str) -> None:
    row = network(name).fit(epochs=1).rows[-1]
    assert len(row.metrics) == 1
    assert 0.3 < next(iter(row.metrics.values())) <= 1


LONG: dict[str, tuple[Drawn, int, str, float]] = {  # a set, epochs, the figure of the tests, what it is at least
    "text_small": (Sentences(count=2000, tests=500), 8, "accuracy", 0.95),
    "speech_cnn": (Keywords(count=3000, tests=500), 8, "accuracy", 0.85),
    "time_delay": (Stops(count=4000, tests=500), 20, "strongest", 0.9),
    "films_3d": (MovingShapes(count=1500, tests=300), 8, "accuracy", 0.8),
    "localization_digits": (PlacedDigits(count=3000, tests=300), 10, "box_iou", 0.6),
    "grid_detector": (ShapesOnGrid(count=3000, tests=200), 8, "average_precision", 0.5),
    "pose_small": (StickFigures(count=3500, tests=200), 9, "pck(refined, target)", 0.45),
    "unet_small": (Scenes(count=400, tests=100), 6, "mean_iou", 0.65),
    "siamese_digits": (DigitPairs(count=4000, tests=500), 10, "binary_accuracy", 0.8),
    "embedding_small": (Products(count=3000, tests=300), 6, "recall_at_1", 0.1),
}


@pytest.mark.sweep
@pytest.mark.parametrize("name", LONG)
def test_it_learns_its_task(name: str) -> None:
    data, epochs, metric, least = LONG[name]
    row = trained(name, data, epochs).rows[-1]
    assert row.metrics[metric] >= least, row
