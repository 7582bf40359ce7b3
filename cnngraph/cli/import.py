"""`cnngraph import`: a model of another tool as a readable net and its weights."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from cnngraph.interop.model_files import Brought
    from cnngraph.net import Net


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--output", "-o", type=click.Path(path_type=Path), help="The net's file; MODEL.cnn in this folder.")
@click.option("--weights", type=click.Path(path_type=Path), help="A .caffemodel for a .prototxt, .weights for a .cfg.")
@click.option("--input", "shapes", multiple=True, metavar="1x3x224x224", help="An input's shape; if MODEL says none.")
@click.option("--check", is_flag=True, help="Run both on random input, and tell by how much they differ.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of that input.")
@click.option("--placed", is_flag=True, help="Say `on gpu0` as an ONNX model says; the net is then flat.")
@click.option("--force", is_flag=True, help="Overwrite files that are there.")
def command(
    model: Path,
    output: Path | None,
    weights: Path | None,
    shapes: tuple[str, ...],
    check: bool,
    seed: int,
    placed: bool,
    force: bool,
) -> None:
    """Write the network of MODEL as a .cnn file, and its weights as .safetensors beside it.

    MODEL is .onnx, a PyTorch module, exported (.pt2) or traced (.pt), a .prototxt of Caffe or a .cfg of darknet.
    What has no words in the language is told for all of MODEL, and nothing is written.
    """
    from cnngraph.cli.sameness import checked, must_be_checkable
    from cnngraph.interop.model_files import bring

    if check:
        must_be_checkable(model)
    target = output or Path(f"{model.stem}.cnn")
    must_be_free(target, force)
    if placed and model.suffix.lower() != ".onnx":
        raise click.UsageError("--placed is about ONNX models")
    brought = bring(model, weights, [read_shape(text) for text in shapes], placed)
    files = write_both(target, brought)
    net = written(files, brought)
    for line in told(net, files, brought):
        click.echo(line)
    if check:
        click.echo(checked(model, net, brought.source, seed))


def read_shape(text: str) -> tuple[int, ...]:
    """`1x3x224x224` as numbers."""
    if not re.fullmatch(r"[1-9]\d{0,8}(x[1-9]\d{0,8})*", text):
        raise click.BadParameter(f"{text!r} is no shape such as 1x3x224x224", param_hint="--input")
    return tuple(map(int, text.split("x")))


def weights_of(net: Path) -> Path:
    """Where the weights of a net that is written lie."""
    return net.with_suffix(".safetensors")


def must_be_free(target: Path, force: bool) -> None:
    """Refuse files that could not be written, or that are there already, before the work."""
    from cnngraph.cli.files import must_be_writable

    if target.suffix != ".cnn":
        raise click.UsageError(f"{target}: a net is written as .cnn")
    for path in (target, weights_of(target)):
        must_be_writable(path)
        if path.exists() and not force:
            raise click.ClickException(f"{path} is there already: choose another name, or add --force")


def write_both(target: Path, brought: Brought) -> list[Path]:
    """Write net and weights, or neither; of a model without weights the net alone."""
    from cnngraph.cli.files import write_all
    from cnngraph.interop.safetensors import save_weights

    def save(path: Path) -> None:
        save_weights(path, brought.states)

    def text(path: Path) -> None:
        path.write_text(brought.text, encoding="utf-8")

    return write_all({weights_of(target): save, target: text} if brought.states else {target: text})


def written(files: list[Path], brought: Brought) -> Net:
    """The net as it is read from its files."""
    from cnngraph.net import load

    net = load(files[-1])
    if brought.states:
        net.load_weights(files[0], strict=True)
    return net


def told(net: Net, files: list[Path], brought: Brought) -> list[str]:
    """What was written, how its values lie in both, and what is to be known of it."""
    from cnngraph.cost.quantity import bytes_text
    from cnngraph.interop.exporting import layout_text

    layers = len(net.graph.nodes) - len(net.graph.states) - len(net.graph.inputs)
    count = brought.text.count("\n")
    said = [f"{count:,} lines", "1 layer" if layers == 1 else f"{layers:,} layers", f"{net.parameters:,} parameters"]
    lines = [f"net: {files[-1]} ({', '.join(said)})"]
    if brought.states:
        size = bytes_text(files[0].stat().st_size)
        lines.append(f"weights: {files[0]} ({len(brought.states):,} arrays, {size})")
    else:
        lines.append("weights: none" + ("; the first values are as the seed says" if net.graph.states else ""))
    source = brought.source
    for name, axes in source.inputs.items():
        lines.append(f"input {name}: {layout_text(source.graph[name].type, axes)}")
    for name, axes in source.outputs.items():
        lines.append(f"output {name}: {layout_text(source.graph.type_of(source.graph.outputs[name]), axes)}")
    return [*lines, *(f"note: {note}" for note in source.notes)]
