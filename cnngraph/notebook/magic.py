"""`%%cnn` in IPython and Jupyter: a cell is a `.cnn` file. The only file that imports IPython.

    %load_ext cnngraph

    %%cnn lenet --set classes=10
    net lenet5(image: 1@32x32, classes = 10) { ... }

The cell shows the picture and the table of the network and binds it to the name, or to the network's own name.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
from keyword import iskeyword
from pathlib import Path

from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, cell_magic, magics_class
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring
from IPython.display import display

from cnngraph.diagnostics import CnnGraphError
from cnngraph.elaborate.modules import load_text
from cnngraph.net import Net
from cnngraph.notebook.errors import is_coloured
from cnngraph.notebook.formats import register
from cnngraph.reports.terminal import report

CELL = "cell.cnn"


@magics_class
class CnnMagics(Magics):
    """The magics of `%load_ext cnngraph`."""

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        self._shell = shell

    @magic_arguments()
    @argument("name", nargs="?", help="The Python name for the network; its own name if left out.")
    @argument("--net", help="The net of the cell; its last one by default.")
    @argument("--set", action="append", default=[], metavar="NAME=VALUE", help="A parameter or a size: classes=10.")
    @cell_magic
    def cnn(self, line: str, cell: str) -> None:
        """Read the cell as a `.cnn` file; show its network and bind it to a name. What is wrong is explained."""
        wanted = parse_argstring(self.cnn, line)
        try:
            net = self._read(wanted, cell)
            self._shell.user_ns[_name(wanted.name or net.name)] = net
            display(net, net.summary())
        except CnnGraphError as error:
            print(report(error.diagnostics, is_coloured(self._shell)))

    def _read(self, wanted: Namespace, cell: str) -> Net:
        program = load_text(cell, CELL, Path.cwd())
        return Net(program, wanted.net, settings(wanted.set))


def _name(name: str) -> str:
    if not name.isidentifier() or iskeyword(name):
        raise UsageError(f"{name!r} cannot be a name in Python: `%%cnn NAME` gives the network another one")
    return name


def settings(pairs: Sequence[str]) -> Mapping[str, object]:
    """`classes=10` with a value of the language on the right: a number, `true`, a text in quotes, `[1, 2]`, a layer.

    >>> settings(["classes=10", "wide = true", "depths=[2, 3]"])
    {'classes': 10, 'wide': True, 'depths': [2, 3]}
    """
    found: dict[str, object] = {}
    for pair in pairs:
        name, sign, text = (part.strip() for part in pair.partition("="))
        if not sign or not name:
            raise UsageError(f"--set {pair}: NAME=VALUE is expected")
        program = load_text(f"let value = {text}", f"--set {name}")
        if program.found:
            raise CnnGraphError(program.found)
        found[name], _ = program.scope.names["value"]
    return found


def load(shell: InteractiveShell) -> None:
    """What `%load_ext cnngraph` does."""
    shell.register_magics(CnnMagics(shell))
    register(shell)
