"""The network that a command is about, and its weights: what `--weights`, `--map` and `--strict` say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cnngraph.cli.options import read_settings
from cnngraph.interop.endings import WEIGHTS, is_model

if TYPE_CHECKING:
    from cnngraph.interop.fitting import Stored
    from cnngraph.net import Net

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Weights:
    """A file of weights, if one is given, and how its names become those of the network."""

    path: Path | None = None
    renaming: tuple[tuple[str, str], ...] = ()
    strict: bool = False

    def or_else(self, path: Path) -> Weights:
        """These weights, or those of another file where none is given."""
        return self if self.path is not None else replace(self, path=path)

    @property
    def of_model(self) -> bool:
        """Whether they are those of another tool, and read together with its file."""
        return self.path is not None and self.path.suffix.lower() in WEIGHTS.values()

    def load(self, net: Net) -> None:
        """Give the net its weights, if a file is given. Raises E0703."""
        if self.path is not None:
            net.load_weights(self.path, dict(self.renaming), self.strict)

    def find(self, net: Net) -> Mapping[str, Stored] | None:
        """Where the net's weights lie in the file, if one is given. Raises E0703."""
        if self.path is None or self.of_model:
            return None
        return net.find_weights(self.path, dict(self.renaming), self.strict)


def load_net(
    file: Path, net: str | None = None, settings: tuple[str, ...] = (), weights: Weights | None = None
) -> Net:
    """The net of a file of ours or of another tool, with the weights, if any are given.

    Errors: E0703 weights that do not fit; all errors of the file.
    """
    from cnngraph.net import Net
    from cnngraph.search.loading import load_set

    apart = weights.path if weights is not None and weights.of_model and is_model(file) else None
    given = read_settings(settings)
    loaded = load_set(file, net, given) if apart is None else Net.of_file(file, net, given, apart)
    if weights is not None and apart is None:
        weights.load(loaded)
    return loaded


def weights_options(default: str) -> Callable[[F], F]:
    """--weights, --map and --strict, as the argument `weights` (`Weights`); `default` says what holds without."""

    def decorate(command: F) -> F:
        @wraps(command)
        def gathered(*args: Any, weights: Path | None, map_: tuple[str, ...], strict: bool, **more: Any) -> Any:
            from cnngraph.interop.renaming import read_rules

            return command(*args, weights=Weights(weights, tuple(read_rules(map_).items()), strict), **more)

        made: Any = gathered
        for option in reversed(_options(default)):
            made = option(made)
        found: F = made
        return found

    return decorate


def _options(default: str) -> tuple[Callable[[Any], Any], ...]:
    return (
        click.option("--weights", type=click.Path(path_type=Path), help=f"A .safetensors file; {default}."),
        click.option(
            "--map", "map_", multiple=True, metavar="OLD=NEW|FILE",
            help="A name of the file of weights and what it becomes, such as 'backbone.*=*'; or a .json or .toml file.",
        ),
        click.option("--strict", is_flag=True, help="No weights that the net has not."),
    )  # fmt: skip
