"""`cnngraph predict`: the most probable classes of pictures, from a file of weights that training wrote."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cnngraph.cli.options import execution_options

if TYPE_CHECKING:
    from cnngraph.runtime.settings import Settings


@click.command()
@click.argument("pictures", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--weights", type=click.Path(path_type=Path), help="By default the only one in this folder.")
@click.option("--top", type=click.IntRange(1), default=5, show_default=True, help="How many classes to show.")
@execution_options
def command(pictures: tuple[Path, ...], weights: Path | None, top: int, execution: Settings) -> None:
    """Classify PICTURES of any size. The file of weights carries the network and how pictures are prepared for it."""
    from cnngraph.train.predict import network_of, predict

    chosen = weights or only_weights(Path())
    for prediction in predict(network_of(chosen), chosen, pictures, top, execution):
        click.echo(f"{prediction.path}:")
        for name, probability in prediction.classes:
            click.echo(f"  {probability:6.2%}  {name}")


def only_weights(folder: Path) -> Path:
    """The file of weights that a folder holds, if there is just one."""
    found = sorted(folder.glob("*.safetensors"))
    if len(found) != 1:
        listed = ", ".join(f.name for f in found) or "none"
        raise click.UsageError(f"which weights? this folder has {listed}; give --weights FILE")
    return found[0]
