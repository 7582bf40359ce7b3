"""What is slow, large or hostile has an end, and the server answers others meanwhile."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Condition, Thread
from typing import Any

import pytest
from serve.playing import NET, ask, playing, received, refusal, send

from cnngraph.serve.child import Child
from cnngraph.serve.lane import PATIENCE_SECONDS
from cnngraph.serve.server import Limits, Playground

FILE = {"place": "folder", "name": "a.cnn"}
SECONDS = 1.5
MEMORY = 1_500_000_000
HOSTILE = {
    "parentheses": "net n(x: 4) = " + "(" * 40_000 + "relu" + ")" * 40_000,
    "braces": "net n(x: 4) { " + "residual { " * 20_000,
    "repeats": "net n(x: 4) = relu" + " * 1000" * 9,
    "a repeat without end": "net n(x: 4) { repeat 1000000000 { relu } }",
    "blocks in blocks": "\n".join(["block b0 = relu", *(f"block b{i} = b{i - 1} -> b{i - 1}" for i in range(1, 60))])
    + "\nnet n(x: 4) = b59",
    "large numbers": "net n(x: 4) = dense(" + "9" * 5_000 + ")",
    "powers": "\n".join(["let a0 = 81", *(f"let a{i} = a{i - 1} * a{i - 1}" for i in range(1, 200))]),
    "a long line": "net n(x: 4) = " + " -> ".join(["relu"] * 50_000),
    "a long string": 'net n(x: 4) = "' + "\\" * 400_000,
    "many errors": "net n(x: 4) { " + "; ".join(["foo"] * 20_000) + " }",
    "controls": "".join(map(chr, range(32))) * 2_000,
    "wide letters": "net n(x: 4) = 𝛼" * 5_000,
}
QUICK = ("parentheses", "controls")


def running(process: int) -> bool:
    """Whether a process is there, and no zombie."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{process}/stat")
    return not (state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    limits = Limits(read_seconds=0.6, quick_seconds=SECONDS, connections=8, memory_bytes=MEMORY)
    with playing(tmp_path_factory.mktemp("nets"), limits=limits) as server:
        yield server


def timed(work: Callable[[], Any]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.sweep) for name in HOSTILE]
)
def test_hostile_texts_end(server: Playground, name: str) -> None:
    """In the time that is given, whatever the answer; the next question is answered as ever."""

    def work() -> None:
        for what in ("check", "draw", "format"):
            told = send(server, "POST", "/ask", question(what, HOSTILE[name])).json
            assert told["status"] in (200, 422, 503), told

    assert timed(work) < 3 * (SECONDS + 15)  # with the start of other children
    assert ask(server, "check", file=FILE, text=NET)["findings"] == []


def question(what: str, text: str) -> bytes:
    import json

    return json.dumps({"ask": what, "file": FILE, "text": text}).encode()


class Napping:
    """A lane whose child sleeps, as a file that never ends would make it."""

    def __init__(self, server: Playground) -> None:
        self.lane = server.lanes["quick"]
        ask(server, "check", file=FILE, text=NET)
        assert self.lane.process is not None
        self.process = self.lane.process

    def __enter__(self) -> Napping:
        os.kill(self.process, signal.SIGSTOP)
        return self

    def __exit__(self, *error: object) -> None:
        if running(self.process):
            os.kill(self.process, signal.SIGCONT)


def test_what_takes_too_long_is_given_up(server: Playground) -> None:
    with Napping(server) as nap:
        answers: list[tuple[int, str]] = []
        asking = Thread(target=lambda: answers.append(refusal(server, "check", file=FILE, text=NET)))
        asking.start()
        ask(server, "files")
        assert asking.is_alive()  # others are answered meanwhile
        asking.join(timeout=60)
        assert answers == [(503, "this takes more than 1.5 seconds: it was given up")]
        assert not running(nap.process)
    assert ask(server, "check", file=FILE, text=NET)["findings"] == []


def test_a_newer_question_takes_the_place_of_older_ones(server: Playground) -> None:
    """A burst of keystrokes: what waits is dropped at once, what runs is given a second."""
    with Napping(server):
        told: list[tuple[int, int]] = []

        def one(place: int) -> None:
            reply = send(server, "POST", "/ask", question("check", NET + "#" * place)).json
            told.append((place, reply["status"]))

        threads = [Thread(target=one, args=(place,)) for place in range(6)]
        for thread in threads:
            thread.start()
            time.sleep(0.05)
        began = time.monotonic()
        for thread in threads:
            thread.join(timeout=60)
        assert time.monotonic() - began < PATIENCE_SECONDS + 15  # with the start of another child
    assert dict(told) == {**dict.fromkeys(range(5), 409), 5: 200}


