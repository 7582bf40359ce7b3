"""What a classifier takes for what, with examples; the mistakes that it is surest of; whether it is as sure as right.

A cell of the confusion matrix leads to its examples, by a link: the page runs no script.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from cnngraph.data.class_names import class_name
from cnngraph.examine.answers import Answers
from cnngraph.examine.evaluation import Judgement
from cnngraph.ir.op import Array
from cnngraph.pages.markup import Markup, element, figure, table
from cnngraph.pages.report.parts import Section, charted, folded, section, tabled
from cnngraph.pages.report.samples import Look, look_of
from cnngraph.pages.report.subject import Subject, Trial
from cnngraph.render.chart import Series, heat, lines
from cnngraph.train.evaluate import confused

PAIRS = 12  # of classes that are confused
OF_A_PAIR = 6  # examples
MISTAKES, UNSURE = 24, 12
NAMED = 30  # more classes, and the matrix is a picture without names
BY_CLASS = 100  # rows of the table of classes
STEPS = 8  # of the colour of a cell
LONGEST = 60  # letters of a name

Pair = tuple[int, int]


def confusions(subject: Subject) -> Iterator[Section]:
    """The matrix, and the pairs that are confused most."""
    trial = subject.trial
    if trial is None or trial.figures.confusion is None:
        return
    matrix = trial.figures.confusion
    names = [class_name(trial.figures.class_names, k)[:LONGEST] for k in range(matrix.shape[1])]
    shown = _examples(trial)
    content = [element("div", _matrix(matrix, names, shown), _pairs(matrix, names, shown), class_="side")]
    if trial.answers is not None:
        by_class = Judgement(trial.figures, trial.answers).table()
        content.append(folded("Precision, recall and F1 of each class", tabled(by_class, "Classes", BY_CLASS)))
    yield section("confusions", "Confusions", *content)


def _matrix(matrix: Array, names: list[str], shown: Mapping[Pair, Array]) -> Markup:
    """Rows are true classes, columns what they are taken for."""
    caption = "True classes (rows) and what they are taken for (columns)"
    if len(names) > NAMED or matrix.shape[0] != matrix.shape[1]:
        chart = Markup(heat(matrix).svg())  # its colours mean something: no theme changes them
        return figure(element("div", chart, role="img", aria_label=caption, class_="paper", tabindex="0"), caption)
    wrong = matrix - np.diag(np.diag(matrix))
    top = max(int(wrong.max()), 1)

    def cell(i: int, j: int) -> Markup:
        count = f"{matrix[i, j]:,}" if matrix[i, j] else "·"
        look = "right" if i == j else f"wrong{-(-int(wrong[i, j]) * STEPS // top)}"
        told = f"{names[i]} taken for {names[j]}, {matrix[i, j]:,} times: examples"
        inner = element("a", count, href=f"#{_anchor(i, j)}", aria_label=told) if (i, j) in shown else count
        return element("td", inner, class_=look)

    head = element("tr", element("th", "true"), *(element("th", name, scope="col") for name in names))
    rows = [
        element("tr", element("th", name, scope="row"), *(cell(i, j) for j in range(len(names))))
        for i, name in enumerate(names)
    ]
    note = element("p", "A number with a line leads to its examples.") if shown else ""
    whole = element(
        "table", element("caption", caption), element("thead", head), element("tbody", *rows),
        class_="matrix",
    )  # fmt: skip
    return element("div", whole, note, class_="wide", tabindex="0", role="region", aria_label="Confusion matrix")


def _pairs(matrix: Array, names: list[str], shown: Mapping[Pair, Array]) -> Markup:
    found = confused(matrix, PAIRS)
    if not found:
        return element("p", "No class is taken for another one.")
    rows = [
        [
            element("a", names[i], href=f"#{_anchor(i, j)}") if (i, j) in shown else names[i],
            names[j], f"{matrix[i, j]:,}", f"{matrix[i, j] / matrix[i].sum():.1%}",
        ]
        for i, j in found
    ]  # fmt: skip
    return table("The pairs of classes that are confused most", ["true", "taken for", "samples", "of all"], rows, 2)


def _examples(trial: Trial) -> dict[Pair, Array]:
    """Samples of the pairs that are confused most, the surest first; none where samples cannot be seen or read."""
    answers = trial.answers
    if answers is None or look_of(trial) is None:
        return {}
    found = {}
    for i, j in confused(answers.confusion, PAIRS):
        rows = np.flatnonzero((answers.labels == i) & (answers.predicted == j))
        found[i, j] = rows[np.argsort(-_sureness(answers)[rows], kind="stable")][:OF_A_PAIR]
    return found


def examples(subject: Subject) -> Iterator[Section]:
    """The surest mistakes, what was just right, and samples of each confusion."""
    trial = subject.trial
    if trial is None or trial.answers is None or (look := look_of(trial)) is None:
        return
    answers = trial.answers
    right = np.flatnonzero(answers.predicted == answers.labels)
    unsure = right[np.argsort(_sureness(answers)[right], kind="stable")][:UNSURE]
    worst = answers.worst(MISTAKES)
    mistakes = int((answers.predicted != answers.labels).sum())
    content = [
        _gallery(answers, look, f"The {len(worst)} surest of {mistakes:,} mistakes", worst, "mistakes"),
        _gallery(answers, look, f"The {len(unsure)} least sure of {len(right):,} right answers", unsure, "unsure"),
    ]
    pairs = []
    for (i, j), rows in _examples(trial).items():
        title = f"{answers.name(i)[:LONGEST]} taken for {answers.name(j)[:LONGEST]}"
        count = f"{len(rows)} of {answers.confusion[i, j]:,}"
        pairs.append(_gallery(answers, look, f"{title}: {count}", rows, _anchor(i, j)))
    yield section("examples", "Right and wrong", *content, element("div", *pairs, class_="side"))


def _gallery(answers: Answers, look: Look, title: str, rows: Array, anchor: str) -> Markup:
    """Samples with what is true and what was said, under a heading that links can lead to."""
    if not len(rows):
        return Markup("")
    tiles = element("ul", *(_sample(answers, look, int(row)) for row in rows), class_="gallery")
    return element("div", element("h3", title), tiles, id=anchor, class_="group")


def _sample(answers: Answers, look: Look, row: int) -> Markup:
    true, said = (answers.name(int(k))[:LONGEST] for k in (answers.labels[row], answers.predicted[row]))
    chance = f"{_sureness(answers)[row]:.1%}"
    wrong = answers.predicted[row] != answers.labels[row]
    told = f"test sample {row}, {true}" + (f", taken for {said}" if wrong else "")
    words = [element("b", said, class_="wrong" if wrong else "right"), f" {chance}", element("br")]
    words += [f"is {true}, sample {row}" if wrong else f"sample {row}"]
    return element("li", look(row, told), element("span", *words))


def _sureness(answers: Answers) -> Array:
    """(N,): the probability of what was said."""
    found: Array = answers.probabilities.max(axis=1)
    return found


def _anchor(i: int, j: int) -> str:
    return f"taken-{i}-{j}"


def calibration(subject: Subject) -> Iterator[Section]:
    """How often the net is right where it is so sure."""
    trial = subject.trial
    if trial is None or trial.answers is None:
        return
    answers = trial.answers
    sure, right, counts = answers.reliability()
    chart = lines(
        [Series("as sure as right", [0, 1], [0, 1]), Series(trial.net.name, sure.tolist(), right.tolist())],
        title="How often it is right where it is so sure", x="probability of the answer", y="share that is right",
        marks=True,
    )  # fmt: skip
    rows = [[f"{a:.1%}", f"{b:.1%}", f"{n:,}"] for a, b, n in zip(sure, right, counts, strict=True)]
    told = f"The probability is {answers.calibration_error():.2%} away from the share that is right, on the mean."
    figures = table("Answers by their probability", ["probability", "right", "samples"], rows)
    content = element("div", charted(chart, "Share of right answers against their probability"), class_="half")
    yield section("calibration", "Calibration", element("p", told), content, folded("The same as a table", figures))
