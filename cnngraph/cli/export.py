"""`cnngraph export`: a net with its weights as an ONNX model or as PyTorch source."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cnngraph.cli.options import source_options
from cnngraph.cli.sources import Weights, load_net, weights_options

if TYPE_CHECKING:
    from cnngraph.interop.exporting import Exported
    from cnngraph.ir.graph import Graph

ENDINGS = {"onnx": ".onnx", "pytorch": ".py"}


@click.command()
@source_options
@click.option("--to", type=click.Choice(list(ENDINGS)), help="The format; by default as the ending of --output says.")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="NET.onnx or NET.py by default.")
@weights_options("else those of FILE, or as the seed says")
@click.option("--batch", type=click.IntRange(1), help="For so many samples; by default for any number.")
@click.option("--opset", type=int, help="Version of the ONNX operators.")
@click.option("--external-data", is_flag=True, help="Weights in a file beside the model, as is usual over 2 GB.")
@click.option(
    "--devices", metavar="N|NAMES|FILE",
    help="Say which device runs what: 4, or gpu0,gpu1, or a cluster.toml; or as `partition --format json` wrote.",
)
@click.option("--split", is_flag=True, help="With --devices: one model for each, in the folder --output.")
def command(
    file: Path,
    net: str | None,
    settings: tuple[str, ...],
    to: str | None,
    output: Path | None,
    weights: Weights,
    batch: int | None,
    opset: int | None,
    external_data: bool,
    devices: str | None,
    split: bool,
) -> None:
    """Write the net of FILE for other tools. Without weights it has its first values, as the seed says."""
    from cnngraph.cli.division import partition_of
    from cnngraph.cli.files import must_be_writable

    ending = ending_of(to, output, split)
    if split and devices is None:
        raise click.UsageError("--split is about devices: add --devices")
    if ending == ENDINGS["pytorch"] and (devices, batch, opset, external_data) != (None, None, None, False):
        raise click.UsageError("--devices, --batch, --opset and --external-data are about ONNX")
    loaded = load_net(file, net, settings, weights)
    target = output or Path(f"{loaded.name}{ending or '_parts'}")
    must_be_writable(target if ending else target / "parts.json")
    sizes = {} if batch is None else {"batch": batch}
    partition = None if devices is None else partition_of(devices, loaded, batch or 1)
    external = external_data or None
    done = loaded.export(target, opset=opset, external_data=external, partition=partition, **sizes)
    tell(loaded.graph.bind(**sizes), done)


def ending_of(to: str | None, output: Path | None, split: bool) -> str:
    """The ending of what is written; none for a folder."""
    if split:
        if to == "pytorch" or (output is not None and output.suffix):
            raise click.UsageError("--split writes ONNX files into a folder, whose name has no ending")
        return ""
    if to is None and output is None:
        raise click.UsageError("say which format: --to onnx or --to pytorch")
    if to is None or output is None:
        return ENDINGS[to] if to else Path(output or "").suffix
    if output.suffix != ENDINGS[to]:
        raise click.UsageError(f"--to {to} writes {ENDINGS[to]}, not {output}")
    return output.suffix


def tell(graph: Graph, exported: Exported) -> None:
    """What was written, and how arrays lie there."""
    from cnngraph.cost.quantity import bytes_text
    from cnngraph.interop.exporting import layout_text

    for file in exported.files:
        click.echo(f"{file} ({bytes_text(file.stat().st_size)})")
    for name, axes in exported.inputs.items():
        click.echo(f"input {name}: {layout_text(graph[name].type, axes)}")
    for name, axes in exported.outputs.items():
        click.echo(f"output {name}: {layout_text(graph.type_of(graph.outputs[name]), axes)}")
