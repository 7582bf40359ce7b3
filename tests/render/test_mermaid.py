"""Flowcharts of Mermaid: the boxes, blocks and arrows of the picture, in text that its parser takes."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Unpack

import pytest

import cnngraph
from cnngraph.net import Net
from cnngraph.render.dot import drawing
from cnngraph.render.mermaid import mermaid, quoted
from cnngraph.render.options import Options

NETS = sorted(Path("specs/nets").glob("*.cnn"))
HOSTILE = '"]; click n0 "javascript:alert(1)" %% <b>#quot;</b> `x` *y*\nend'
NODE = re.compile(r"^ *(n\d+|out\d+|before\d+|behind\d+)(\(\[|\(\(|\[)\"", re.MULTILINE)
ENDS = re.compile(r"^  (\w+)\S* -\.?->(?:\|\"[^\"]*\"\|)? (\w+)", re.MULTILINE)


def text(net: Net, **options: Unpack[Options]) -> str:
    return mermaid(drawing(net.graph, options))


def load(name: str) -> Net:
    return cnngraph.load(f"specs/nets/{name}.cnn")


def test_a_small_network_in_full() -> None:
    net = cnngraph.loads("net tiny(image: 1@8x8) {\n  c1: conv(4, 3x3) -> relu\n  flatten -> dense(3) -> softmax\n}")
    assert text(net).splitlines()[:12] == [
        "---",
        'title: "tiny"',
        "---",
        "flowchart TB",
        '  n0(["image 1@8x8"]):::input',
        '  n1["c1<br/>conv 4, 3x3<br/>relu<br/>flatten"]:::convolution',
        '  n2["dense 3<br/>softmax"]:::dense',
        '  out0(["output 3"]):::output',
        "  n2 --> out0",
        "  n0 --> n1",
        '  n1 -->|"144"| n2',
        "  classDef input fill:#FFFFFF,stroke:#333333,stroke-width:1.2px,color:#333333",
    ]


def test_blocks_are_subgraphs_in_subgraphs() -> None:
    found = text(load("resnet18"), depth=2)
    assert re.search(r'^  subgraph g\d+ \["conv3: stage"\]\n    subgraph g\d+ \["', found, re.MULTILINE)
    assert found.count("subgraph ") == len(re.findall(r"^ +end$", found, re.MULTILINE)) > 4
    assert found.count("  style g") == found.count("subgraph ")


@pytest.mark.parametrize("name", ["lenet5", "googlenet", "unet", "densenet121", "dcgan"])
def test_every_end_of_an_arrow_is_a_node_and_every_class_is_told(name: str) -> None:
    found = text(load(name))
    nodes = {match[1] for match in NODE.finditer(found)}
    ends = {end for pair in ENDS.findall(found) for end in pair}
    assert ends <= nodes
    assert len(ENDS.findall(found)) == len(re.findall(r"-\.?->", found))
    assert set(re.findall(r":::(\w+)", found)) == set(re.findall(r"classDef (\w+)", found))


def test_gradients_are_coloured_and_what_is_kept_is_dotted() -> None:
    found = mermaid(drawing(load("lenet5").training_graph(), Options(depth=0)))
    arrows = [line for line in found.splitlines() if re.search(r" -\.?->", line)]
    chosen = re.search(r"linkStyle ([\d,]+) ", found)
    assert chosen is not None
    backward = [arrows[int(place)] for place in chosen[1].split(",")]
    frame = found[found.index('["gradient"]') : found.index("  end\n")]
    inside = set(re.findall(r"^ +(n\d+)", frame, re.MULTILINE))
    assert inside
    assert all(set(re.findall(r"n\d+", line)) <= inside for line in backward)
    assert any("-.->" in line for line in arrows)


def test_what_goes_between_devices_is_thick() -> None:
    net = load("alexnet")
    found = mermaid(drawing(net.graph, Options(partition=net.partition(devices="2"))))
    arrows = [line for line in found.splitlines() if " -->" in line]
    chosen = re.search(r"linkStyle ([\d,]+) stroke:#D55E00,stroke-width:3.6px", found)
    assert chosen is not None
    assert all(re.search(r'\|"[^"]+ kB"\||\|"[^"]+ MB"\|', arrows[int(place)]) for place in chosen[1].split(","))


def test_a_focus_says_that_more_lies_around() -> None:
    found = text(load("googlenet"), focus="i4a")
    assert 'before0["· · ·"]:::beyond --> n0' in found
    assert 'behind0["· · ·"]:::beyond' in found


def test_dark_and_direction() -> None:
    found = text(load("lenet5"), dark=True, direction="LR")
    assert "  theme: dark" in found
    assert "flowchart LR" in found
    assert "fill:#FFFFFF" not in found


def test_no_sign_of_a_text_means_anything() -> None:
    inside = quoted(HOSTILE)[1:-1]
    assert not set('"<>`*\n') & set(inside.replace("<br/>", ""))
    title = text(load("lenet5"), title=HOSTILE).splitlines()[1]
    assert json.loads(title.removeprefix("title: ")) == HOSTILE


@pytest.fixture(scope="module")
def parser() -> Iterator[Any]:
    """Mermaid itself in a browser; CNNGRAPH_MERMAID is the path of its `dist/mermaid.min.js`."""
    script = os.environ.get("CNNGRAPH_MERMAID", "")
    if not Path(script).is_file():
        pytest.skip("CNNGRAPH_MERMAID does not name Mermaid's mermaid.min.js")
    browsers = pytest.importorskip("playwright.sync_api")
    with browsers.sync_playwright() as running:
        browser = running.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page()
        page.set_content("<div></div>")
        page.add_script_tag(path=script)
        page.evaluate("mermaid.initialize({startOnLoad: false, securityLevel: 'strict'})")
        yield page
        browser.close()


@pytest.mark.sweep
@pytest.mark.parametrize("file", NETS, ids=lambda file: file.stem)
def test_mermaid_takes_every_network(file: Path, parser: Any) -> None:
    graph = cnngraph.load(file).graph
    for options in (Options(), Options(depth=0, dark=True), Options(depth=1, direction="LR")):
        parser.evaluate("text => mermaid.parse(text)", mermaid(drawing(graph, options)))


@pytest.mark.sweep
def test_mermaid_shows_hostile_words_as_words(parser: Any) -> None:
    chart = f"flowchart TB\n  n0[{quoted(HOSTILE)}] -->|{quoted(HOSTILE)}| n1[{quoted('2*n*m, 6*6*256')}]\n"
    parser.evaluate("async text => document.body.innerHTML = (await mermaid.render('drawn', text)).svg", chart)
    shown = parser.evaluate("[...document.querySelectorAll('.nodeLabel, .edgeLabel p')].map(each => each.innerText)")
    words = " ".join(HOSTILE.split())
    assert {" ".join(each.split()) for each in shown} >= {words, "2*n*m, 6*6*256"}
    assert parser.evaluate("document.querySelectorAll('svg a, svg script, svg b').length") == 0
