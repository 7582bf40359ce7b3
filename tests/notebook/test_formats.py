"""What values show when they end a cell, in a shell of IPython."""

from __future__ import annotations

import subprocess
import sys
from html.parser import HTMLParser
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

pytest.importorskip("IPython", reason="IPython is not installed: `pip install '.[notebook]'`")

from IPython.core.interactiveshell import InteractiveShell

from cnngraph import examine, load, loads
from cnngraph.compare.difference import difference
from cnngraph.compare.divisions import divisions
from cnngraph.net import Net
from cnngraph.notebook.formats import LOOKS
from cnngraph.notebook.looks import LARGEST
from cnngraph.partition.device import parse_devices
from cnngraph.pipeline.schedule import Phase, make_schedule
from cnngraph.pipeline.timeline import Span, Timeline
from cnngraph.render.tabular import Column, Table
from cnngraph.resources import resource
from cnngraph.train.evaluate import Evaluation
from cnngraph.train.history import Epoch, History

TINY = "net tiny(image: 1@8x8) = conv(4, 3x3) -> relu -> globalavgpool -> dense(3) -> softmax"
HOSTILE = '<script>alert("x")</script>'
EPOCHS = tuple(Epoch(n, 1 / n, 0.5, 1.1 / n, 0.4, 1.0, {"mean_iou": 0.5}) for n in (1, 2, 3))


@pytest.fixture(scope="module")
def tiny() -> Net:
    return loads(TINY)


def shown(shell: InteractiveShell, value: object) -> dict[str, str]:
    found, _ = shell.display_formatter.format(value)
    assert_well_formed(found.get("text/html", ""))
    return found


def assert_well_formed(html: str) -> None:
    seen: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: Any) -> None:
            assert tag not in ("script", "link", "iframe")
            assert not any(name.startswith("on") for name, _ in attrs)
            if tag not in ("img", "br", "meta"):
                seen.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert seen.pop() == tag

    Reader().feed(html)
    assert seen == []


def test_every_look_belongs_to_a_type() -> None:
    looks = import_module("cnngraph.notebook.looks")
    for path, name in LOOKS.items():
        module, _, kind = path.rpartition(".")
        assert isinstance(getattr(import_module(module), kind), type), path
        assert callable(getattr(looks, name))


def test_a_net_is_its_picture_and_a_line(shell: InteractiveShell, tiny: Net) -> None:
    found = shown(shell, tiny)
    assert found["text/plain"] == "<net tiny(image: 1@8x8) -> output: 3>"
    assert "<svg" in found["image/svg+xml"]
    assert "<svg" in found["text/html"]
    assert "parameters 55" in found["text/html"]


def test_a_graph_is_its_picture_and_short_in_words(shell: InteractiveShell, tiny: Net) -> None:
    found = shown(shell, tiny.graph)
    assert found["text/plain"] == "<graph tiny(image: 1@8x8) -> output: 3, 10 nodes>"
    assert "<svg" in found["image/svg+xml"]
    assert "<svg" in found["text/html"]


def test_a_partition_is_a_picture_by_device_and_a_table(shell: InteractiveShell) -> None:
    text = "net wide(image: 256@8x8) = conv(512, 5x5, same) -> maxpool(2x2) -> conv(1024, 5x5, same) -> globalavgpool"
    found = shown(shell, loads(text).partition("left,right", batch=8))
    assert found["text/html"].count("<svg") == 1
    assert "<table" in found["text/html"]
    assert all(name in found["text/html"] for name in ("left", "right", "lower bound"))


def test_a_history_is_its_curves_and_its_last_epoch(shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch) -> None:
    history = History(EPOCHS, 5)
    told = "epoch 3 of 5, loss 0.3333, test loss 0.3667, accuracy 50.00%, test accuracy 40.00%, mean_iou 0.5"
    found = shown(shell, history)
    assert found["text/plain"] == told
    assert told in found["text/html"]
    assert ("<svg" in found["text/html"]) == (find_spec("matplotlib") is not None)
    monkeypatch.setattr("cnngraph.notebook.looks.find_spec", lambda name: None)
    without = shown(shell, history)["text/html"]
    assert "<svg" not in without
    assert "epoch 1, loss 1.0000" in without
    assert shown(shell, History())["text/plain"] == "no epoch is done"


def test_tables_clusters_plans_and_evaluations(shell: InteractiveShell, tiny: Net) -> None:
    assert "<th" in shown(shell, tiny.summary())["text/html"]
    cluster = parse_devices("2")
    assert "gpu1" in shown(shell, cluster)["text/html"]
    order = make_schedule("1f1b", 4, {"gpu0": 0, "gpu1": 1}, has_backward=True)
    assert "gpu0" in shown(shell, order)["text/html"]
    tested = Evaluation(3, 0.5, 2, 1.0, np.array([[1, 1], [0, 1]]), ("cat", HOSTILE), 3)
    assert "accuracy 66.67%" in shown(shell, tested)["text/html"]


