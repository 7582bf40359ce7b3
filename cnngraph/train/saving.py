"""The files of a run: its last state, and beside it the state after the best epoch so far.

    net.safetensors         the last state: after an epoch, after each `save_every` steps, and where a run ends
    net.best.safetensors    the state after the best epoch

Both hold all that a run goes on from. The best one is written first: a process that is killed between the two goes on
from the epoch before, and writes the same best state again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from cnngraph.diagnostics import CnnGraphError, error
from cnngraph.ir.op import Array
from cnngraph.ir.types import TensorType
from cnngraph.train.checkpoint import Checkpoint, Position, load_checkpoint
from cnngraph.train.engine import Here
from cnngraph.train.history import Epoch
from cnngraph.train.judging import best_of
from cnngraph.train.shards import folder_of, newest

BEST = "best"


def best_path(output: Path) -> Path:
    """Where the state after the best epoch is, beside that of the last one.

    >>> best_path(Path("runs/lenet5.safetensors")).name
    'lenet5.best.safetensors'
    """
    return output.with_name(f"{output.stem}.{BEST}{output.suffix}")


class Saver:
    """Writes the states of a run to its files, if it has any. `about` is what each file says of the run."""

    def __init__(self, engine: Here, output: Path | None, about: Checkpoint) -> None:
        self._engine, self._output, self._about = engine, output, about
        self._saved: Position | None = None

    def save(self, states: Mapping[str, Array], position: Position, rows: tuple[Epoch, ...]) -> None:
        """The last state, and before it the best one where it is the same; nothing where both are. Raises E0703."""
        if self._output is None or position == self._saved:
            return
        checkpoint = replace(self._about, position=position, rows=rows)
        if rows and position == Position(rows[-1].number) and best_of(rows) is rows[-1]:
            best = best_path(self._output)
            self._engine.save(best, states, checkpoint)
            self._engine.finish(best, checkpoint)
        self._engine.save(self._output, states, checkpoint)
        self._saved = position

    def finish(self, position: Position, rows: tuple[Epoch, ...]) -> None:
        """What was saved last is to stay."""
        if self._output is not None:
            self._engine.finish(self._output, replace(self._about, position=position, rows=rows))

    def best_states(self, types: Mapping[str, TensorType]) -> dict[str, Array] | None:
        """The states after the best epoch, if they were saved. Raises E0703."""
        return None if self._output is None else self._engine.load(best_path(self._output), types)[0]


def load_run(
    engine: Here, path: Path, types: Mapping[str, TensorType], network: str
) -> tuple[dict[str, Array], Checkpoint]:
    """States and place of a run that is to go on with the net of this fingerprint.

    Raises E0703 where the file is of another net, or damaged: then it names another file of the run that is sound.
    """
    try:
        _, checkpoint = engine.load(path, {})
        if checkpoint.network not in ("", network):
            raise error(
                "E0703", f"{path}: the network {checkpoint.net} has changed since this was written",
                "go on with the file and the settings of the net with which the run began",
                f"or begin a new run with its weights: --weights {path}, without --resume",
            )  # fmt: skip
        return engine.load(path, types)
    except CnnGraphError as refused:
        if _is_sound(path):
            raise
        *before, last = refused.diagnostics
        helps = (*last.helps, *map(_offer, filter(_is_sound, _others(path))))
        raise CnnGraphError([*before, replace(last, helps=helps)]) from refused


def _others(path: Path) -> list[Path]:
    """Other files that the same run may have written."""
    last = path.with_name(path.name.replace(f".{BEST}.", "."))
    found = [last, best_path(last), folder_of(last)]
    return [other for other in found if other != path and other.exists()]


def _is_sound(path: Path) -> bool:
    try:
        if path.is_dir():
            return bool([load_checkpoint(part) for part in newest(path)])
        load_checkpoint(path)
    except CnnGraphError:
        return False
    return True


def _offer(path: Path) -> str:
    _, checkpoint = load_checkpoint(newest(path)[0] if path.is_dir() else path, {})
    return f"{path} is sound, the state after epoch {checkpoint.position.epoch}: go on with --resume {path}"
