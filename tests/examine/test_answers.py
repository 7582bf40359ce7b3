"""Figures that follow from what a net said of each image."""

from __future__ import annotations

import numpy as np
import pytest

from cnngraph.data.dataset import Dataset, Preprocessing, labelled
from cnngraph.diagnostics import CnnGraphError
from cnngraph.examine.answers import Answers, Examiner, examined, pieces
from cnngraph.examine.evaluation import Judgement, figures_of, in_bytes, judgement
from cnngraph.net import loads

CONFUSION = np.array([[8, 2, 0, 0], [4, 6, 0, 0], [0, 0, 9, 1], [0, 0, 0, 0]])


def answers_of(confusion, sure=0.75) -> Answers:
    """Answers with these counts of predictions, each with the probability `sure`."""
    pairs = [(i, j) for (i, j), count in np.ndenumerate(confusion) for _ in range(count)]
    labels, said = np.array(pairs).T
    probabilities = np.full((len(pairs), len(confusion)), (1 - sure) / (len(confusion) - 1))
    probabilities[np.arange(len(pairs)), said] = sure
    return Answers(probabilities, labels, ("cat", "dog", "owl"))


@pytest.fixture(scope="module")
def learned():
    net = loads("""cnn 1
net tiny(image: 1@8x8) {
  conv(8, 3x3, same) -> relu -> maxpool(2x2) -> flatten
  class: dense(10) -> softmax
}
train tiny { data: digits(limit = 600); optimizer: sgd(lr = 0.05, momentum = 0.9); epochs: 2 }
""")
    net.fit()
    return net, net.data()


def test_counts() -> None:
    found = answers_of(CONFUSION)
    assert (found.confusion == CONFUSION).all()
    assert found.accuracy == 23 / 30
    assert found.error_within(1) == 7 / 30
    assert found.error_within(4) == 0
    assert found.names == ("cat", "dog", "owl", "3")


def test_each_class() -> None:
    found = answers_of(CONFUSION).by_class()
    assert found["images"].tolist() == [10, 10, 10, 0]
    assert found["precision"].tolist() == [8 / 12, 6 / 8, 1, 0]
    assert found["recall"].tolist() == [0.8, 0.6, 0.9, 0]
    precision, recall = 8 / 12, 0.8
    assert found["f1"][0] == pytest.approx(2 * precision * recall / (precision + recall))


def test_sets_of_classes_that_are_taken_for_each_other() -> None:
    assert answers_of(CONFUSION).confusion_sets() == ((0, 1),)
    assert answers_of(CONFUSION).confusion_sets(often=1) == ((0, 1), (2, 3))
    chain = np.diag([50] * 6)
    chain[0, 4], chain[2, 4], chain[1, 5] = 9, 9, 9
    assert answers_of(chain).confusion_sets() == ((0, 2, 4), (1, 5))
    assert answers_of(np.diag([3, 4])).confusion_sets() == ()


def test_a_calibrated_net_is_as_often_right_as_it_says() -> None:
    assert answers_of([[3, 1], [1, 3]], sure=0.75).calibration_error() == pytest.approx(0)
    assert answers_of([[3, 1], [1, 3]], sure=0.95).calibration_error() == pytest.approx(0.2)
    mixed = Answers(np.array([[0.9, 0.1], [0.6, 0.4]]), np.array([0, 1]), ())
    assert mixed.calibration_error() == pytest.approx((0.1 + 0.6) / 2)


def test_the_surest_mistakes_come_first() -> None:
    probabilities = np.array([[0.6, 0.4], [0.1, 0.9], [0.9, 0.1], [0.2, 0.8]])
    assert Answers(probabilities, np.array([1, 1, 1, 0]), ()).worst(2).tolist() == [2, 3]


def test_of_equal_probabilities_the_first_is_the_most_probable_one() -> None:
    found = Answers(np.full((4, 10), 0.1), np.array([0, 1, 4, 5]), ())
    assert found.error_within(1) == 1 - found.accuracy == 0.75
    assert found.error_within(5) == 0.25


