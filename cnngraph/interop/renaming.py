"""Names of a file of weights as those of a network: `old=new` pairs, in which a `*` stands for any letters.

    backbone.*=*            backbone.c1.weight -> c1.weight
    layer*.bn.*=b*.norm.*   layer3.bn.mean -> b3.norm.mean
    fc.weight=class.weight  this name alone

The first rule whose left side fits a name renames it; other names stay. Pairs are written on the command line, or in a
JSON or TOML file.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from cnngraph.diagnostics import CnnGraphError, Diagnostic, error
from cnngraph.spelling import nearest

MAX_BYTES = 16_000_000  # of a file of rules
FILES = (".json", ".toml")


def read_rules(texts: Sequence[str]) -> dict[str, str]:
    """The rules of `old=new` pairs and of files, in order. Raises E0703 with all that are wrong.

    >>> read_rules(["backbone.*=*", "fc.weight = class.weight"])
    {'backbone.*': '*', 'fc.weight': 'class.weight'}
    """
    rules: dict[str, str] = {}
    found: list[Diagnostic] = []
    for text in texts:
        given = _of_file(Path(text)) if text.endswith(FILES) and "=" not in text else [_pair(text)]
        for old, new in given:
            found += _wrong_rule(old, new, rules)
            rules[old] = new
    if found:
        raise CnnGraphError(found)
    return rules


def _pair(text: str) -> tuple[str, str]:
    old, sign, new = (part.strip() for part in text.partition("="))
    if not (old and sign and new):
        what = f"the renaming {text!r} is neither OLD=NEW nor a .json or .toml file"
        raise error("E0703", what, "e.g. `--map 'backbone.*=*'`")
    return old, new


def _wrong_rule(old: str, new: str, rules: Mapping[str, str]) -> Iterator[Diagnostic]:
    if old in rules:
        yield Diagnostic("E0703", f"two renamings are about `{old}`: `{rules[old]}` and `{new}`")
    if old.count("*") != new.count("*"):
        message = f"the renaming `{old}={new}` has {old.count('*')} stars before the = and {new.count('*')} after it"
        yield Diagnostic("E0703", message, helps=("each star on the left fills one on the right",))


def _of_file(path: Path) -> list[tuple[str, str]]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise error("E0703", f"{path}: a file of renamings has at most {MAX_BYTES:,} bytes")
        text = path.read_text(encoding="utf-8")
        table = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text, object_pairs_hook=once)
        return _pairs(path, table)
    except OSError as problem:
        raise error("E0703", f"the renamings {path} cannot be read: {problem.strerror}") from problem
    except (ValueError, RecursionError) as problem:
        raise error("E0703", f"the renamings {path} cannot be read: {problem}") from problem


def _pairs(path: Path, table: object, above: str = "") -> list[tuple[str, str]]:
    """The leaves of a table; TOML makes tables of dotted names that are not quoted."""
    if not isinstance(table, dict):
        raise error("E0703", f"{path}: {above.rstrip('.') or 'the file'} is no name, nor a table of names")
    found: list[tuple[str, str]] = []
    for name, value in table.items():
        leaf = isinstance(value, str)
        found += [(above + name, value)] if leaf else _pairs(path, value, f"{above}{name}.")
    return found


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object as a dict; ValueError where a name stands in it twice."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{name!r} stands twice")
        found[name] = value
    return found


def filled(name: str, old: str, new: str) -> str | None:
    """What a rule makes of a name, or None where it does not fit. Each star is as short as can be.

    >>> filled("layer3.bn.mean", "layer*.bn.*", "b*.norm.*"), filled("layer3.conv.weight", "layer*.bn.*", "b*.norm.*")
    ('b3.norm.mean', None)
    """
    first, *rest = old.split("*")
    if not rest:
        return new if name == old else None
    *between, last = rest
    parts, at, end = [], len(first), len(name) - len(last)
    for literal in between:
        place = name.find(literal, at)
        if place < 0:
            return None
        parts.append(name[at:place])
        at = place + len(literal)
    if not (name.startswith(first) and name.endswith(last) and at <= end):
        return None
    parts.append(name[at:end])
    pieces = new.split("*")
    return "".join(f"{piece}{part}" for piece, part in zip(pieces, [*parts, ""], strict=True))


def renamed(
    rules: Mapping[str, str], names: Sequence[str], wanted: Collection[str] | None
) -> tuple[dict[str, str], list[Diagnostic]]:
    """The name in the file of each new name, and what is wrong with the rules for these names.

    Wrong are rules that fit no name, those that give no name that is `wanted`, and two names that become one.
    """
    old_of: dict[str, str] = {}
    given: dict[str, list[str]] = {rule: [] for rule in rules}
    found: list[Diagnostic] = []
    for name in names:
        rule, new = next(
            ((rule, new) for rule in rules if (new := filled(name, rule, rules[rule])) is not None), ("", name)
        )
        if rule:
            given[rule].append(new)
        if new in old_of:
            found.append(Diagnostic("E0703", f"both {old_of[new]} and {name} of the file would be {new}"))
        old_of.setdefault(new, name)
    for rule, news in given.items():
        found += _useless(rule, rules[rule], news, names, wanted)
    return old_of, found


def _useless(
    old: str, new: str, given: Sequence[str], names: Sequence[str], wanted: Collection[str] | None
) -> Iterator[Diagnostic]:
    """A rule that fits nothing, or gives nothing that the network has."""
    if not given:
        message, close = f"the renaming `{old}={new}`: the file has no such name", nearest(old, names)
        yield Diagnostic("E0703", message, helps=(f"the file has {close}",) if close else ())
    elif wanted is not None and not any(name in wanted for name in given):
        message, close = f"the renaming `{old}={new}`: the network has no {given[0]}", nearest(given[0], wanted)
        yield Diagnostic("E0703", message, helps=(f"the network has {close}",) if close else ())
