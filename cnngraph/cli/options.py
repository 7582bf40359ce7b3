"""Arguments and options that several commands share."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from cnngraph.partition.device import Cluster

F = TypeVar("F", bound=Callable[..., Any])

file_argument = click.argument("file", type=click.Path(path_type=Path))
net_option = click.option("--net", "net", metavar="NAME", help="The net of the file; its last one by default.")
set_option = click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="A parameter or a size: classes=10, H=224."
)


def source_options(command: F) -> F:
    """FILE, --net and --set: which network is meant."""
    return file_argument(net_option(set_option(command)))


def read_settings(settings: tuple[str, ...]) -> Mapping[str, object]:
    """`("classes=10", "wide=true")` as values of the language."""
    pairs = {}
    for text in settings:
        name, sign, value = text.partition("=")
        if not sign or not name.strip():
            raise click.BadParameter(f"{text!r} is not NAME=VALUE", param_hint="--set")
        pairs[name.strip()] = read_value(value.strip())
    return pairs


def read_value(text: str) -> object:
    """A number, true, false, or else a text."""
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def must_be_writable(path: Path) -> None:
    """Refuse a file that could not be written, before the work whose result it is to hold. Leaves no trace."""
    if path.is_dir():
        raise click.ClickException(f"{path} cannot be written: it is a folder")
    above = next(folder for folder in path.absolute().parents if folder.exists())
    if not above.is_dir() or not os.access(path if path.exists() else above, os.W_OK):
        raise click.ClickException(f"{path} cannot be written: {above} is no folder that can be written to")


def write(path: Path, content: str | bytes) -> None:
    """Write a file, and the folders that it needs; what the system refuses is the user's to know, not a traceback."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            path.write_text(content, encoding="utf-8")
        else:
            path.write_bytes(content)
    except OSError as failure:
        raise click.ClickException(f"{path} cannot be written: {failure.strerror}") from failure


def read_cluster(devices: str) -> Cluster:
    """`--devices`: a number, names, or a TOML file."""
    from cnngraph.partition.cluster_file import load_cluster
    from cnngraph.partition.device import parse_devices

    return load_cluster(devices) if devices.endswith(".toml") else parse_devices(devices)
