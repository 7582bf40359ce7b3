"""The file around a page. It holds all it needs, and tells the browser to load nothing and to run only its own scripts.

    frame("LeNet-5", body)                                                        to read: no script at all
    frame("LeNet-5", body, scripts=["explorer/page.js"], data={"graph": model})   `data("graph")` there is the model
    frame("LeNet-5", body, scripts=[...], draws=True)                             with Graphviz, which runs in a worker
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path

from cnngraph.pages.markup import Markup, element

ASSETS = Path(__file__).with_name("assets")
VENDOR = Path(__file__).with_name("vendor")


def frame(
    title: str,
    body: Markup,
    *,
    styles: Sequence[str] = (),
    scripts: Sequence[str] = (),
    data: Mapping[str, object] | None = None,
    draws: bool = False,
    connects: bool = False,
) -> str:
    """A whole HTML file: `body` with `base.css` and the `styles`, then the `scripts`, files of `assets` in this order.

    The scripts share one function: what one of them declares is seen by those after it. `data` are values of JSON by
    their names. `draws` brings the layout engine; `connects` lets the page ask the server that it came from.

    >>> text = frame("a & b", element("p", "c < d"), data={"x": ["</script>"]})
    >>> "<title>a &amp; b</title>" in text, "c &lt; d" in text, text.count("</script>")
    (True, True, 1)
    """
    script = _joined(scripts) if scripts else ""
    blocks = [_block(name, "application/json", _json(value)) for name, value in (data or {}).items()]
    if draws:
        blocks.insert(0, _block("engine", "text/plain", engine()))
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy(script, draws, connects)),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", title),
        element("style", Markup("\n".join(asset(name) for name in ("base.css", *styles)))),
    )
    code = [element("script", Markup(script))] if script else []
    whole = element("html", head, element("body", body, *blocks, *code), lang="en")
    return f"<!DOCTYPE html>\n{whole}\n"


def policy(script: str, draws: bool = False, connects: bool = False) -> str:
    """What a browser may do for the page: nothing that is not named. Of scripts only the one with this text runs."""
    allowed = ["default-src 'none'", "base-uri 'none'", "form-action 'none'", "style-src 'unsafe-inline'"]
    allowed.append("img-src data: blob:")
    if script:
        digest = b64encode(sha256(script.encode()).digest()).decode()
        allowed.append(f"script-src 'sha256-{digest}'" + (" blob: 'wasm-unsafe-eval'" if draws else ""))
    if draws:
        allowed.append("worker-src blob:")
    if connects:
        allowed.append("connect-src 'self'")
    return "; ".join(allowed)


def engine() -> str:
    """What the worker runs: Graphviz, and the few lines that answer the page."""
    return (VENDOR / "viz.js").read_text(encoding="utf-8") + "\n" + asset("graph/worker.js")


@cache
def asset(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


def _joined(scripts: Sequence[str]) -> str:
    """The scripts as one function, so that they leave no names behind."""
    texts = "\n".join(vendored(name) if name.startswith("vendor/") else asset(name) for name in ("base.js", *scripts))
    return f'(() => {{\n"use strict";\n{texts}\n}})();'


def vendored(name: str) -> str:
    return (VENDOR / name.removeprefix("vendor/")).read_text(encoding="utf-8")


def _block(name: str, kind: str, text: str) -> Markup:
    return element("script", Markup(text), type=kind, id=name)


def _json(value: object) -> str:
    """JSON in which no character can end the element around it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
