"""`cnngraph sample`: pictures or texts that a trained net makes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cnngraph.cli.options import Real, execution_options, source_options
from cnngraph.cli.sources import Weights, load_net, weights_options

if TYPE_CHECKING:
    from cnngraph.examine.sampling_text import Manner, Writer
    from cnngraph.ir.op import Array
    from cnngraph.net import Net
    from cnngraph.runtime.settings import Settings
    from cnngraph.train.checkpoint import Checkpoint


@click.command()
@source_options
@weights_options("NET.safetensors by default")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Pictures: the file, such as digits.png.")
@click.option("--count", type=click.IntRange(1, 100_000), default=64, show_default=True, help="Pictures: how many.")
@click.option("--steps", type=click.IntRange(1), default=100, show_default=True, help="Diffusion: times on the way.")
@click.option(
    "--eta", type=Real(0, 1), default=1.0, show_default=True,
    help="Diffusion: fresh noise on the way, 1 as in DDPM, 0 none as in DDIM.",
)
@click.option(
    "--classifier", type=click.Path(path_type=Path), metavar="WEIGHTS",
    help="Pictures: say how a trained classifier finds them, and how far they are from the test pictures.",
)
@click.option("--data", type=click.Path(path_type=Path), help="The folder where data sets are kept, for --classifier.")
@click.option("--source", multiple=True, metavar="TEXT", help="Texts: what the net is to answer.")
@click.option("--start", default="", metavar="TEXT", help="Texts: what the net goes on from.")
@click.option("--length", type=click.IntRange(1, 100_000), default=200, show_default=True, help="Texts: most tokens.")
@click.option(
    "--temperature", type=Real(0), default=0.0, show_default=True,
    help="Texts: 0 always takes the most probable token, 1 draws as the net says.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of noise and drawn tokens.")
@execution_options
def command(
    file: Path,
    net: str | None,
    settings: tuple[str, ...],
    weights: Weights,
    output: Path | None,
    count: int,
    steps: int,
    eta: float,
    classifier: Path | None,
    data: Path | None,
    source: tuple[str, ...],
    start: str,
    length: int,
    temperature: float,
    seed: int,
    execution: Settings,
) -> None:
    """Let the net of FILE make pictures out of noise (a GAN, a diffusion), go on with a text, or answer texts."""
    from cnngraph.cli.files import must_be_picture
    from cnngraph.examine.sampling import pictures
    from cnngraph.examine.sampling_diffusion import Way
    from cnngraph.examine.sampling_text import Manner, writer_of
    from cnngraph.train.checkpoint import load_checkpoint

    loaded = load_net(file, net, settings)
    loaded.settings = execution
    chosen = weights.or_else(Path(f"{loaded.name}.safetensors"))
    chosen.load(loaded)
    assert chosen.path is not None
    _, checkpoint = load_checkpoint(chosen.path, {})
    writer = writer_of(loaded)
    if writer is not None:
        say(writer, checkpoint, source, start, length, Manner(temperature, seed))
        return
    if output is None and classifier is None:
        raise click.UsageError("where shall the pictures go? -o digits.png")
    must_be_picture(output)
    made = pictures(loaded, checkpoint.preprocessing, count, seed, Way(steps, eta))
    if output is not None:
        draw(made, output)
    if classifier is not None:
        judge(made, loaded, classifier, data)


def say(
    writer: Writer, checkpoint: Checkpoint, sources: tuple[str, ...], start: str, length: int, manner: Manner
) -> None:
    """Print what the net says to each source, or how it goes on from the start."""
    import numpy as np

    from cnngraph.examine.sampling_text import MARK, decoded, encoded

    names = checkpoint.class_names
    if writer.source is None:
        begun = encoded(start, names) if start else np.full((1, 1), MARK)
        click.echo(start + decoded(writer.write(begun, length, manner=manner)[0], names))
        return
    if not sources:
        raise click.UsageError("what is the net to answer? --source TEXT")
    for source in sources:
        answer = writer.answer(encoded(source, names), length, manner)[0]
        click.echo(f"{source} -> {decoded(answer, names)}")


def draw(made: Array, output: Path) -> None:
    """The pictures as one sheet."""
    from cnngraph.render.sheet import Tile, sheet, spread01

    side = made.shape[1]
    sheet([Tile(spread01(one, 1.0, signed=False)) for one in made], scale=max(1, 64 // side)).write(output)
    click.echo(f"{len(made)} pictures: {output}")


def judge(made: Array, net: Net, path: Path, folder: Path | None) -> None:
    """Print what a classifier says of the pictures, and how far they are from those to test with."""
    from cnngraph.examine.judging import judged

    for line in judged(made, path, net.data(folder)):
        click.echo(line)
