"""`cnngraph examine`: what a net sees, as pictures: filters, maps, saliency, occlusion, gradients by layer, ..."""

from __future__ import annotations

from pathlib import Path

import click

from cnngraph.cli.examined import (
    Subject,
    class_option,
    examined,
    image_option,
    output_option,
    part_option,
    read_list,
    read_position,
    scale_option,
    seed_option,
)
from cnngraph.cli.options import Real, read_settings, table_format_option

layer_option = click.option("--layer", metavar="NAME", help="A node, a label or a block.")
needed_layer = click.option("--layer", required=True, metavar="NAME", help="A node, a label or a block.")
channels_option = click.option("--channels", metavar="0-5,9", help="Which of them; the first 64 by default.")
columns_option = click.option("--columns", type=click.IntRange(1), help="How many stand in a row.")
batch_option = click.option(
    "--batch", type=click.IntRange(1), default=64, show_default=True, help="How many of the training samples."
)
position_option = click.option("--position", metavar="ROW,COLUMN", help="Of the unit; the middle by default.")


@click.group()
def command() -> None:
    """What a net sees: pictures of its filters and maps, of what excites it, and of what an answer rests on."""


@command.command("filters")
@examined()
@layer_option
@click.option("--filters", "chosen", metavar="0-5,9", help="Which filters; the first 64 by default.")
@channels_option
@columns_option
@scale_option
@output_option
def _filters(
    subject: Subject, layer: str | None, chosen: str | None, channels: str | None, columns: int | None,
    scale: int | None, output: Path | None,
) -> None:  # fmt: skip
    """Filters of a convolution.

    By default of the first one. Below each stand its number and its largest weight.
    """
    from cnngraph.examine.kernels import filters

    found = filters(subject.net, layer, read_list("--filters", chosen), read_list("--channels", channels))
    subject.show("filters", found, found.sheet(scale, columns), output)


@command.command("maps")
@examined()
@needed_layer
@image_option
@part_option
@channels_option
@click.option("--apart", is_flag=True, help="Each map by its own largest value, not by that of the layer.")
@columns_option
@scale_option
@output_option
def _maps(
    subject: Subject, layer: str, image: str, part: str, channels: str | None, apart: bool, columns: int | None,
    scale: int | None, output: Path | None,
) -> None:  # fmt: skip
    """Feature maps of a layer for a picture."""
    from cnngraph.examine.features import maps

    found = maps(subject.net, layer, subject.picture(image, part), read_list("--channels", channels))
    subject.show("maps", f"{found.layer}: {found}", found.sheet(scale, columns, apart), output)


@command.command("excite")
@examined()
@layer_option
@channels_option
@position_option
@click.option("--whole", is_flag=True, help="The mean of a channel over all positions, not one unit.")
@click.option("--steps", type=click.IntRange(1), default=128, show_default=True, help="Of the ascent.")
@click.option("--rate", type=Real(0), default=0.1, show_default=True, help="Size of a step.")
@click.option("--decay", type=Real(0, 1), default=0.01, show_default=True, help="Towards grey, each step.")
@click.option("--blur", type=Real(0, 10), default=0.5, show_default=True, help="Pixels, each fourth step.")
@click.option("--jitter", type=click.IntRange(0), default=1, show_default=True, help="Pixels the image is moved.")
@click.option("--noise", type=Real(0), default=0.1, show_default=True, help="That it begins with.")
@seed_option
@columns_option
@scale_option
@output_option
def _excite(
    subject: Subject, layer: str | None, channels: str | None, position: str | None, whole: bool, steps: int,
    rate: float, decay: float, blur: float, jitter: int, noise: float, seed: int, columns: int | None,
    scale: int | None, output: Path | None,
) -> None:  # fmt: skip
    """Images that excite units or classes.

    By gradient ascent from grey; without --layer they excite the classes. It prints the values before and after.
    """
    from cnngraph.examine.ascent import Recipe, excite, targets_of

    recipe = Recipe(steps, rate, decay, blur, jitter=jitter, noise=noise)
    numbers, place = read_list("--channels", channels), read_position(position)
    how = subject.preprocessing
    targets = targets_of(subject.net, layer, numbers, place, whole, how.shape, subject.class_names())
    found = excite(subject.net, targets, recipe, seed=seed, size=how.shape[:2], preprocessing=how)
    subject.show("excite", found, found.sheet(scale, columns), output)


@command.command("patches")
@examined()
@needed_layer
@channels_option
@click.option("--top", type=click.IntRange(1), default=9, show_default=True, help="How many for each channel.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Only the first N images.")
@part_option
@scale_option
@output_option
def _patches(
    subject: Subject, layer: str, channels: str | None, top: int, limit: int | None, part: str,
    scale: int | None, output: Path | None,
) -> None:  # fmt: skip
    """Parts of the data that excite a channel most."""
    from cnngraph.examine.picture import pictures_of
    from cnngraph.examine.strongest import patches

    images, how = pictures_of(subject.data, part)
    found = patches(subject.net, layer, images.images, how, read_list("--channels", channels), top, limit)
    subject.show("patches", found, found.sheet(scale), output)


@command.command("receptive-field")
@examined(trained=False)
@needed_layer
@position_option
@click.option("--image", metavar="NUMBER|FILE", help="The picture that it is drawn on; grey by default.")
@part_option
@click.option("--samples", type=click.IntRange(1), default=20, show_default=True, help="Random images for the slopes.")
@seed_option
@scale_option
@output_option
def _receptive_field(
    subject: Subject, layer: str, position: str | None, image: str | None, part: str, samples: int, seed: int,
    scale: int | None, output: Path | None,
) -> None:  # fmt: skip
    """What a unit sees of a picture.

    The box that it can depend on, exactly, and how much it depends on each pixel, by slopes.
    """
    from cnngraph.examine.fields import receptive_field

    seen = None if image is None else subject.picture(image, part)
    place = read_position(position)
    found = receptive_field(subject.net, layer, place, image=seen, samples=samples, seed=seed, size=subject.size)
    subject.show("receptive-field", found, found.sheet(scale), output)


