"""What `--set` says: parameters and sizes of a net, and settings of its train section."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cnngraph.elaborate.elaborate import choose, settable
from cnngraph.elaborate.modules import load_file
from cnngraph.interop.endings import is_model
from cnngraph.net import Net
from cnngraph.train.changes import changed


def load_set(path: Path, net: str | None = None, settings: Mapping[str, object] | None = None) -> Net:
    """The net of a file with these settings. A name of the net goes before one of its train section.

    Raises CnnGraphError with all errors of the file, E0107 for a name that neither has.
    """
    given = dict(settings or {})
    if is_model(path):
        return Net.of_file(path, net, given)
    program = load_file(path)
    if not given or not program.nets:
        return Net(program, net, given)
    definition = choose(program, net).definition
    own = settable(definition)
    trained = bool(program.training_of(definition.name.text))
    rest = {name: value for name, value in given.items() if name not in own} if trained else {}
    found = Net(program, net, {name: value for name, value in given.items() if name not in rest})
    if rest:
        found.training = changed(found.training, rest, own)
    return found
