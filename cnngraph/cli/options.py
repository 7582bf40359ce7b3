"""Arguments and options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from cnngraph.partition.device import Cluster

F = TypeVar("F", bound=Callable[..., Any])

file_argument = click.argument("file", type=click.Path(path_type=Path))
net_option = click.option("--net", "net", metavar="NAME", help="The net of the file; its last one by default.")
set_option = click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE",
    help="A parameter or a size, or a setting of the train section: classes=10, H=224, lr=0.01, schedule.every=2.",
)

table_format_option = click.option(
    "--format", "format_", type=click.Choice(["text", "csv", "json", "markdown"]), default="text", show_default=True
)
color_option = click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True
)
depth_option = click.option("--depth", type=click.IntRange(0), help="Blocks that lie deeper are drawn as one box.")
step_option = click.option("--step", metavar="NAME", help="Of several steps of training the one that is meant.")
direction_option = click.option(
    "--direction", type=click.Choice(["TB", "LR"]), help="Of arrows: down (default), or to the right (for slides)."
)


PICTURE_FORMATS = ("svg", "png", "pdf", "dot", "mermaid")
STYLES = (
    click.option(
        "--style", type=click.Choice(["paper", "slide", "plain", "volumes"]), default="paper", show_default=True,
        help="Small and thin; large and bold; black on white; or feature maps as boxes with their sizes.",
    ),
    click.option("--dark", is_flag=True, help="Light on dark."),
)  # fmt: skip
FIGURES = (
    click.option("--legend", is_flag=True, help="Tell the colours of the operators."),
    click.option(
        "--show", metavar="FIGURE,...", default="",
        help="Figures in each box: parameters, madds, activations, bytes, field.",
    ),
)  # fmt: skip


def style_options(command: F) -> F:
    """--style and --dark: how a picture looks, as the argument `looks` (some of the options of `render.dot`)."""

    @wraps(command)
    def gathered(*args: Any, style: str, dark: bool, **more: Any) -> Any:
        return command(*args, looks={"style": style, "dark": dark}, **more)

    made: Any = gathered
    for option in reversed(STYLES):
        made = option(made)
    found: F = made
    return found


def figure_options(command: F) -> F:
    """--legend and --show, beside `style_options`: what boxes say, in the same argument."""

    @wraps(command)
    def gathered(*args: Any, looks: dict[str, Any], legend: bool, show: str, **more: Any) -> Any:
        figures = tuple(word.strip() for word in show.split(",") if word.strip())
        return command(*args, looks=looks | {"legend": legend, "show": figures}, **more)

    made: Any = gathered
    for option in reversed(FIGURES):
        made = option(made)
    found: F = made
    return found


class Real(click.FloatRange):
    """A number within bounds. Of click alone nan lies within any, and infinity where one is open."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        found = super().convert(value, param, ctx)
        if not isfinite(found):
            self.fail(f"{value} is no number", param, ctx)
        return found


def source_options(command: F) -> F:
    """FILE, --net and --set: which network is meant."""
    return file_argument(net_option(set_option(command)))


def read_settings(settings: tuple[str, ...]) -> Mapping[str, object]:
    """`("classes=10", "wide=true")` as values of the language."""
    from cnngraph.elaborate.calls import read_value

    pairs = {}
    for text in settings:
        name, sign, value = text.partition("=")
        if not sign or not name.strip():
            raise click.BadParameter(f"{text!r} is not NAME=VALUE", param_hint="--set")
        pairs[name.strip()] = read_value(value.strip())
    return pairs


def read_cluster(devices: str) -> Cluster:
    """`--devices`: a number, names, or a TOML file."""
    from cnngraph.partition.cluster_file import load_cluster
    from cnngraph.partition.device import parse_devices

    return load_cluster(devices) if devices.endswith(".toml") else parse_devices(devices)


EXECUTION = (
    click.option(
        "--workers", type=click.IntRange(1), help="Threads; CNNGRAPH_WORKERS or all cores by default. No bit changes."
    ),
    click.option("--exact", is_flag=True, help="No kernels that round more than another order of additions would."),
    click.option(
        "--tune", is_flag=True, help="Measure which kernels are fastest here; remembered in CNNGRAPH_CACHE or ~/.cache."
    ),
    click.option(
        "--memory-limit",
        metavar="SIZE",
        help="Peak of a run, such as 500MB: by smaller tiles of the batch (sums round otherwise), leaner kernels, "
        "recomputing, fewer workers.",
    ),
)


PIPELINE = (
    click.option(
        "--microbatches", type=click.IntRange(1), metavar="M",
        help="Cut the batch into M parts that follow each other through the devices.",
    ),
    click.option(
        "--schedule", metavar="KIND", help="Their order: 1f1b (default), fill-drain, zero-bubble, one-shot."
    ),
)  # fmt: skip


def pipeline_options(command: F) -> F:
    """--microbatches and --schedule, as the argument `pipeline` (`PipelineOptions`, or None)."""

    @wraps(command)
    def gathered(*args: Any, microbatches: int | None, schedule: str | None, **more: Any) -> Any:
        from cnngraph.runtime.pipelining import USUAL, PipelineOptions

        if schedule is not None and microbatches is None and schedule != "one-shot":
            raise click.UsageError("--schedule is about microbatches: add --microbatches")
        count, kind = microbatches or 1, schedule or USUAL.kind
        given = None if microbatches is None and schedule is None else PipelineOptions(count, kind)
        return command(*args, pipeline=given, **more)

    made: Any = gathered
    for option in reversed(PIPELINE):
        made = option(made)
    found: F = made
    return found


def execution_options(command: F) -> F:
    """--workers, --exact, --tune and --memory-limit: how the net is run, as the argument `execution` (`Settings`)."""

    @wraps(command)
    def gathered(
        *args: Any, workers: int | None, exact: bool, tune: bool, memory_limit: str | None, **more: Any
    ) -> Any:
        from cnngraph.runtime.settings import Settings

        limit = None if memory_limit is None else read_bytes(memory_limit, "--memory-limit")
        return command(*args, execution=Settings(workers, exact, tune, limit), **more)

    made: Any = gathered
    for option in reversed(EXECUTION):
        made = option(made)
    found: F = made
    return found


def read_bytes(text: str, option: str) -> int:
    """`500MB` as a number of bytes.

    >>> read_bytes("1.5 GiB", "--memory-limit")
    1610612736
    """
    from cnngraph.cost.quantity import read_quantity

    count = read_quantity(text, "bytes")
    if count is None or count < 1:
        raise click.BadParameter(f"{text!r} is no size such as 500MB or 2GiB", param_hint=option)
    return int(count)
