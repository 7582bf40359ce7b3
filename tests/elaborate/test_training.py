"""Sections: the keys of `train`, the loss, the optimizer, and what they are without a section."""

from __future__ import annotations

import pytest
from elaborate.texts import findings, net, train_findings

from cnngraph.elaborate.modules import load_text
from cnngraph.elaborate.training import TrainingSpec, training

HEAD = "output: dense(3) -> softmax"


def section(entries: str, body: str = HEAD) -> str:
    return f"{net(body, 'x: 4')}\ntrain n {{\n{entries}\n}}"


def spec(text: str) -> TrainingSpec:
    return training(load_text(text, "t.cnn"))


def said(text: str) -> list[str]:
    return [f"{d.code} {d.message}" for d in train_findings(text)]


def test_without_a_section() -> None:
    read = spec(net(HEAD, "x: 4"))
    assert (read.prediction, read.label, str(read.optimizer)) == ("output", "label", "sgd")
    assert (read.epochs, read.seed, read.batch, read.data, read.schedule, read.augment) == (10, 0, None, None, None, ())
    assert (read.init, read.decay, read.clip, read.average) == (None, None, None, None)
    assert read.graph["label"].type.vocabulary == 3


def test_every_key() -> None:
    read = spec(
        section(
            "data: digits(batch = 32)\naugment: shift(2) -> rotate(10) -> mirror\nloss: cross_entropy(output, digit)\n"
            "optimizer: adam(lr = 2 / 1000.0)\nschedule: step(every = 5, factor = 0.5)\nepochs: 2 * 3\n"
            "batch: 7\nseed: 1\ninit: normal(0.1)\n"
            "decay: matrices\nclip: norm(1)\naverage: ema(decay = 0.9)"
        )
    )
    assert (read.epochs, read.batch, read.seed, read.label) == (6, 7, 1, "digit")
    assert [(a.name, a.positional) for a in read.augment] == [("shift", (2,)), ("rotate", (10,)), ("mirror", ())]
    assert read.init is not None
    assert (read.init.name, read.init.positional) == ("normal", (0.1,))
    rules = [rule for rule in (read.decay, read.clip, read.average) if rule is not None]
    assert [rule.name for rule in rules] == ["matrices", "norm", "ema"]
    assert rules[2].named == {"decay": 0.9}
    assert read.schedule is not None
    assert dict(read.schedule.named) == {"every": 5, "factor": 0.5}
    assert str(read.optimizer) == "adam(lr=0.002)"


@pytest.mark.parametrize(
    "loss",
    [
        "cross_entropy(output, label)",
        "cross_entropy(output, label) + 0.5 * mse(output, target)",
        "output -> mse(target)",
        "mse(hidden, target) + cross_entropy(output, label)",
    ],
)
def test_losses(loss: str) -> None:
    graph = spec(section(f"loss: {loss}", f"hidden: dense(5)\n{HEAD}")).graph
    assert graph.type_of(graph.outputs["loss"]).shape == ()


WRONG = {
    "optimiser: sgd": ["E0112 a train section has no key `optimiser`"],
    "epochs: 1\nepochs: 2": ["E0112 `epochs` is given twice"],
    "step a { update: x }": ["E0112 the net has no part `x` with weights"],
    "optimizer: relu": ["E0112 this is not an optimizer"],
    "optimizer: sgd(lrr = 1)": ["E0107 sgd has no parameter `lrr`"],
    "optimizer: sgd(lr = -1)": ["E0108 the lr of sgd must be 0 or more, not -1.0"],
    "optimizer: sgd(lr = foo)": ["E0101 unknown name `foo`"],
    "loss: output": ["E0112 a loss is one number, not 3"],
    "loss: 3": ["E0103 a line joins layers and tensors, and this is a whole number"],
    "loss: foo": ["E0101 unknown name `foo`"],
    "loss: crossentropy(output, label)": ["E0101 unknown name `crossentropy`"],
    "loss: cross_entropy(outpt, label)": ["E0101 unknown name `outpt`"],
    "loss: concat(output, label)": ["E0101 unknown name `label`"],
    "loss: it": ["E0110 there is no value on the left of `it`"],
    "loss: cross_entropy(output, t) + mse(output, t)": ["E0702 `t` is used as ids(3) and as 3"],
    "batch: 0": ["E0112 `batch` is a whole number from 1, not 0"],
    "class_weights: []": ["E0112 `class_weights` are numbers above 0"],
    "epochs: -1\nbatch: 2.5\nseed: true": [
        "E0112 `epochs` is a whole number from 0, not -1",
        "E0112 `batch` is a whole number from 1, not 2.5",
        "E0112 `seed` is a whole number from 0, not true",
    ],
    "schedule: step(2) -> cosine": ["E0112 `schedule` is one call"],
    "clip: norm(1) -> value(1)": ["E0112 `clip` is one call"],
    "average: 0.9": ["E0112 a call such as `step(every = 5)` belongs here"],
    "clp: norm(1)": ["E0112 a train section has no key `clp`"],
    "data: 3": ["E0112 a call such as `step(every = 5)` belongs here"],
    'data: "digits"': ["E0112 a name or a call belongs here, not a string"],
    "data: digits(batch = 1, batch = 2)": ["E0106 digits receives `batch` twice"],
}


