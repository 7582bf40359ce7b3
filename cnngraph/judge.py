"""All that is wrong with a file: its nets, its train sections, and what the lints say. For commands and editors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cnngraph.data.augment import chain_of
from cnngraph.data.sources import source_of
from cnngraph.diagnostics import CnnGraphError, Diagnostic, in_order
from cnngraph.elaborate.modules import Program, load_file, load_text
from cnngraph.elaborate.training import training
from cnngraph.interop.endings import TOOLS, is_model
from cnngraph.lint.lint import lint
from cnngraph.net import Net
from cnngraph.spelling import misspelled
from cnngraph.train.initialisers import initialiser_of
from cnngraph.train.noise import noise_of
from cnngraph.train.schedule import schedule_of
from cnngraph.train.step import average_of, check_steps, clip_of, decay_axes_of


@dataclass(frozen=True)
class Judgement:
    """What each right net is, in a line; and what was found, in order."""

    nets: tuple[str, ...]
    found: tuple[Diagnostic, ...]


def judge_file(path: Path, settings: Mapping[str, object] | None = None, lints: bool = True) -> Judgement:
    """Judge a file; one that cannot be read is a finding, and so is a model of another tool."""
    if is_model(path):
        help_ = f"`cnngraph import {path}` writes it as a net"
        message = f"{path} is a model of {TOOLS[path.suffix.lower()]}, and no text of the language"
        return Judgement((), (Diagnostic("E0002", message, helps=(help_,)),))
    try:
        program = load_file(path)
    except CnnGraphError as error:
        return Judgement((), error.diagnostics)
    return judge(program, settings, lints)


def judge_text(text: str, name: str, settings: Mapping[str, object] | None = None, lints: bool = True) -> Judgement:
    """Judge a text as if it stood in the file `name`, which is a path from the present folder.

    >>> [finding.code for finding in judge_text("net n(image: 1@8x8) = Relu", "n.cnn").found]
    ['W109', 'E0101']
    """
    return judge(load_text(text, name), settings, lints)


def judge(program: Program, settings: Mapping[str, object] | None = None, lints: bool = True) -> Judgement:
    """Judge every net of a program with its train section. The data itself is not looked for."""
    nets: list[str] = []

    def read(name: str | None) -> None:
        net = Net(program, name, settings)
        nets.append(f"{net!r}, {net.parameters:,} parameters")

    found = _sections_of_no_net(program)
    for name in program.nets or [None]:
        found += _refused(read, name)
        if program.training_of(name):
            found += _training(program, name, settings)
    if lints and not any(finding.code in ("E0002", "E0402") for finding in found):  # beyond the limits: once is enough
        found += lint(program, settings or {})
    return Judgement(tuple(nets), tuple(in_order(found)))


def _training(program: Program, net: str | None, settings: Mapping[str, object] | None) -> list[Diagnostic]:
    """What is wrong with the train section of a net."""
    try:
        spec = training(program, net, settings)
    except CnnGraphError as error:
        return list(error.diagnostics)
    found = _refused(schedule_of, spec.schedule) + _refused(initialiser_of, spec.init)
    found += _refused(clip_of, spec.clip) + _refused(average_of, spec.average) + _refused(decay_axes_of, spec.decay)
    found += _refused(noise_of, spec) + _refused(check_steps, spec)
    for change in spec.augment:
        found += _refused(chain_of, [change])
    return found if spec.data is None else found + _refused(source_of, spec.data)


def _refused(read: Callable[..., object], *arguments: object) -> list[Diagnostic]:
    """What a call refuses; nothing where it returns."""
    try:
        read(*arguments)
    except CnnGraphError as error:
        return list(error.diagnostics)
    return []


def _sections_of_no_net(program: Program) -> list[Diagnostic]:
    """Train sections for what has a name, but is no net."""
    listed = f"the nets of this file: {', '.join(program.nets) or 'none'}"
    return [
        misspelled("E0101", f"there is no net `{section.name.text}` to train", section.name.span, program.nets, listed)
        for section in program.train_sections
        if section.name is not None
        and section.name.text not in program.nets
        and program.scope.find(section.name.text) is not None  # unknown names are found when the file is read
    ]
