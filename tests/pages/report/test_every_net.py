"""Each net of `specs/nets` whose data is drawn by a seed has a page, with its first values for weights."""

from __future__ import annotations

import pytest

pytest.importorskip("matplotlib", reason="the curves of the page are drawn by matplotlib")

from pages.report.reading import Page

from cnngraph.diagnostics import CnnGraphError
from cnngraph.elaborate.modules import load_file
from cnngraph.net import Net, load
from cnngraph.pages.report import Subject, report, tried
from cnngraph.resources import resource
from cnngraph.train.curves import Run
from cnngraph.train.log import Log

ELSEWHERE = ("E0701", "E0703")  # the data is in a folder or named nowhere; it begins with the weights of another net
NETS = sorted(path.stem for path in resource("specs", "nets").glob("*.cnn"))


@pytest.mark.sweep
@pytest.mark.parametrize("name", NETS)
def test_a_page_below_a_megabyte(name: str) -> None:
    path = resource("specs", "nets", f"{name}.cnn")
    if not load_file(path).train_sections:
        pytest.skip("it has no train section")
    net = load(path)
    try:
        text = _page(net)
    except CnnGraphError as problem:
        if not {each.code for each in problem.diagnostics} <= set(ELSEWHERE):
            raise
        pytest.skip(str(problem).splitlines()[0])
    assert len(text.encode()) < 1_000_000
    found = Page(text)
    assert found.wrong == []
    assert {"Result", "What was trained"} <= set(found.words("h2"))


def _page(net: Net) -> str:
    trial = tried(net, net.data())
    return report(Subject((Run(net.name, Log({"net": net.name})),), net, "", trial))
