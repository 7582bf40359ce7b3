"""`cnngraph predict`: the classes of pictures, by a trained net."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cnngraph.cli.options import execution_options, set_option, table_format_option
from cnngraph.cli.sources import Weights, load_net, weights_options

if TYPE_CHECKING:
    from cnngraph.examine.classifier import Classifier
    from cnngraph.runtime.settings import Settings


@click.command()
@click.argument("pictures", nargs=-1, required=True, type=click.Path(path_type=Path))
@weights_options("the only one in this folder by default, or that of the net")
@set_option
@click.option("--top", type=click.IntRange(1), default=5, show_default=True, help="How many classes to show.")
@click.option(
    "--patches", type=click.Choice(["none", "centre", "ten"]), default="none", show_default=True,
    help="none: the whole picture, stretched; centre: its middle; ten: the mean of ten pieces.",
)
@click.option("--classes", type=click.Path(path_type=Path), help="The names of the classes, one on a line.")
@click.option("--size", metavar="N|HxW", help="The size that pictures get, where the net takes any.")
@click.option("--mean", metavar="X[,Y,Z]", help="What is taken from numbers in 0..1: one, or one for each channel.")
@click.option("--std", metavar="X[,Y,Z]", help="By what they are then divided.")
@table_format_option
@execution_options
def command(
    pictures: tuple[Path, ...],
    weights: Weights,
    settings: tuple[str, ...],
    top: int,
    patches: str,
    classes: Path | None,
    size: str | None,
    mean: str | None,
    std: str | None,
    format_: str,
    execution: Settings,
) -> None:
    """Classify PICTURES of any size: files, folders, patterns.

    The file of weights carries the network and how pictures are prepared for it. Where it does not, as weights of other
    tools, the network stands before the pictures (net.cnn, net.onnx), and options say how they are prepared.
    """
    from dataclasses import replace

    from cnngraph.examine.classes import names_of, picture_files, predict, predictions_table
    from cnngraph.examine.classifier import with_numbers
    from cnngraph.interop.endings import is_model

    first, sides = pictures[0], None if size is None else read_size(size)
    if first.suffix == ".cnn" or is_model(first):
        if len(pictures) == 1:
            raise click.UsageError(f"which pictures? they stand behind {first}")
        classifier = with_net(first, settings, weights, execution, sides)
        pictures = pictures[1:]
    else:
        classifier = alone(weights, settings, execution, sides)
    how = with_numbers(classifier.preprocessing, read_numbers("--mean", mean), read_numbers("--std", std))
    names = classifier.class_names if classes is None else names_of(classes, classifier.count)
    found = predict(replace(classifier, preprocessing=how, class_names=names), picture_files(pictures), top, patches)
    if format_ != "text":
        click.echo(predictions_table(found).to(format_))
        return
    for prediction in found:
        click.echo(str(prediction))


def alone(
    weights: Weights, settings: tuple[str, ...], execution: Settings, sides: tuple[int, int] | None
) -> Classifier:
    """The net that a file of weights carries."""
    from cnngraph.examine.classifier import trained

    if weights.renaming or weights.strict or settings or sides:
        raise click.UsageError("--map, --strict, --set and --size are about a network: write it before the pictures")
    return trained(weights.path or only_weights(Path()), settings=execution)


def with_net(
    file: Path, settings: tuple[str, ...], weights: Weights, execution: Settings, sides: tuple[int, int] | None
) -> Classifier:
    """The net of a file, with weights from anywhere."""
    from cnngraph.examine.classifier import of_net, said_by, usual_preprocessing
    from cnngraph.interop.endings import is_model

    net = load_net(file, None, settings, weights if weights.of_model else None)
    net.settings = execution
    if not is_model(file):
        weights = weights.or_else(Path(f"{net.name}.safetensors"))
    if not weights.of_model:
        weights.load(net)
    said = None if weights.path is None or weights.of_model else said_by(weights.path)
    if said is not None and sides is None:
        return of_net(net, said.preprocessing, said.class_names)
    return of_net(net, usual_preprocessing(net.graph, sides), said.class_names if said else ())


def only_weights(folder: Path) -> Path:
    """The file of weights that a folder holds, if there is just one; the best state of a run is beside its last."""
    found = [path for path in sorted(folder.glob("*.safetensors")) if not path.stem.endswith(".best")]
    if len(found) != 1:
        listed = ", ".join(f.name for f in found) or "none"
        raise click.UsageError(f"which weights? this folder has {listed}; give --weights FILE")
    return found[0]


def read_size(text: str) -> tuple[int, int]:
    """`224` or `480x640`, height first.

    >>> read_size("480x640")
    (480, 640)
    """
    sides = [int(side) if side.isdecimal() else 0 for side in text.split("x")]
    if len(sides) > 2 or not all(1 <= side <= 10_000 for side in sides):
        raise click.BadParameter(f"{text!r} is no size such as 224 or 480x640", param_hint="--size")
    return sides[0], sides[-1]


def read_numbers(option: str, text: str | None) -> tuple[float, ...] | None:
    """`0.485,0.456,0.406` as numbers."""
    if text is None:
        return None
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise click.BadParameter(f"{text!r} are no numbers", param_hint=option) from None
