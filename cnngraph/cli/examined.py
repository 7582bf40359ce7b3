"""The net that `cnngraph examine` looks into, with its weights, pictures and data: what its options say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import click

from cnngraph.cli.files import must_be_chart, must_be_picture
from cnngraph.cli.options import execution_options, read_settings, source_options
from cnngraph.cli.sources import Weights, load_net, weights_options
from cnngraph.interop.endings import is_model

if TYPE_CHECKING:
    from cnngraph.data.dataset import Dataset, Preprocessing
    from cnngraph.examine.picture import Picture
    from cnngraph.ir.op import Array
    from cnngraph.net import Net
    from cnngraph.runtime.settings import Settings
    from cnngraph.train.checkpoint import Checkpoint

F = TypeVar("F", bound=Callable[..., Any])

image_option = click.option(
    "--image", default="0", show_default=True, metavar="NUMBER|FILE",
    help="A picture of the data by its number, or a file of any size.",
)  # fmt: skip
part_option = click.option(
    "--part", type=click.Choice(["test", "train"]), default="test", show_default=True, help="Of the data."
)
class_option = click.option("--class", "class_", metavar="NAME", help="Name or number; the most probable by default.")
scale_option = click.option("--scale", type=click.IntRange(1, 64), help="How many times as large images are drawn.")
output_option = click.option("--output", "-o", type=click.Path(path_type=Path), help="NET.WHAT.png by default.")
seed_option = click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Of all that is drawn at random."
)


class Drawn(Protocol):
    """A result that prints and can be written as a picture."""

    def write(self, path: str | Path) -> None: ...


@dataclass(frozen=True)
class Subject:
    """What is examined. Pictures are prepared as the options say, or the weights, or else by their size alone."""

    file: Path
    parameters: Mapping[str, object]
    net: Net
    weights: Weights
    folder: Path | None
    size: tuple[int, int] | None
    mean: tuple[float, ...] | None
    std: tuple[float, ...] | None

    @cached_property
    def preprocessing(self) -> Preprocessing:
        """What is done to pictures that are no part of the data. Raises E0702 where the net takes none."""
        from cnngraph.examine.classifier import usual_preprocessing, with_numbers

        said = self._said.preprocessing if self._said is not None and self.size is None else None
        return with_numbers(said or usual_preprocessing(self.net.graph, self.size), self.mean, self.std)

    @cached_property
    def _said(self) -> Checkpoint | None:
        """What the file of weights says of its training."""
        from cnngraph.examine.classifier import said_by

        path = self.weights.path
        return None if path is None or self.weights.of_model else said_by(path)

    @cached_property
    def data(self) -> Dataset:
        """The data that the train section names, prepared as tests see it. Raises E0701, E0702."""
        from dataclasses import replace

        from cnngraph.train.feeds import feeder

        found = self.net.data(self.folder)
        return replace(found, preprocessing=feeder(self.net.training, found).preprocessing)

    def batch(self, net: Net, count: int) -> Mapping[str, Array]:
        """What the first step of an epoch is fed: the first samples of the training part, and noise."""
        import numpy as np

        from cnngraph.train.feeds import feeder
        from cnngraph.train.noise import noise_of

        spec, data = net.training, self.data if net is self.net else net.data(self.folder)
        indices = np.arange(min(count, len(data.train)))
        feeds = feeder(spec, data).feeds(data.train, indices)
        return {**feeds, **noise_of(spec).values(feeds, 0, 0)}

    def varied(self, settings: Mapping[str, object]) -> Net:
        """The net with other parameters. Weights, where a file is given, have to fit it all the same."""
        from cnngraph.net import Net

        net = Net.of_file(self.file, self.net.name, {**self.parameters, **settings})
        self.weights.load(net)
        net.settings = self.net.settings
        return net

    def picture(self, image: str, part: str) -> Picture:
        """A picture of the data by its number, or a file."""
        from cnngraph.examine.picture import from_data, from_file

        if image.isdecimal() and is_model(self.file):
            raise click.UsageError(f"which picture? {self.file} names no data; give --image FILE")
        if image.isdecimal():
            return from_data(self.data, int(image), part)
        return from_file(Path(image), self.preprocessing)

    def class_names(self, image: str = "") -> tuple[str, ...]:
        """As the weights say, or the data where `image` is one of its pictures; nothing where nobody says."""
        if self._said is not None:
            return tuple(self._said.class_names)
        return self.data.class_names if image.isdecimal() else ()

    def number(self, class_: str | None, image: str = "") -> int | None:
        """The number of a class, by that or by its name."""
        from cnngraph.examine.target import class_number

        return None if class_ is None else class_number(class_, self.class_names(image))

    def show(self, what: str, told: object, drawn: Drawn, output: Path | None) -> None:
        """Print the result, and write its picture."""
        path = output or Path(f"{self.net.name}.{what}.png")
        drawn.write(path)
        click.echo(f"{told}\npicture: {path}")


def examined(trained: bool = True, chart: bool = False) -> Callable[[F], F]:
    """FILE, its weights and data, and how they are run, as the argument `subject`.

    Without `trained` the net may do with first values; else it has the weights of --weights or NET.safetensors. What
    is written to --output is a picture of pixels, or a `chart`.
    """

    def decorate(command: F) -> F:
        @wraps(command)
        def gathered(
            *args: Any, file: Path, net: str | None, settings: tuple[str, ...], weights: Weights, data: Path | None,
            size: str | None, mean: str | None, std: str | None, execution: Settings, **more: Any,
        ) -> Any:  # fmt: skip
            from cnngraph.cli.predict import read_numbers, read_size

            (must_be_chart if chart else must_be_picture)(more.get("output"))
            sides = None if size is None else read_size(size)
            loaded, used = _loaded(file, net, settings, weights, trained)
            loaded.settings = execution
            numbers = read_numbers("--mean", mean), read_numbers("--std", std)
            subject = Subject(file, read_settings(settings), loaded, used, data, sides, *numbers)
            return command(*args, subject=subject, **more)

        made: Any = gathered
        default = "NET.safetensors by default" if trained else "first values by default"
        for option in reversed(PREPARED):
            made = option(made)
        found: F = source_options(weights_options(default)(execution_options(made)))
        return found

    return decorate


PREPARED = (
    click.option("--data", type=click.Path(path_type=Path), help="The folder where data sets are kept."),
    click.option("--size", metavar="N|HxW", help="The size that pictures get, where the net takes any."),
    click.option("--mean", metavar="X[,Y,Z]", help="What is taken from numbers in 0..1, of weights not trained here."),
    click.option("--std", metavar="X[,Y,Z]", help="By what they are then divided."),
)


def _loaded(
    file: Path, net: str | None, settings: tuple[str, ...], weights: Weights, trained: bool
) -> tuple[Net, Weights]:
    loaded = load_net(file, net, settings, weights if weights.of_model else None)
    if weights.path is None and trained and not is_model(file):
        weights = weights.or_else(Path(f"{loaded.name}.safetensors"))
    if not weights.of_model:
        weights.load(loaded)
    return loaded, weights


def read_list(option: str, text: str | None) -> tuple[int, ...] | None:
    """Numbers and ranges.

    >>> read_list("--channels", "0-2,7")
    (0, 1, 2, 7)
    """
    if text is None:
        return None
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        last = last or first
        if not all(n.isdecimal() and len(n) < 8 for n in (first, last)) or not 0 <= int(last) - int(first) <= 10_000:
            raise click.BadParameter(f"{text!r} are no numbers such as 0-5,9", param_hint=option)
        found += range(int(first), int(last) + 1)
    return tuple(found)


def read_position(text: str | None) -> tuple[int, ...] | None:
    """`5,7`: row and column."""
    if text is None:
        return None
    if not all(part.strip().isdecimal() for part in text.split(",")):
        raise click.BadParameter(f"{text!r} is no position such as 5,7", param_hint="--position")
    return tuple(int(part) for part in text.split(","))
