"""All warnings of a file."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType, ModuleType

from cnngraph.diagnostics import Diagnostic, in_order
from cnngraph.elaborate.modules import Program
from cnngraph.lint import rules
from cnngraph.lint.allow import allowances, idle, without
from cnngraph.lint.subject import Subject

NOTHING: Mapping[str, object] = MappingProxyType({})


def lint(program: Program, settings: Mapping[str, object] = NOTHING) -> tuple[Diagnostic, ...]:
    """The warnings of the file itself, not of what it imports, in order; what `# allow` allows is left out.

    A wrong file is no reason to raise: what can be judged of it is.

    >>> from cnngraph.elaborate.modules import load_text
    >>> [found.code for found in lint(load_text("net n(x: 3@8x8) = conv(4, 3x3) -> batchnorm"))]
    ['W109', 'W103']
    """
    subject = Subject(program, settings)
    found = in_order(finding for rule in lints() for finding in rule.find(subject))
    allowed = allowances(subject.source)
    unneeded = idle(allowed, found, lambda span: subject.sound and subject.judges(span))
    return tuple(in_order([*without(found, allowed), *unneeded]))


@cache
def lints() -> tuple[ModuleType, ...]:
    """The modules of the folder `rules`, by name."""
    names = sorted(module.name for module in pkgutil.iter_modules(rules.__path__))
    return tuple(importlib.import_module(f"{rules.__name__}.{name}") for name in names)
