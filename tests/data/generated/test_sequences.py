"""The sets of sequences are what they say: each is drawn once more here, or counted, in another way."""

from __future__ import annotations

import numpy as np
import pytest

from cnngraph.data.generated.applicants import Applicants
from cnngraph.data.generated.both_ends import NUMBERS, BothEnds
from cnngraph.data.generated.coloured_digits import ColouredDigits
from cnngraph.data.generated.grammar_text import LETTERS, GrammarText, machine
from cnngraph.data.generated.reversed_words import ReversedWords
from cnngraph.data.generated.tags import Tags


def test_each_letter_follows_by_the_grammar_and_the_entropy_is_that_of_the_letters() -> None:
    text = GrammarText()
    part = text.part(0, 0, 4000).columns
    np.testing.assert_array_equal(part["text"][:, 1:], part["following"][:, :-1])
    letters = np.concatenate([part["text"], part["following"][:, -1:]], axis=1)
    chances, after = machine()
    np.testing.assert_allclose(chances.sum(axis=1), 1)
    state, surprise = np.zeros(len(letters), np.int64), 0.0
    for place, letter in enumerate(letters.T):
        assert (chances[state, letter] > 0).all()
        surprise -= np.log(chances[state, letter]).mean() if place else 0  # the first letter is given
        state = after[state, letter]
    assert surprise / text.length == pytest.approx(text.entropy(), rel=0.01)


def test_a_verb_agrees_with_its_subject_over_the_words_between() -> None:
    rows = GrammarText(length=200).part(0, 0, 200).columns["text"]
    whole = "\n".join("".join(LETTERS[i] for i in row) for row in rows)
    assert "cat near the trees sleeps" in whole
    assert "cats near the tree sleep." in whole
    assert "cat near the trees sleep." not in whole
    assert "cats near the tree sleeps" not in whole


def test_one_end_alone_tells_seven_of_nine() -> None:
    part = BothEnds().part(0, 0, 20_000).columns
    text, label = part["text"], part["label"]
    np.testing.assert_array_equal(label, text[:, 0] > text[:, -1])
    assert (text[:, 1:-1] >= NUMBERS).all()
    assert label.mean() == pytest.approx(0.5, abs=0.02)
    for end in (0, -1):
        by_number = [label[text[:, end] == number].mean() for number in range(NUMBERS)]
        assert np.mean([max(p, 1 - p) for p in by_number]) == pytest.approx(7 / 9, abs=0.02)


def test_a_tag_is_told_by_the_words_on_both_sides_alone() -> None:
    part = Tags().part(3, 0, 50).columns
    kinds = Tags.kinds(200)
    for sentence, target in zip(part["sentence"][:], part["target"][:], strict=True):
        assert target[0] == target[-1] == 16
        for place in range(1, len(sentence) - 1):
            assert divmod(target[place], 4) == (kinds[sentence[place - 1]], kinds[sentence[place + 1]])


@pytest.mark.parametrize("copy", [False, True])
def test_words_are_said_from_the_back(copy: bool) -> None:
    part = ReversedWords(copy=copy).part(0, 0, 20).columns
    names = ReversedWords.class_names
    for source, target, following in zip(*(part[n][:] for n in ("source", "target", "following")), strict=True):
        word, before, said = ("".join(names[i] for i in ids) for ids in (source, target, following))
        assert said == (word if copy else word[::-1]) + "."
        assert before == "." + said[:-1]


def test_features_betray_the_group_and_ability_is_fair() -> None:
    part = Applicants().part(0, 0, 20_000).columns
    person, able, group = part["person"][:], part["label"][:], part["protected"][:]
    assert ((person[:, :4].sum(axis=1) > 0) == able).mean() == pytest.approx(0.977, abs=0.005)
    assert ((person[:, 4:8].sum(axis=1) > 0) == group).mean() == pytest.approx(0.977, abs=0.005)
    assert np.corrcoef(able, group)[0, 1] == pytest.approx(0, abs=0.03)
    assert np.abs(person[:, 8:].mean(axis=0)).max() < 0.05


def test_coloured_digits_are_lighter_than_their_ground_and_seen_from_minus_one_to_one() -> None:
    data = ColouredDigits(count=30, tests=10, size=32).load(None, 1)
    images = data.train.columns["image"][:]
    assert images.shape == (30, 32, 32, 3)
    corner, brightest = images[:, 0, 0].astype(int), images.reshape(30, -1, 3).astype(int).max(axis=1)
    assert (brightest > corner).all()
    assert corner.max() <= round(0.3 * 255)
    assert data.preprocessing is not None
    seen = data.preprocessing.normalized(images)
    assert -1 <= seen.min() < -0.9
    assert 0.7 < seen.max() <= 1


@pytest.mark.parametrize("kind", [GrammarText, BothEnds, Tags, ReversedWords, Applicants])
def test_a_seed_draws_the_same_rows_and_tests_are_others(kind: type[GrammarText]) -> None:
    first, again, other = (kind(count=50, tests=50).load(None, seed) for seed in (5, 5, 6))
    for name, column in first.train.columns.items():
        np.testing.assert_array_equal(column[:], again.train.columns[name][:])
    name = next(iter(first.train.columns))
    assert not np.array_equal(first.train.columns[name][:], first.test.columns[name][:])
    assert not np.array_equal(first.train.columns[name][:50], other.train.columns[name][:50])


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (GrammarText, "length"), (BothEnds, "length"), (BothEnds, "words"), (Tags, "length"), (ReversedWords, "length"),
        (ColouredDigits, "size"),
    ],
)  # fmt: skip
def test_a_size_that_makes_no_sense_is_refused(kind: type[GrammarText], wrong: str) -> None:
    with pytest.raises(ValueError, match=f"{wrong} (is|are)"):
        kind(**{wrong: 0})
