"""`cnngraph serve` as people start and end it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from cli.terminal import Run

import cnngraph

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are those of POSIX")


@contextmanager
def started(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command in a process, and the link that it prints."""
    command = [sys.executable, "-P", "-m", "cnngraph", "serve", str(folder), "--port", "0", *options]
    places = {"cwd": folder, "env": {**os.environ, "PYTHONPATH": str(Path(cnngraph.__file__).parents[1])}}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **places)
    try:
        assert process.stdout is not None
        link = next(line.strip() for line in process.stdout if "http://" in line)
        yield process, link
    finally:
        process.kill()
        process.communicate()


def children_of(process: int) -> list[int]:
    """The two that the page has started, once they belong to the first thread; none where there is no /proc."""
    listed = Path(f"/proc/{process}/task/{process}/children")
    end = time.monotonic() + 15
    found: list[str] = []
    while listed.exists() and len(found) < 2 and time.monotonic() < end:
        time.sleep(0.02)
        found = listed.read_text().split()
    return [int(child) for child in found]


@pytest.mark.parametrize("sign", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.sweep)])
def test_it_ends_soon_and_leaves_nothing(tmp_path: Path, sign: signal.Signals) -> None:
    before = sorted(tmp_path.iterdir())
    with started(tmp_path) as (process, link):
        assert link.startswith("http://127.0.0.1:")
        with urlopen(link.partition("#")[0]) as page:  # starts the children
            assert b"connect-src" in page.read()
        children = children_of(process.pid)
        assert len(children) == 2 or not Path("/proc/self/task").exists()
        process.send_signal(sign)
        began = time.monotonic()
        out, err = process.communicate(timeout=30)
        assert time.monotonic() - began < 15  # a tenth of a second where nothing else runs
        assert (process.returncode, err) == (0, "")
        assert out.endswith("ended\n")
        assert not [child for child in children if Path(f"/proc/{child}").exists()]
    assert sorted(tmp_path.iterdir()) == before


def test_nothing_in_the_folder_is_imported(tmp_path: Path) -> None:
    """The files of a stranger lie in the present folder."""
    for name in ("json", "numpy", "resource", "cnngraph", "sitecustomize"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'taken')!r}, 'w')")
    with started(tmp_path) as (_, link):
        address, _, token = link.partition("#token=")
        body = json.dumps({"ask": "check", "file": {"place": "folder", "name": "a.cnn"}, "text": "net n(x: 4) = relu"})
        headers = {"X-Cnngraph-Token": token, "Content-Type": "application/json"}
        with urlopen(Request(f"{address}ask", body.encode(), headers)) as reply:
            assert json.loads(reply.read())["answer"]["nets"] == ["n"]
    assert not (tmp_path / "taken").exists()


@pytest.mark.sweep
def test_children_end_with_a_server_that_is_killed(tmp_path: Path) -> None:
    with started(tmp_path) as (process, link):
        with urlopen(link.partition("#")[0]) as page:
            page.read()
        children = children_of(process.pid)
        assert len(children) == 2 or not Path("/proc/self/task").exists()
        process.kill()
        end = time.monotonic() + 15
        while any(Path(f"/proc/{child}").exists() for child in children) and time.monotonic() < end:
            time.sleep(0.05)
        assert not [child for child in children if Path(f"/proc/{child}").exists()]


def test_a_port_in_use_is_one_clear_error(tmp_path: Path, run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        found = run("serve", str(tmp_path), "--port", str(port))
    assert (found.code, found.err) == (1, f"Error: port {port} of 127.0.0.1 is in use: `--port 0` takes a free one\n")


@pytest.mark.parametrize("host", ["203.0.113.7", "no such host"])
def test_an_address_of_another_machine(tmp_path: Path, run: Run, host: str) -> None:
    run("serve", str(tmp_path), "--port", "0", "--host", host).refused("is no address of this machine")


def test_the_browser_is_opened_with_a_link_for_once(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others see the command line of a browser: no token is in it."""
    links: list[str] = []

    def interrupted(*given: object, **named: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("webbrowser.open", links.append)
    monkeypatch.setattr("cnngraph.serve.server.Playground.serve_forever", interrupted)
    run("serve", str(tmp_path), "--port", "0").done("ended", "#token=")
    assert links == []
    run("serve", str(tmp_path), "--port", "0", "--open").done("ended", "#token=")
    assert [link.partition("#")[2].partition("=")[0] for link in links] == ["ticket"]


def test_a_folder_that_is_not_there(tmp_path: Path, run: Run) -> None:
    run("serve", str(tmp_path / "absent")).refused("does not exist", code=2)


def test_other_machines_are_let_in_with_a_warning(tmp_path: Path) -> None:
    with started(tmp_path, "--host", "0.0.0.0") as (process, link):
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert "#token=" in link
    assert "seen by other machines" in err
    assert "nothing is encrypted" in err