def test_answers_agree_with_the_evaluation(learned) -> None:
    net, data = learned
    figures, found = net.evaluate(data), examined(net, data)
    assert (found.confusion == figures.confusion).all()
    assert found.accuracy == figures.accuracy
    assert 1 - found.error_within(5) == pytest.approx(figures.top_5)
    assert figures_of(found).loss == pytest.approx(figures.loss, rel=1e-5)


def test_pieces_are_averaged(learned) -> None:
    net, data = learned
    plain = examined(net, data)
    assert (examined(net, data, "centre").probabilities == plain.probabilities).all()
    examiner = Examiner(net, data)
    views = [
        examiner.answers(change=lambda images, indices, k=k: pieces(images, data.preprocessing, "ten")[:, k])
        for k in range(10)
    ]
    mean = np.mean([view.probabilities for view in views], axis=0)
    assert np.allclose(examined(net, data, "ten").probabilities, mean)


def test_pieces_of_larger_pictures() -> None:
    images = np.arange(6 * 6).reshape(1, 6, 6, 1).astype(np.uint8)
    how = Preprocessing(6, 6, 1, 0, (0.0,), (1.0,), (4, 4))
    assert (pieces(images, how, "centre")[0, 0] == images[0, 1:5, 1:5]).all()
    assert (pieces(images, how, "ten")[0, 0] == images[0, :4, :4]).all()


def test_tables_and_pictures(learned) -> None:
    net, data = learned
    found = judgement(net, data)
    errors = found.figures.errors
    assert f"accuracy {found.figures.accuracy:.2%} ({errors} errors)" in str(found)
    assert "calibration error" in str(found)
    table = found.table()
    assert [row[0] for row in table.rows] == list("0123456789")
    assert sum(row[1] for row in table.rows) == sum(row[2] for row in table.rows) == len(data.test)
    assert table.totals["top-1 error"].value == pytest.approx(errors / len(data.test))
    counts = [[cell or 0 for cell in row[1:]] for row in found.confusion_table().rows]
    assert (np.array(counts) == found.answers.confusion).all()
    few, all_ = found.sheet(data.test, 3), found.sheet(data.test)
    assert few.image.shape[0] < all_.image.shape[0]


def test_a_net_that_makes_no_mistake() -> None:
    found = Judgement(figures_of(answers_of(np.diag([3, 4]))), answers_of(np.diag([3, 4])))
    assert "no classes more than others" in found.table().text()
    part = labelled(np.zeros((7, 2, 2, 1), np.uint8), np.array([0, 0, 0, 1, 1, 1, 1]))
    with pytest.raises(CnnGraphError, match="no mistake"):
        found.sheet(part)


def test_a_chart_of_mistakes() -> None:
    pytest.importorskip("matplotlib", reason="charts are an extra")
    found = Judgement(figures_of(answers_of(CONFUSION)), answers_of(CONFUSION))
    svg = found.chart().svg()
    assert "30 images, 7 taken for another class" in svg
    assert "nan" not in svg
    perfect = answers_of(np.diag([3, 4]))
    assert "0 taken" in Judgement(figures_of(perfect), perfect).chart().svg()


def test_pictures_of_any_channels_are_shown() -> None:
    assert in_bytes(np.full((2, 2, 3), 0.5, np.float32)).tolist() == np.full((2, 2, 3), 128).tolist()
    assert in_bytes(np.full((2, 2, 5), 255, np.uint8)).tolist() == np.full((2, 2, 1), 255).tolist()


def test_nets_that_cannot_be_asked(learned) -> None:
    _, data = learned
    text = "net n(image: 1@8x8) { flatten; dense(4); output: dense(64) }\ntrain n { loss: mse(output, target) }"
    with pytest.raises(CnnGraphError, match="no loss of n compares"):
        Examiner(loads(text), data)
    untrained = loads("net n(image: 1@8x8) = flatten -> dense(10) -> softmax")
    with pytest.raises(CnnGraphError, match="n has no weights"):
        Examiner(untrained, data)
    few = Dataset(data.train, data.test, tuple("012"), data.preprocessing)
    assert examined(learned[0], few).name(7) == "7"