@command.command("saliency")
@examined()
@image_option
@part_option
@class_option
@click.option("--layer", metavar="NAME", help="Not of a class, but of --channel of this layer.")
@click.option("--channel", type=click.IntRange(0), default=0, show_default=True, help="Counted from 0.")
@click.option("--position", metavar="ROW,COLUMN", help="Of the channel; its mean by default.")
@click.option("--samples", type=click.IntRange(1), default=1, show_default=True, help="Noisy copies (SmoothGrad).")
@click.option("--noise", type=Real(0), default=0.15, show_default=True, help="Theirs, of the range.")
@click.option("--signed", is_flag=True, help="Which pixels raise the score, and which lower it.")
@seed_option
@scale_option
@output_option
def _saliency(
    subject: Subject, image: str, part: str, class_: str | None, layer: str | None, channel: int,
    position: str | None, samples: int, noise: float, signed: bool, seed: int, scale: int | None,
    output: Path | None,
) -> None:  # fmt: skip
    """How much each pixel changes a class.

    The score of a class is what the net says before softmax.
    """
    from cnngraph.examine.sensitivity import saliency
    from cnngraph.examine.target import unit_target

    if layer is not None and class_ is not None:
        raise click.UsageError("--class and --layer exclude each other")
    seen, names = subject.picture(image, part), subject.class_names(image)
    unit = None if layer is None else unit_target(subject.net, layer, channel, read_position(position))
    target = unit or subject.number(class_, image)
    found = saliency(subject.net, seen, target, samples=samples, noise=noise, seed=seed, class_names=names)
    subject.show("saliency", found, found.sheet(signed, scale), output)


@command.command("occlusion")
@examined()
@image_option
@part_option
@class_option
@click.option("--square", type=click.IntRange(1), help="Pixels on a side; a quarter of the picture by default.")
@click.option("--stride", type=click.IntRange(1), help="Pixels; a quarter of the square by default.")
@click.option("--brightness", type=Real(0, 1), help="Of the square; the mean of the images by default.")
@scale_option
@output_option
def _occlusion(
    subject: Subject, image: str, part: str, class_: str | None, square: int | None, stride: int | None,
    brightness: float | None, scale: int | None, output: Path | None,
) -> None:  # fmt: skip
    """A class while a square covers each place.

    The probability of the class while a grey square covers each place of a picture, one after the other.
    """
    from cnngraph.examine.covering import occlusion

    seen, number = subject.picture(image, part), subject.number(class_, image)
    names = subject.class_names(image)
    found = occlusion(
        subject.net, seen, number, size=square, stride=stride, brightness=brightness, class_names=names
    )
    subject.show("occlusion", found, found.sheet(scale), output)


@command.command("cam")
@examined()
@image_option
@part_option
@class_option
@layer_option
@scale_option
@output_option
def _cam(
    subject: Subject, image: str, part: str, class_: str | None, layer: str | None, scale: int | None,
    output: Path | None,
) -> None:  # fmt: skip
    """Where a class is seen (Grad-CAM).

    The maps of a layer, by default of the last one with several positions, weighed by the slope of the score.
    """
    from cnngraph.examine.cam import class_activation

    seen, number = subject.picture(image, part), subject.number(class_, image)
    found = class_activation(subject.net, seen, number, layer, class_names=subject.class_names(image))
    subject.show("cam", found, found.sheet(scale), output)


@command.command("gradients")
@examined(trained=False, chart=True)
@click.option(
    "--compare", multiple=True, metavar="'NAME=VALUE ...'",
    help="One line of the chart: the net with these parameters, such as 'skips=true norm=true'; several times.",
)  # fmt: skip
@batch_option
@click.option("--of-weights", is_flag=True, help="Draw the gradients by the weights, not by the inputs of layers.")
@table_format_option
@click.option("--output", "-o", type=click.Path(path_type=Path), help="A chart: .png, .svg or .pdf.")
def _gradients(
    subject: Subject, compare: tuple[str, ...], batch: int, of_weights: bool, format_: str, output: Path | None
) -> None:
    """Gradient norm by layer, for one batch.

    Whether gradients vanish or explode on their way to the input; with --compare, of several nets of the file.
    """
    from cnngraph.examine.flow import flow_chart, flows_table, gradient_flow

    variants = {text: subject.varied(read_settings(tuple(text.split()))) for text in compare}
    nets = variants or {subject.net.name: subject.net}
    flows = [gradient_flow(net, subject.batch(net, batch), name) for name, net in nets.items()]
    click.echo(flows_table(flows).to(format_))
    if output is not None:
        flow_chart(flows, of_weights, f"{subject.net.name}: gradient norm by layer").write(output)


@command.command("activations")
@examined(trained=False, chart=True)
@batch_option
@table_format_option
@click.option("--output", "-o", type=click.Path(path_type=Path), help="A chart: .png, .svg or .pdf.")
def _activations(subject: Subject, batch: int, format_: str, output: Path | None) -> None:
    """Mean, deviation, zeros by layer, for a batch."""
    from cnngraph.examine.activations import activity

    found = activity(subject.net, subject.batch(subject.net, batch))
    click.echo(found.table().to(format_))
    if output is not None:
        found.chart().write(output)
