"""What cells show, in chromium: readable in light and in dark notebooks, nothing is loaded, axe finds nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("IPython", reason="IPython is not installed: `pip install '.[notebook]'`")

from IPython.core.interactiveshell import InteractiveShell
from pages.browser import axe, chromium, opened

from cnngraph import examine, loads, view
from cnngraph.train.history import Epoch, History

TINY = "net tiny(image: 1@8x8) = conv(4, 3x3) -> relu -> globalavgpool -> dense(3) -> softmax"
CELLS = (
    "import cnngraph",
    f"net = cnngraph.loads({TINY!r})\nnet",
    "net.partition('2', batch=8)",
    "net.summary()",
    "cnngraph.loads('net tiny(image: 1@8x8) = conv(4, 9x9)')",
    "%load_ext cnngraph",
    f"%%cnn\n{TINY}",
    "cnngraph.view(net)",
)


def test_light_and_dark(shell: InteractiveShell) -> None:
    chromium()
    net = loads(TINY)
    history = History((Epoch(1, 1.0, 0.5, 1.1, 0.4), Epoch(2, 0.9, 0.6, 1.0, 0.5)), 2)
    values = (net, net.partition("2", batch=8), net.summary(), history, examine.filters(net))
    shown = "".join(shell.display_formatter.format(value)[0]["text/html"] for value in values)
    head = '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>n</title></head>'
    with opened(f"{head}<body><main><h1>n</h1>{shown}</main></body></html>") as page:
        assert page.locator("svg").count() == 3
        for style in ("background:#ffffff;color:#1f1f1f", "background:#111111;color:#e0e0e0"):
            page.locator("body").evaluate("(body, style) => body.setAttribute('style', style)", style)
            axe(page)


def test_a_view_is_a_frame_that_works(tmp_path: Path) -> None:
    chromium()
    found = view(loads(TINY))
    shown = found._repr_html_()
    head = '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>n</title></head>'
    with opened(f"{head}<body>{shown}</body></html>") as page:
        box = page.frame_locator("iframe").locator("svg text", has_text="conv 4").first
        box.click()
        assert page.frame_locator("iframe").locator("h2", has_text="conv").first.is_visible()
    written = found.write(tmp_path / "tiny.html")
    assert written.read_text() == found.page


@pytest.mark.sweep
def test_a_notebook_is_executed_and_seen(tmp_path: Path) -> None:
    chromium()
    needed = "needs `pip install ipykernel nbconvert`"
    formats = pytest.importorskip("nbformat.v4", reason=needed)
    convert = pytest.importorskip("nbconvert", reason=needed)
    pytest.importorskip("ipykernel", reason=needed)
    from nbconvert.preprocessors import ExecutePreprocessor

    notebook = formats.new_notebook(cells=[formats.new_code_cell(cell) for cell in CELLS])
    execute = ExecutePreprocessor(timeout=120, kernel_name="python3", allow_errors=True)
    execute.preprocess(notebook, {"metadata": {"path": str(tmp_path)}})
    said = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    assert [output["ename"] for output in said if output["output_type"] == "error"] == ["CnnGraphError"]
    assert "Traceback" not in "".join(line for output in said for line in output.get("traceback", ()))
    for theme in ("light", "dark"):
        exporter = convert.HTMLExporter(theme=theme)
        exporter.mathjax_url = exporter.require_js_url = exporter.jquery_url = exporter.mermaid_js_url = ""
        with opened(exporter.from_notebook_node(notebook)[0], size=(1000, 800)) as page:
            assert page.locator("div.cnngraph svg").count() == 3
            page.frame_locator("iframe").locator("svg text", has_text="conv 4").first.wait_for()
