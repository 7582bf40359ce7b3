"""The known word that a wrong one was meant to be."""

from __future__ import annotations

from cnngraph.diagnostics import Source, Span
from cnngraph.spelling import MAX_LETTERS, did_you_mean, misspelled, nearest


def test_did_you_mean() -> None:
    assert did_you_mean("memory", ["memory_bytes"], "no") == "did you mean `memory_bytes`?"
    assert did_you_mean("xyz", ["memory_bytes"], "no") == "no"


def test_very_long_words_are_not_compared() -> None:
    long = "a" * (MAX_LETTERS + 1)
    assert nearest(long, [long]) is None


def test_a_misspelled_word_can_be_replaced_only_where_one_is_near() -> None:
    place = Span(Source("net.cnn", "kernl"), 0, 5)
    near, far = (misspelled("E0101", "unknown", place, known, "no") for known in (["kernel"], ["pad"]))
    assert near.suggestion is not None
    assert (near.suggestion.replacement, near.helps) == ("kernel", ("did you mean `kernel`?",))
    assert (far.suggestion, far.helps) == (None, ("no",))