@pytest.mark.parametrize("entries", WRONG)
def test_what_is_said(entries: str) -> None:
    assert said(section(entries)) == WRONG[entries]


def test_a_number_is_a_target_that_is_the_same_everywhere() -> None:
    graph = spec(section("loss: bce(p, 1) + 2 * mse(p, target = 0.5)", "p: dense(3) -> sigmoid")).graph
    assert [str(n.op) for n in graph if n.op.name == "filled"] == ["filled(1.0)", "filled(0.5)"]
    assert [n.name for n in graph.inputs] == ["x"]
    wrong = section("loss: smooth_l1(p, 1)", "p: dense(3) -> sigmoid")  # 1 is its beta
    assert said(wrong) == ["E0110 this layer has no input"]


def test_a_net_without_probabilities_has_no_loss_of_its_own() -> None:
    (finding,) = train_findings(net("dense(3)", "x: 4"))
    assert finding.message == "`n` has no loss"
    assert "softmax" in finding.helps[0]
    assert "`loss: mse(output, target)`" in finding.helps[1]


def test_all_keys_are_judged_in_one_run() -> None:
    assert len(said(section("loss: output\noptimizer: relu\nepochs: -1\nfoo: 3"))) == 4


def test_sections_are_of_known_kinds_and_nets_once_each() -> None:
    (kind,) = findings(net(HEAD, "x: 4") + "\ntrian n { epochs: 3 }")
    assert (kind.message, kind.helps) == ("there is no section `trian`", ("did you mean `train`?",))
    (name,) = findings("net lenet(x: 4) = relu\ntrain lennet { epochs: 3 }")
    assert (name.message, name.helps) == ("there is no net `lennet`", ("did you mean `lenet`?",))
    (twice,) = findings(section("epochs: 1") + "\ntrain n { epochs: 2 }")
    assert twice.message == "two sections `train n`"


def test_names_of_the_loss_meet_no_name_of_the_net() -> None:
    lane = section("loss: mse(output, foo)", "concat { | foo: relu | tanh }\noutput: dense(3)")
    own = section("loss: mse(output, target) * 2", "loss: (scale(3) -> relu)\noutput: dense(3)")
    for text in (lane, own):
        names = [node.name for node in spec(text).graph]
        assert len(set(names)) == len(names)
    assert "foo" in [node.name for node in spec(lane).graph.inputs]


@pytest.mark.parametrize(
    ("entries", "messages"),
    [
        ('paper: "a"; year: 1998; authors: "b"', []),
        ('papr: "a"', ["an about section has no key `papr`"]),
        ('paper: "a"; paper: "b"', ["`paper` is given twice"]),
        ("paper: 3", ["`paper` is a text"]),
        ('paper: "a" -> relu', ["`paper` is a text"]),
        ('paper { title: "a" }', ["an about section has no key `paper`"]),
    ],
)
def test_about(entries: str, messages: list[str]) -> None:
    program = load_text(f"about {{ {entries} }}\nnet n(x: 4) = relu")
    assert [finding.message for finding in program.found] == messages
    assert {finding.code for finding in program.found} <= {"E0112"}
