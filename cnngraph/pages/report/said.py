"""What a net says that is no class: boxes, joints, masks, copies, neighbours, texts, pictures out of noise."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cnngraph.examine.sampling import pictures
from cnngraph.examine.sampling_diffusion import Way
from cnngraph.examine.sampling_text import MARK, Writer, decoded, writer_of
from cnngraph.examine.shown import predictions
from cnngraph.pages.markup import Markup, element, figure, table
from cnngraph.pages.report.parts import Section, large, section, tiled, where_it_fits
from cnngraph.pages.report.subject import Subject, Trial
from cnngraph.render.sheet import spread01

SAMPLES, TEXTS, PICTURES = 12, 12, 32
LENGTH = 120  # tokens of a text that goes on
STEPS = 25  # of a diffusion
WIDE, GAP = 1120, 12  # pixels of a row of samples, and between pictures
SIDE = 72  # pixels of a picture on the page, about


def said(subject: Subject) -> Iterator[Section]:
    """Samples with what the net says of them, where that is more than a class."""
    trial = subject.trial
    if trial is None or (trial.answers is not None and set(trial.figures.metrics) <= {"accuracy", "top_5"}):
        return
    parts = [where_it_fits(make) for make in (lambda: _drawn(trial), lambda: _texts(trial), lambda: _made(trial))]
    if any(parts):
        yield section("said", "What it says", *parts)


def _drawn(trial: Trial) -> Markup:
    """Marks upon the inputs and images beside them."""
    found = predictions(trial.net, trial.data, count=SAMPLES)
    caption = f"{found.told}. Where marks stand upon them, what is true is green."
    across = sum(tile.image.shape[1] + GAP for tile in found.samples[0])
    return large(found.sheet(columns=max(1, WIDE // across)).image, caption)


def _texts(trial: Trial) -> Markup:
    """What a writer answers to samples of the test part, or how it goes on from the mark that begins a text."""
    writer = writer_of(trial.net)
    if writer is None:
        return Markup("")
    names = trial.data.class_names
    if writer.source is None:
        text = decoded(writer.write(np.full((1, 1), MARK), LENGTH)[0], names)
        return figure(element("blockquote", text), "A text that it writes")
    return _answers(trial, writer, writer.source)


def _answers(trial: Trial, writer: Writer, source: str) -> Markup:
    names = trial.data.class_names
    asked = trial.data.test.columns[source]
    rows = asked[np.arange(min(TEXTS, len(asked)))]
    length = trial.net.graph[source].type.positions[0]
    answers = writer.answer(rows, length + 1 if isinstance(length, int) else rows.shape[1] + 1)
    told = [[decoded(row, names), decoded(answer, names)] for row, answer in zip(rows, answers, strict=True)]
    return table(f"Its answers to the first {len(rows)} samples of the test part", ["asked", "answer"], told, 2)


def _made(trial: Trial) -> Markup:
    """Pictures that it makes out of noise."""
    made = pictures(trial.net, trial.data.preprocessing, PICTURES, way=Way(STEPS))
    images = [spread01(each, 1.0, signed=False) for each in made]
    return tiled(images, f"{len(images)} pictures that it makes out of noise", SIDE)
