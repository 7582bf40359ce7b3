"""What an explorer shows: right and wrong nets, devices and seconds from elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnngraph.diagnostics import CnnGraphError
from cnngraph.elaborate.modules import load_text
from cnngraph.net import Net
from cnngraph.pages.explorer.subject import Subject, broken_subject, subject_of
from cnngraph.partition.device import Device
from cnngraph.partition.profile import Profile

TINY = "cnn 1\nnet tiny(image: 1@8x8) { c: conv(4, 3x3); relu; globalavgpool; output: dense(3) }"
WRONG = "cnn 1\nnet wrong(image: 1@8x8) { conv(4, 3x3)  [4@5x5]; dense(10); relu }"


def tiny() -> Subject:
    program = load_text(TINY)
    return subject_of(Net(program))


def profile(**seconds: float) -> Profile:
    return Profile("tiny", False, {}, "a processor", 2, Device("core"), 0.01, (), seconds)


def test_a_right_net_has_no_errors() -> None:
    found = tiny()
    assert found.name == "tiny"
    assert (found.wrong, found.facts) == ({}, {})
    assert [each.code for each in found.found if each.severity == "error"] == []


def test_seconds_are_facts_of_the_nodes_that_are_there() -> None:
    found = tiny().with_seconds(profile(relu=0.25, gone=1.0))
    assert found.facts == {"relu": {"seconds": 0.25}}
    assert found.profiled == "a processor, 2 at once, a run of 10 ms"


def test_a_profile_of_another_net_is_refused() -> None:
    with pytest.raises(CnnGraphError, match="has none of the nodes of tiny") as refused:
        tiny().with_seconds(profile(other=1.0))
    assert refused.value.diagnostics[0].code == "E0601"


def test_facts_of_several_kinds_stand_together() -> None:
    found = tiny().with_facts("device", {"relu": "gpu0"}).with_seconds(profile(relu=0.25))
    assert found.facts["relu"] == {"device": "gpu0", "seconds": 0.25}


def test_what_a_pass_has_taken_away_stands_where_its_input_does() -> None:
    net = Net(load_text("net n(image: 1@8x8) = conv(4, 3x3) -> dropout(0.5) -> flatten -> dense(3)"))
    found = subject_of(net).with_devices({"image": "left", "conv": "left", "flatten": "right", "dense": "right"})
    assert {name: fact["device"] for name, fact in found.facts.items()} == {
        "image": "left", "conv": "left", "dropout": "left", "flatten": "right", "dense": "right",
    }  # fmt: skip


def test_devices_that_the_file_names_are_known() -> None:
    program = load_text("net placed(image: 1@8x8) { conv(4, 3x3) on left; relu }")
    found = subject_of(Net(program))
    assert found.facts["conv"] == {"device": "left"}


def test_a_wrong_net_goes_as_far_as_it_can() -> None:
    found = broken_subject(load_text(WRONG), None, None, Path("wrong.cnn"))
    codes = {name: finding.code for name, finding in found.wrong.items()}
    assert "E0300" in codes.values()
    assert codes["dense"] == "E0201"
    assert {each.code for each in found.found} >= {"E0300", "E0201"}


def test_a_text_without_a_net_is_an_empty_graph() -> None:
    found = broken_subject(load_text("cnn 1\nblock b = relu"), None, None, Path("blocks.cnn"))
    assert (found.name, found.graph.nodes) == ("blocks", ())
