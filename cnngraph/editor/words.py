"""The words of the language by class: the one list from which every highlighter and the completion are made.

Nothing here is written twice: layers come from the registry, functions and paddings from the outermost scope, figures,
types and keys from the modules that give them their meaning. Only the order of the keywords into classes is said here.
"""

from __future__ import annotations

from functools import cache

from cnngraph.elaborate.checks import figures
from cnngraph.elaborate.modules import SECTIONS
from cnngraph.elaborate.parameters import TYPES
from cnngraph.elaborate.scope import words_of_the_language
from cnngraph.elaborate.training import KEYS, STEP_KEYS
from cnngraph.elaborate.values import Function
from cnngraph.ir.graph import Graph
from cnngraph.ir.registry import registry
from cnngraph.syntax.tokens import WORDS

CONSTANTS = ("true", "false")
LOGIC = ("and", "or", "not")
DECLARATIONS = ("cnn", "import", "from", "as", "net", "block", "where", "let", "shared", "return", "check")
CONTROL = tuple(sorted(WORDS - {*CONSTANTS, *LOGIC, *DECLARATIONS}))
TYPE_NAMES = ("tensor", *TYPES)
VALUE_ON_THE_LEFT = "it"
STEP = "step"
"""A section within that of a training."""

KEYWORDS_AT_LINES = ("let", "shared", "return", "check", "for", "repeat", "if", "residual", "on")
KEYWORDS_AFTER_ARROWS = ("residual", "repeat", "for", "if", "on")
KEYWORDS_AFTER_BRACES = ("project", "else", "on")
KEYWORDS_OF_FILES = ("net", "block", "let", "import", "cnn")


def layers() -> tuple[str, ...]:
    """Every word that joins or makes layers: the operators, `split`, and the brace form `fork`.

    Not kept: an operator may be added at any time.

    >>> {"conv", "split", "fork"} <= set(layers()), "floor" in layers()
    (True, False)
    """
    found = _outermost().items()
    return tuple(sorted([name for name, value in found if not isinstance(value, (str, Function))] + ["fork"]))


@cache
def functions() -> tuple[str, ...]:
    """What is called on numbers: `floor` and its like, and `ids`."""
    return (*(name for name, value in _outermost().items() if isinstance(value, Function)), "ids")


@cache
def paddings() -> tuple[str, ...]:
    return tuple(name for name, value in _outermost().items() if isinstance(value, str))


@cache
def checked_figures() -> tuple[str, ...]:
    """What a `check` can ask: `params`, `depth`, ..."""
    return tuple(figures(Graph("", (), {}), {}, ""))


def optimizers() -> tuple[str, ...]:
    return tuple(name for name, op in registry().items() if op.optimizer)


def losses() -> tuple[str, ...]:
    return tuple(name for name, op in registry().items() if op.loss and not op.internal)


def _outermost() -> dict[str, object]:
    scope = words_of_the_language()
    return {name: value for name, (value, _) in scope.names.items()}


__all__ = ["KEYS", "SECTIONS", "STEP_KEYS", "WORDS"]
