"""Texts, tags, words from back to front, digits out of noise, fair decisions: each file of `specs/nets` learns its task
from its train section.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cnngraph.data.generated.applicants import Applicants
from cnngraph.data.generated.both_ends import BothEnds
from cnngraph.data.generated.drawn import Drawn
from cnngraph.data.generated.grammar_text import GrammarText
from cnngraph.data.generated.reversed_words import ReversedWords
from cnngraph.data.generated.tags import Tags
from cnngraph.examine.sampling import pictures
from cnngraph.examine.sampling_diffusion import Way
from cnngraph.examine.sampling_text import writer_of
from cnngraph.ir.op import Array
from cnngraph.net import Net, load
from cnngraph.resources import resource
from cnngraph.train.features import FeatureReader, classifier_of
from cnngraph.train.initialisers import initial_states
from cnngraph.train.metrics.frechet import frechet_distance

SHORT: dict[str, Drawn] = {  # tiny sets: a few steps are enough to see a loss fall
    "char_rnn": GrammarText(count=320, tests=8),
    "lstm_classifier": BothEnds(count=320, tests=8, length=6),
    "gru_tagger": Tags(count=320, tests=8, length=8),
    "seq2seq_reverse": ReversedWords(count=640, tests=8, length=3),
    "transformer_reverse": ReversedWords(count=640, tests=8, length=3),
    "fairness": Applicants(count=1000, tests=20),
}


def network(name: str, net: str | None = None, **settings: object) -> Net:
    return load(resource("specs", "nets", f"{name}.cnn"), net, **settings)


@pytest.mark.parametrize("name", SHORT)
def test_the_loss_falls_from_the_first_epochs_on(name: str) -> None:
    rows = network(name).fit(SHORT[name].load(None, 0), epochs=3).rows
    assert rows[-1].loss < 0.95 * rows[0].loss


@pytest.mark.parametrize("name", SHORT)
def test_the_file_says_which_data_and_how_long(name: str) -> None:
    spec = network(name).training
    assert spec.data is not None
    assert spec.data.name == type(SHORT[name]).name
    assert 1 < spec.epochs <= 20


@pytest.mark.parametrize(("name", "limit"), [("gan_digits", 50), ("latent_digits", 100)])
def test_what_makes_pictures_is_trained_and_makes_them(name: str, limit: int) -> None:
    net, whole = network(name), network(name).data()
    data = replace(whole, train=whole.train.first(limit), test=whole.test.first(20))
    rows = net.fit(data, epochs=3).rows
    assert np.isfinite(rows[-1].test_loss)
    if name == "latent_digits":
        assert rows[-1].loss < 0.95 * rows[0].loss
    made = pictures(net, data.preprocessing, 3, way=Way(5))
    assert made.shape == (3, *data.train.images.shape[1:])
    assert 0 <= made.min() < made.max() <= 1


# ---- short versions of the whole runs, each with a figure ----


@pytest.mark.sweep
def test_letters_come_near_to_the_entropy_of_their_source() -> None:
    """0.2670 nats a letter; who knows only how often each letter is has 2.59."""
    rows = network("char_rnn").fit(epochs=3).rows
    assert GrammarText().entropy() == pytest.approx(0.2670, abs=1e-4)
    assert 0.26 < rows[-1].test_loss < 0.29


@pytest.mark.sweep
def test_both_ends_of_a_text_are_read() -> None:
    """One end tells 7 of 9."""
    rows = network("lstm_classifier").fit(epochs=2).rows
    assert rows[-1].test_accuracy is not None
    assert rows[-1].test_accuracy > 0.97


@pytest.mark.sweep
def test_tags_are_read_off_the_words_on_both_sides() -> None:
    """Always the same tag is right for one in eight, and one side tells about a third."""
    rows = network("gru_tagger").fit(epochs=2).rows
    assert rows[-1].metrics["accuracy"] > 0.99


@pytest.mark.sweep
@pytest.mark.parametrize(("name", "epochs", "least"), [("seq2seq_reverse", 5, 0.97), ("transformer_reverse", 3, 0.99)])
def test_words_are_said_from_the_back(name: str, epochs: int, least: float) -> None:
    """Each letter is the net's own, the most probable one, and a word counts if all of it is right."""
    net = network(name)
    net.fit(epochs=epochs)
    writer, sources = writer_of(net), net.data().test.columns["source"][:]
    assert writer is not None
    said = writer.answer(sources, sources.shape[1] + 4)
    right = [np.array_equal(answer, source[::-1]) for answer, source in zip(said, sources, strict=True)]
    assert np.mean(right) > least


@pytest.mark.sweep
def test_a_later_reader_finds_the_group_only_where_nobody_hid_it(tmp_path: Path) -> None:
    """Guessing is right for half; whoever reads the features of a person finds 97.7 %."""
    file = tmp_path / "fairness.cnn"
    file.write_text(resource("specs", "nets", "fairness.cnn").read_text(encoding="utf-8"), encoding="utf-8")
    found = {}
    for weight in (0, 1):
        decided = load(file, weight=weight).fit(output=tmp_path / "fairness.safetensors").rows[-1]
        read = load(file, "group_reader").fit().rows[-1]
        assert decided.metrics["accuracy(decision, label)"] > 0.96
        found[weight] = read.metrics["accuracy"]
    assert found[0] > 0.85
    assert found[1] < 0.65


@pytest.fixture(scope="module")
def judges(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Classifiers of digits, trained here, for pictures of two sizes."""
    folder = tmp_path_factory.mktemp("judges")
    files = {name: folder / f"{name}.safetensors" for name in ("digits_cnn", "lenet5_digits")}
    for name, file in files.items():
        network(name).fit(output=file, epochs=6)
    return files


def distance(made: Array, net: Net, classifier: FeatureReader) -> float:
    """To the pictures to test with."""
    real = net.data().test.images[:]
    real = real / np.float32(255) if real.dtype == np.uint8 else real
    return frechet_distance(classifier.read(made)[0], classifier.read(real)[0])


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("name", "judge", "epochs"), [("gan_digits", "digits_cnn", 14), ("latent_digits", "lenet5_digits", 24)]
)
def test_pictures_come_nearer_to_real_ones(name: str, judge: str, epochs: int, judges: dict[str, Path]) -> None:
    """Made pictures and those to test with, by the Frechet distance."""
    net, classifier = network(name), classifier_of(judges[judge])
    how = net.data().preprocessing
    net.states = initial_states(net.training.graph, 0)
    before = distance(pictures(net, how, 297), net, classifier)
    net.fit(epochs=epochs)
    assert distance(pictures(net, how, 297), net, classifier) < 0.6 * before