def test_what_differs(shell: InteractiveShell, tiny: Net) -> None:
    other = loads(TINY.replace("conv(4", "conv(6"))
    found = shown(shell, difference(tiny.graph, other.graph))
    assert found["text/html"].count("<svg") == 1
    assert found["text/html"].count("<table") == 2
    assert "4@6x6 -> 6@6x6" in found["text/plain"]
    two = divisions(tiny.partition("2", batch=8), tiny.partition("1", batch=8))
    assert "<table" in shown(shell, two)["text/html"]


def test_times(shell: InteractiveShell, tiny: Net) -> None:
    line = Timeline("predicted", {"gpu0": (Span("gpu0", Phase.FORWARD, 0, "compute", 0.0, 1e-3),)})
    assert shown(shell, line)["text/html"].count("<svg") == 1
    profile = tiny.profile({"image": np.ones((1, 8, 8, 1), np.float32)}, parse_devices("1").devices[0], rounds=1)
    found = shown(shell, profile)
    assert "<table" in found["text/html"]
    assert "conv" in found["text/plain"]


def test_what_was_examined(shell: InteractiveShell, tiny: Net) -> None:
    found = shown(shell, examine.filters(tiny))
    assert found["text/plain"] == "4 filters of 3x3, 1 channels"
    assert 'src="data:image/png;base64,' in found["text/html"]
    feeds = {"image": np.ones((2, 8, 8, 1), np.float32), "label": np.array([0, 1])}
    assert "<table" in shown(shell, examine.activity(tiny, feeds))["text/html"]


def test_no_text_becomes_markup(shell: InteractiveShell) -> None:
    table = Table((Column("a", HOSTILE),), ((HOSTILE,),), {HOSTILE: HOSTILE}, HOSTILE)
    assert shown(shell, table)["text/html"].count("&lt;script&gt;") == 6  # the title also names the region


def test_large_nets_stay_small(shell: InteractiveShell) -> None:
    for name in ("resnet152", "densenet121", "googlenet"):
        found = shown(shell, load(resource("specs", "nets", f"{name}.cnn")))
        assert len(found["text/html"]) < LARGEST + 10_000
    many = Table((Column("n", "n"),), tuple((n,) for n in range(10_000)))
    assert "and 9,800 rows" in shown(shell, many)["text/html"]


def test_an_error_is_a_report_with_the_line_of_the_cell(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(cell: str) -> str:
        assert not shell.run_cell(cell).success
        return capsys.readouterr().out

    found = said("import cnngraph\ncnngraph.loads('net n(image: 1@8x8) = conv(4, 9x9)')")
    assert "\x1b[1;31merror[E0203]" in found
    assert "Traceback" not in found
    assert "line 2: cnngraph.loads(" in found
    shell.run_line_magic("colors", "nocolor")
    assert "\x1b[" not in said("cnngraph.loads('net n(image: 1@8x8) = conv(4, 9x9)')")
    shell.run_line_magic("xmode", "Verbose")
    try:
        assert "Traceback" in said("cnngraph.loads('net n(image: 1@8x8) = conv(4, 9x9)')")
    finally:
        capsys.readouterr()
        shell.run_line_magic("xmode", "Context")
    assert "Traceback" in said("1 / 0")


def test_what_a_user_has_told_goes_first(shell: InteractiveShell, tiny: Net) -> None:
    html = shell.display_formatter.formatters["text/html"]
    html.for_type(Net, lambda net: "mine")
    try:
        shell.run_line_magic("reload_ext", "cnngraph")
        assert shown(shell, tiny)["text/html"] == "mine"
    finally:
        html.pop(Net)
        shell.run_line_magic("reload_ext", "cnngraph")
    assert "<svg" in shown(shell, tiny)["text/html"]


ALONE = """
import sys
{before}
import cnngraph
assert not {{"numpy", "IPython.display", "cnngraph.net", "cnngraph.render"}} & set(sys.modules) - known
net = cnngraph.loads("{net}")
{after}
"""


def alone(before: str, after: str) -> None:
    script = ALONE.format(before=before, after=after, net=TINY)
    subprocess.run([sys.executable, "-W", "error", "-c", script], check=True, timeout=60)


def test_importing_in_a_shell_is_enough() -> None:
    before = (
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance()\nknown = set(sys.modules)"
    )
    alone(before, "assert '<svg' in shell.display_formatter.format(net.graph)[0]['text/html']")


def test_without_a_shell_nothing_of_it_is_imported() -> None:
    alone("known = set()", "assert not [n for n in sys.modules if n.startswith(('IPython', 'cnngraph.notebook'))]")
