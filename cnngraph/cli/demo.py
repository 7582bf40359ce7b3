"""`cnngraph demo`: the main job on what the package carries: draw and partition GoogLeNet, train LeNet-5 on digits."""

from __future__ import annotations

from pathlib import Path

import click

DEVICES = "4"


@click.command()
@click.option("--output", "-o", type=click.Path(path_type=Path), default=Path("cnngraph-demo"), show_default=True)
@click.option("--epochs", type=click.IntRange(1), help="Of LeNet-5, instead of what its file says.")
def command(output: Path, epochs: int | None) -> None:
    """Compile and draw GoogLeNet, divide it over four devices, train LeNet-5 on the digits; say where all of it is."""
    from cnngraph.cli.files import write
    from cnngraph.net import load
    from cnngraph.render.dot import save
    from cnngraph.render.partition_table import stages
    from cnngraph.resources import resource
    from cnngraph.train.progress import ProgressReporter

    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as failure:
        raise click.ClickException(f"{output} cannot be made: {failure.strerror}") from failure

    googlenet = load(resource("specs", "nets", "googlenet.cnn"))
    click.echo(f"{googlenet!r}\n")
    save(googlenet.graph, output / "googlenet.svg")
    write(output / "googlenet.txt", googlenet.summary().text() + "\n")

    partition = googlenet.partition(DEVICES, batch=8)
    save(partition.graph, output / "googlenet_devices.svg", partition=partition)
    write(output / "googlenet_devices.txt", stages(partition).text() + "\n")
    click.echo(f"{stages(partition).text()}\n")

    lenet5 = load(resource("specs", "nets", "lenet5_digits.cnn"))
    with ProgressReporter() as report:
        history = lenet5.fit(epochs=epochs, output=output / "lenet5.safetensors", on_progress=report)
    write(output / "lenet5.json", history.to_json() + "\n")
    click.echo(f"\n{lenet5.evaluate()}\n")

    click.echo("pictures:")
    for name in ("googlenet.svg", "googlenet_devices.svg"):
        click.echo(f"  {output / name}")
    click.echo("numbers:")
    for name in ("googlenet.txt", "googlenet_devices.txt", "lenet5.json"):
        click.echo(f"  {output / name}")
    click.echo("weights, the last and the best ones:")
    for name in ("lenet5.safetensors", "lenet5.best.safetensors"):
        click.echo(f"  {output / name}")