def test_questions_of_two_tabs_do_not_replace_each_other(server: Playground) -> None:
    replies: list[Any] = []
    threads = [
        Thread(target=lambda i=i: replies.append(ask(server, "check", file=FILE, text=NET, client=f"tab {i}")))  # type: ignore[misc]
        for i in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(replies) == 4


def test_of_two_tabs_that_save_at_once_one_is_told(server: Playground, monkeypatch: pytest.MonkeyPatch) -> None:
    def slowly(path: Path, data: bytes) -> None:
        time.sleep(0.2)
        path.write_bytes(data)

    monkeypatch.setattr("cnngraph.serve.folder._put", slowly)
    told: list[bool] = []
    file = {"place": "folder", "name": "both.cnn"}
    threads = [
        Thread(target=lambda i=i: told.append(ask(server, "save", file=file, text=f"# {i}", stamp=None)["conflict"]))  # type: ignore[misc]
        for i in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == [False, True]


def test_a_child_that_dies_is_started_anew(server: Playground) -> None:
    ask(server, "check", file=FILE, text=NET)
    process = server.lanes["quick"].process
    assert process is not None
    os.kill(process, signal.SIGKILL)
    send(server, "POST", "/ask", question("check", NET))  # may find it dead
    assert ask(server, "check", file=FILE, text=NET)["findings"] == []
    assert server.lanes["quick"].process != process


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux limits the address space surely")
def test_memory_has_a_limit(server: Playground, tmp_path: Path) -> None:
    ask(server, "check", file=FILE, text=NET)
    limits = Path(f"/proc/{server.lanes['quick'].process}/limits").read_text().splitlines()
    assert next(line for line in limits if line.startswith("Max address space")).split()[3] == str(MEMORY)
    with playing(tmp_path, limits=Limits(memory_bytes=60_000_000)) as small:
        assert refusal(small, "check", file=FILE, text=NET)[0] == 503
        assert ask(small, "files")["names"]["folder"] == []


def test_a_request_that_never_ends_is_cut_off(server: Playground) -> None:
    """Byte by byte, each in time: the whole has a limit too (slowloris)."""
    with socket.create_connection(("127.0.0.1", server.guard.port), timeout=30) as connection:
        sent = 0
        with suppress(ConnectionError):
            for byte in b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 600:
                connection.sendall(bytes([byte]))
                sent += 1
                time.sleep(0.05)
        assert sent < 300


def test_a_request_that_says_nothing_is_cut_off(server: Playground) -> None:
    with socket.create_connection(("127.0.0.1", server.guard.port), timeout=30) as connection:
        assert timed(lambda: received(connection)) < 15


def test_a_body_that_does_not_come_is_cut_off(server: Playground) -> None:
    from serve.playing import headers_of

    head = "".join(f"{name}: {value}\r\n" for name, value in headers_of(server).items())
    with socket.create_connection(("127.0.0.1", server.guard.port), timeout=30) as connection:
        connection.sendall(f"POST /ask HTTP/1.1\r\n{head}Content-Length: 100\r\n\r\n{{".encode())
        assert timed(lambda: received(connection)) < 15


def test_too_many_connections_are_closed(tmp_path: Path) -> None:
    with playing(tmp_path, limits=Limits(connections=8, read_seconds=20)) as server:
        idle = [socket.create_connection(("127.0.0.1", server.guard.port), timeout=30) for _ in range(8)]
        with socket.create_connection(("127.0.0.1", server.guard.port), timeout=30) as one_more:
            assert timed(lambda: received(one_more)) < 15
        for connection in idle:
            connection.close()
        assert until(lambda: not server._open)
        assert ask(server, "files")["names"]["folder"] == []


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="process groups are those of POSIX")
def test_a_drawing_engine_ends_with_a_server_that_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that a child learns of it is that the questions end."""
    noted = tmp_path / "noted"
    (tmp_path / "dot").write_text(f"#!/bin/sh\necho $$ > {noted}\nexec sleep 600\n")
    (tmp_path / "dot").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    child = Child(tmp_path, MEMORY, Condition())
    child.write(question("picture", NET) + b"\n")
    assert until(lambda: noted.exists() and noted.read_text().strip() != "")
    engine = int(noted.read_text())
    assert running(engine)
    assert child.process.stdin is not None
    child.process.stdin.close()
    assert until(lambda: not running(engine))
    child.end()


def until(happens: Callable[[], bool], seconds: float = 15) -> bool:
    """Whether it happens in time."""
    end = time.monotonic() + seconds
    while not happens() and time.monotonic() < end:
        time.sleep(0.02)
    return happens()
