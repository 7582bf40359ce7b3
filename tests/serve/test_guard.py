"""Who may ask: hosts, origins, tokens, methods, types, lengths, headers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from serve.playing import PAGE, Reply, ask, headers_of, playing, raw, refusal, send

from cnngraph.serve.guard import MAX_BODY, TOKEN_HEADER, Guard
from cnngraph.serve.lane import Refused
from cnngraph.serve.server import Playground

FILES = json.dumps({"ask": "files"}).encode()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    with playing(tmp_path_factory.mktemp("nets")) as server:
        yield server


def question(server: Playground, **headers: str | None) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return send(server, "POST", "/ask", FILES, named)


def test_the_page_needs_no_token_and_holds_none(server: Playground) -> None:
    reply = send(server, "GET", "/", headers={TOKEN_HEADER: None, "Origin": None})
    assert reply.status == 200
    assert reply.body.decode() == PAGE
    assert server.guard.token not in reply.body.decode()


def test_what_browsers_are_told(server: Playground) -> None:
    for reply in (send(server, "GET", "/"), question(server), question(server, Origin="http://evil.example")):
        assert "frame-ancestors 'none'" in reply.headers["Content-Security-Policy"]
        assert ("default-src 'none'" in reply.headers["Content-Security-Policy"]) == (reply.body.decode() != PAGE)
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert reply.headers["Cache-Control"] == "no-store"
        assert reply.headers["Referrer-Policy"] == "no-referrer"
        assert reply.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert not [name for name in reply.headers if name.lower().startswith("access-control")]
        assert "Python" not in reply.headers["Server"]


def test_the_own_page_is_answered(server: Playground) -> None:
    assert ask(server, "files")["names"]["folder"] == []
    assert question(server, Origin=None, Sec_Fetch_Site=None).status == 200  # no browser


OTHERS = ("evil.example", "evil.example:{}", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example:{}", "",
          "127.0.0.1:{}.evil.example", "user@127.0.0.1:{}", "0.0.0.0:{}", "192.168.1.2:{}", None)  # fmt: skip


@pytest.mark.parametrize("host", OTHERS)
def test_other_names_of_the_server_are_refused(server: Playground, host: str | None) -> None:
    """A name of a stranger that is pointed at this machine (DNS rebinding) gets neither answers nor the page."""
    name = None if host is None else host.format(server.guard.port)
    assert question(server, Host=name).status == 403
    assert send(server, "GET", "/", headers={"Host": name}).status == 403


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_own_names(server: Playground, host: str) -> None:
    name = f"{host}:{server.guard.port}"
    assert question(server, Host=name, Origin=f"http://{name}").status == 200


ORIGINS = ("http://evil.example", "null", "http://127.0.0.1", "https://127.0.0.1:{}", "http://localhost:{}", "")


@pytest.mark.parametrize("origin", ORIGINS)
def test_other_pages_are_refused(server: Playground, origin: str) -> None:
    assert question(server, Origin=origin.format(server.guard.port)).status == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", ""])
def test_fetches_of_other_sites_are_refused(server: Playground, site: str) -> None:
    assert question(server, Sec_Fetch_Site=site, Origin=None).status == 403


@pytest.mark.parametrize("token", [None, "", "x", "é", "\xff"])
def test_without_the_token_nothing_is_answered(server: Playground, token: str | None) -> None:
    reply = question(server, **{TOKEN_HEADER: token})
    assert reply.status == 401
    assert "names" not in reply.body.decode()


def test_tokens_differ_and_stand_behind_the_sharp(server: Playground, tmp_path: Path) -> None:
    assert server.link == f"http://127.0.0.1:{server.guard.port}/#token={server.guard.token}"
    assert len(server.guard.token) >= 32
    with Playground(tmp_path, "127.0.0.1", 0, PAGE) as other:
        assert other.guard.token != server.guard.token


FORM_TYPES = (None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonp")


@pytest.mark.parametrize("kind", FORM_TYPES)
def test_forms_of_other_pages_have_other_types(server: Playground, kind: str | None) -> None:
    assert question(server, Content_Type=kind).status == 415


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE", "CONNECT", "FOO"])
def test_methods(server: Playground, method: str) -> None:
    assert send(server, method, "/ask", FILES).status == 501


PATHS = ("/ask", "/a.cnn", "/../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd", "/.git/config",
         "http://evil.example/", "*", "/\\..\\a")  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_there_is_nothing_but_the_page(server: Playground, path: str) -> None:
    assert send(server, "GET", path).status == 404
    if path != "/ask":
        assert send(server, "POST", path, FILES).status == 404


@pytest.mark.parametrize("length", [None, "-1", "x", "1e3", "+5", " ", "٣", "9" * 30])
def test_lengths(server: Playground, length: str | None) -> None:
    encoded = None if length is None else length.encode().decode("latin-1")
    assert question(server, Content_Length=encoded).status == 411


def test_long_bodies_are_refused_unread(server: Playground) -> None:
    assert question(server, Content_Length=str(MAX_BODY + 1)).status == 413
    assert question(server, Transfer_Encoding="chunked").status == 411


BODIES = (b"", b"{", b"\xff", b"[]", b"3", b"null", b'"files"', b"[" * 200_000, b'{"a":' * 100_000)


@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:8]))
def test_bodies_that_are_no_questions(server: Playground, body: bytes) -> None:
    reply = send(server, "POST", "/ask", body)
    assert reply.status == 400
    assert "Traceback" not in reply.body.decode()


FORMS: list[dict[str, object]] = [
    {}, {"ask": "nothing"}, {"ask": None}, {"ask": ["files"]}, {"ask": "read"}, {"ask": "read", "file": "a.cnn"},
    {"ask": "read", "file": {"place": ["x"], "name": 3}}, {"ask": "read", "file": {"place": "folder"}},
    {"ask": "check", "file": {}, "text": 3}, {"ask": "check", "file": {"place": "folder", "name": "a.cnn"}},
    {"ask": "save", "file": {"place": "folder", "name": "a.cnn"}, "text": "\ud800", "stamp": None},
    {"ask": "divide", "file": {"place": "folder", "name": "a.cnn"}, "text": "", "devices": True, "batch": 1,
     "objective": "latency"},
    {"ask": "files", "drafts": []}, {"ask": "files", "drafts": {"a.cnn": 3}}, {"ask": "files", "more": 1},
    {"ask": "hover", "file": {"place": "folder", "name": "a.cnn"}, "text": "", "at": "1"},
]  # fmt: skip


@pytest.mark.parametrize("given", FORMS, ids=str)
def test_questions_of_another_form(server: Playground, given: dict[str, object]) -> None:
    assert send(server, "POST", "/ask", json.dumps(given).encode()).status == 400


@pytest.mark.parametrize("what", ["read", "save"])
@pytest.mark.parametrize("file", ["folder ../a.cnn", "std ../a.cnn", "else a.cnn", "examples /a.cnn"])
def test_files_outside_are_refused(server: Playground, what: str, file: str) -> None:
    place, name = file.split()
    more = {"text": "", "stamp": None} if what == "save" else {}
    status, reason = refusal(server, what, file={"place": place, "name": name}, **more)
    assert status == 422
    assert "no name of a .cnn file" in reason or "no such place" in reason


def test_lines_and_headers_have_a_limit(server: Playground) -> None:
    host = f"Host: 127.0.0.1:{server.guard.port}\r\n".encode()
    assert b" 414 " in raw(server, b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n")
    assert b" 431 " in raw(server, b"GET / HTTP/1.1\r\n" + host + b"A: " + b"a" * 70_000 + b"\r\n\r\n")
    assert b" 431 " in raw(server, b"GET / HTTP/1.1\r\n" + host + b"A: b\r\n" * 200 + b"\r\n")
    many = b"".join(b"A%d: %s\r\n" % (i, b"x" * 900) for i in range(50))
    assert b" 431 " in raw(server, b"GET / HTTP/1.1\r\n" + host + many + b"\r\n")


@pytest.mark.parametrize("line", [b"nonsense", b"GET / HTTP/9.9", b"\x16\x03\x01", b"GET", b"GET / HTTP/1.1"])
def test_what_is_no_request(server: Playground, line: bytes) -> None:
    reply = raw(server, line + b"\r\n\r\n")
    assert b"Traceback" not in reply
    assert PAGE.encode() not in reply
    assert question(server).status == 200


def test_a_second_host_or_token_does_not_help(server: Playground) -> None:
    own = headers_of(server)
    lines = [f"{name}: {value}" for name, value in {**own, "Host": "evil.example"}.items()]
    text = "\r\n".join(["POST /ask HTTP/1.1", *lines, f"Host: {own['Host']}", f"Content-Length: {len(FILES)}", "", ""])
    assert b" 403 " in raw(server, text.encode() + FILES)


def test_a_ticket_is_good_for_once(server: Playground) -> None:
    ticket = server.link_for_once().partition("#ticket=")[2]
    assert send(server, "POST", "/ask", FILES, {TOKEN_HEADER: ticket}).status == 401
    for foreign in ({"Origin": "http://evil.example"}, {"Host": "evil.example"}, {"Content-Type": "text/plain"}):
        assert send(server, "POST", "/enter", headers={TOKEN_HEADER: ticket, **foreign}).status in (403, 415)
    first = send(server, "POST", "/enter", headers={TOKEN_HEADER: ticket})
    assert (first.status, first.json) == (200, {"token": server.guard.token})
    for again in (ticket, "", server.guard.token):
        assert send(server, "POST", "/enter", headers={TOKEN_HEADER: again}).status == 401


@pytest.mark.parametrize(
    ("host", "name", "is_own"),
    [("0.0.0.0", "192.168.1.2", True), ("0.0.0.0", "evil.example", False), ("0.0.0.0", "localhost", True),
     ("10.0.0.1", "10.0.0.1", True), ("box.lan", "box.lan", True), ("box.lan", "evil.example", False),
     ("::1", "::1", True), ("::1", "evil.example", False), ("127.0.0.5", "127.0.0.5", True),
     ("127.0.0.1", "10.0.0.1", False)],
)  # fmt: skip
def test_names_of_servers_that_others_see(host: str, name: str, is_own: bool) -> None:
    """Where more than this machine is let in, addresses in numbers are own ones: nobody can point them elsewhere."""
    from email.message import Message

    headers = Message()
    headers["Host"] = f"[{name}]:80" if ":" in name else f"{name}:80"
    guard = Guard(host, 80, "token")
    if is_own:
        guard.check_page(headers)
    else:
        with pytest.raises(Refused):
            guard.check_page(headers)


def test_the_log_has_no_token(server: Playground, capfd: pytest.CaptureFixture[str]) -> None:
    question(server)
    send(server, "GET", f"/?token={server.guard.token}")
    send(server, "GET", f"/{server.guard.token}")
    question(server, Origin=f"http://evil.example/{server.guard.token}")
    raw(server, f"GET /{server.guard.token} HTTP/9\r\n\r\n".encode())
    told = capfd.readouterr()
    assert "refused (403)" in told.err
    assert server.guard.token not in told.err + told.out


