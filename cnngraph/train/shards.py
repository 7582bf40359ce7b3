"""Checkpoints of a run whose states lie in several processes: each writes its own, and none holds all.

    net.safetensors.parts/00002.0000040.0-of-3.safetensors     epoch 2, step 40, the states of device 0
                          00002.0000040.1-of-3.safetensors     complete: all three are there
                          00002.0000040.2-of-3.safetensors
                          00003.0000000.1-of-3.safetensors     not complete: someone died

The newest complete one counts. All processes are at most one step apart, so two of each are enough to keep.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path

from cnngraph.diagnostics import error
from cnngraph.interop.safetensors import joined, load_weights, names_in, save_weights
from cnngraph.ir.op import Array
from cnngraph.ir.types import TensorType
from cnngraph.train.checkpoint import Checkpoint, Position

NAME = re.compile(r"(?P<moment>\d{5,}\.\d{7,})\.(?P<place>\d+)-of-(?P<count>\d+)\.safetensors")
KEPT = 2


def folder_of(output: Path) -> Path:
    """Where the parts of a file of weights lie while it is not there yet."""
    return output.with_name(f"{output.name}.parts")


def save_part(folder: Path, place: int, count: int, states: Mapping[str, Array], checkpoint: Checkpoint) -> None:
    """Write the part of one process, and delete those of its older ones that nobody needs. Raises E0703."""
    moment = _moment(checkpoint.position)
    save_weights(folder / f"{moment}.{place}-of-{count}.safetensors", states, checkpoint.metadata())
    own = [path for path, name in _parts(folder).items() if name["place"] == str(place) and name["moment"] <= moment]
    for path in own[:-KEPT]:
        path.unlink(missing_ok=True)


def _parts(folder: Path) -> dict[Path, re.Match[str]]:
    """The files of parts in a folder, oldest first, and what their names say."""
    paths = sorted(folder.iterdir()) if folder.is_dir() else []
    return {path: name for path in paths if (name := NAME.fullmatch(path.name))}


def newest(folder: Path) -> list[Path]:
    """The parts of the newest complete checkpoint, or none."""
    found: dict[tuple[str, int], list[Path]] = {}
    for path, name in _parts(folder).items():
        found.setdefault((name["moment"], int(name["count"])), []).append(path)
    complete = [(moment, paths) for (moment, count), paths in found.items() if len(paths) == count]
    return max(complete, default=("", []))[1]


def load_parts(folder: Path, expected: Mapping[str, TensorType]) -> tuple[dict[str, Array], Checkpoint]:
    """The `expected` arrays of the newest complete checkpoint, and what it says. Raises E0703."""
    parts = newest(folder)
    if not parts:
        raise error("E0703", f"{folder}: there is no checkpoint of which all parts are there")
    states: dict[str, Array] = {}
    for path in parts:
        found, metadata = load_weights(path, {name: expected[name] for name in names_in(path) if name in expected})
        states |= found
    if missing := [name for name in expected if name not in states]:
        raise error("E0703", f"{folder}: the weights lack {', '.join(missing)}")
    return states, Checkpoint.of(metadata)


def join_parts(folder: Path, output: Path, checkpoint: Checkpoint) -> None:
    """One file of the parts of this moment, array by array; the folder goes. Raises E0703."""
    moment = _moment(checkpoint.position)
    joined(sorted(folder.glob(f"{moment}.*-of-*.safetensors")), output, checkpoint.metadata())
    shutil.rmtree(folder)


def _moment(position: Position) -> str:
    return f"{position.epoch:05}.{position.step:07}"


def clear(folder: Path, keep: Collection[Path] = ()) -> None:
    """Delete all parts but those."""
    for path in _parts(folder):
        if path not in keep:
            path.unlink()
