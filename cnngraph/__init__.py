"""Convolutional networks as tables: check, draw, differentiate, partition, run and train them.

    import cnngraph

    net = cnngraph.load("net.cnn")
    net.summary()                        the table of layers
    net(images)                          forward, on an array (N, H, W, C)
    net.gradients({"image": x, "label": y}, ["image"])
    net.settings = cnngraph.Settings(workers=1, exact=True)
    net.fit(), net.evaluate()            as the train section of the file says
    net.draw()                           SVG text; a notebook shows `net` by itself
    net.partition("4")                   which device runs what
    net.graph.nx                         the graph for networkx
    @cnngraph.operator                   before a class on `Op`: a layer of your own
    %load_ext cnngraph                   in a notebook: cells that begin with %%cnn are networks

The names below are imported when they are first used, so that `import cnngraph` is immediate.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

from cnngraph.uncollected import uncollected

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from cnngraph.autodiff.grad import grad as grad
    from cnngraph.diagnostics import CnnGraphError as CnnGraphError
    from cnngraph.elaborate.scope import operator as operator
    from cnngraph.net import Net as Net
    from cnngraph.net import load as load
    from cnngraph.net import loads as loads
    from cnngraph.notebook.view import view as view
    from cnngraph.partition.split import split as split
    from cnngraph.runtime.settings import Settings as Settings

HOMES = {
    "CnnGraphError": "cnngraph.diagnostics",
    "Net": "cnngraph.net",
    "load": "cnngraph.net",
    "loads": "cnngraph.net",
    "grad": "cnngraph.autodiff.grad",
    "operator": "cnngraph.elaborate.scope",
    "split": "cnngraph.partition.split",
    "Settings": "cnngraph.runtime.settings",
    "view": "cnngraph.notebook.view",
}

__all__ = ["CnnGraphError", "Net", "Settings", "grad", "load", "loads", "operator", "split", "view"]


def __getattr__(name: str) -> object:
    if name not in HOMES:
        raise AttributeError(f"module 'cnngraph' has no attribute {name!r}")
    with uncollected():
        return getattr(importlib.import_module(HOMES[name]), name)


def load_ipython_extension(shell: InteractiveShell) -> None:
    """`%load_ext cnngraph` gives notebooks the magic `%%cnn`, and pictures of what cells end with."""
    importlib.import_module("cnngraph.notebook.magic").load(shell)


def __dir__() -> list[str]:
    return sorted(__all__)


if (_shell := getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()) is not None:
    importlib.import_module("cnngraph.notebook.formats").register(_shell)  # in a notebook, pictures come without asking
