"""The page about the language: each example is right and in the style, no list lacks a member, no limit is wrong."""

from __future__ import annotations

import re

import pytest

from cnngraph.data.augment import AUGMENTATIONS
from cnngraph.data.sources import SOURCES
from cnngraph.diagnostics import CODES
from cnngraph.elaborate import frame, modules, parameters, training
from cnngraph.elaborate.elaborate import elaborate
from cnngraph.elaborate.modules import load_text
from cnngraph.judge import judge_text
from cnngraph.resources import resource
from cnngraph.syntax import build, layout, literals, parse, read
from cnngraph.syntax.format import formatted
from cnngraph.syntax.format_breaks import WIDTH
from cnngraph.syntax.tokens import WORDS
from cnngraph.train.initialisers import INITIALISERS
from cnngraph.train.judging import STOPS
from cnngraph.train.metrics.known import known_metrics
from cnngraph.train.noise import NOISES
from cnngraph.train.schedule import SCHEDULES
from cnngraph.train.step import AVERAGES, CLIPS, DECAYS
from cnngraph.train.weighting import RULES

PAGE = resource("grammar", "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```cnn\n(.*?)```", PAGE, re.DOTALL)
SHORT = {"W109"}  # most examples leave out `cnn 1`


@pytest.mark.parametrize("text", EXAMPLES, ids=lambda text: re.findall(r"net (\w+)", text)[0])
def test_example_is_right_and_in_the_style(text: str) -> None:
    judged = judge_text(text, "example.cnn")
    assert {finding.code for finding in judged.found} <= SHORT, judged.found
    assert judged.nets
    assert formatted(text, "example.cnn") == text


def test_the_page_has_examples() -> None:
    assert len(EXAMPLES) == 13


def test_every_word_of_the_language_is_listed_and_shown() -> None:
    listed = re.search(r"\*\*Reserved words:\*\* `(.*?)`", PAGE, re.DOTALL)
    assert listed is not None
    assert set(listed[1].split()) == WORDS
    shown = set(re.findall(r"\w+", "\n".join(EXAMPLES)))
    assert {word for word in WORDS if word not in shown} == set()


def test_every_key_and_every_choice_of_a_train_section_is_named() -> None:
    choices = {*SOURCES, *AUGMENTATIONS, *INITIALISERS, *SCHEDULES, *CLIPS, *AVERAGES, *DECAYS}
    choices |= {*NOISES, *STOPS, *RULES, *known_metrics()}
    names = {*training.KEYS, *choices, *parameters.TYPES, *modules.SECTIONS}
    assert {name for name in names if not re.search(rf"[`|(> ]{name}[`(, ]", PAGE)} == set()


def test_the_warnings_are_those_of_the_table_of_codes() -> None:
    listed = dict(re.findall(r"^\| (W\d+) \| (.*) \|$", PAGE, re.MULTILINE))
    assert listed == {code: text for code, text in CODES.items() if code.startswith("W")}


def test_the_limits_are_the_real_ones() -> None:
    limits = {
        "1 MB": read.MAX_BYTES // 1_000_000,
        "50,000 words": parse.MAX_TOKENS,
        "100 brackets": layout.MAX_NESTING,
        "250 levels": build.MAX_DEPTH,
        "18 digits": literals.MAX_DIGITS,
        "200 files": modules.MAX_FILES,
        "30,000 nodes": frame.MAX_NODES,
        "40 deep": frame.MAX_USES,
        "120 characters a line": WIDTH,
    }
    for text, number in limits.items():
        assert text.startswith(f"{number:,} "), text
        assert text in PAGE.replace("\n", " "), text


def test_the_names_of_nodes_are_as_the_page_says() -> None:
    items = next(text for text in EXAMPLES if "net items" in text)
    names = {node.name for node in elaborate(load_text(items)).states}
    assert "down[2].conv_bn.conv.weight" in names
    assert "`down[2].conv_bn.conv.weight`" in PAGE


def test_the_defaults_of_a_train_section_are_as_the_page_says() -> None:
    spec = training.training(load_text("net n(x: 1@4x4) = flatten -> dense(3) -> softmax"))
    assert (spec.optimizer.name, spec.epochs, spec.batch, spec.seed, spec.augment) == ("sgd", 10, None, 0, ())
    assert spec.label == "label"


def test_a_size_and_a_parameter_are_set_from_outside() -> None:
    graph = elaborate(load_text(EXAMPLES[0]), settings={"classes": 100})
    assert [str(graph.type_of(ref)) for ref in graph.outputs.values()] == ["100"]
    assert "net.cnn --set classes=100`" in PAGE
