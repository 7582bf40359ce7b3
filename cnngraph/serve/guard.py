"""Who may ask what: every check of a request before anything is done for it.

- the `Host` is the address that the server was started for, so that no name of a stranger can be pointed at it;
- the `Origin` and `Sec-Fetch-Site` are those of the page itself, so that no other page can ask in its name;
- all but the empty page needs the token, which stands in the link after `#` and is never sent but in a header;
- methods, types and lengths are the few that the page uses.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from email.message import Message
from ipaddress import ip_address

from cnngraph.serve.lane import Refused
from cnngraph.syntax.read import MAX_BYTES

MAX_BODY = 4 * MAX_BYTES  # a text, and drafts of others, as JSON
LOOPBACK = ("127.0.0.1", "localhost", "::1")
TOKEN_HEADER = "X-Cnngraph-Token"


def is_loopback(host: str) -> bool:
    """Whether an address is seen by this machine alone.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0"), is_loopback("example.org")
    (True, True, False, False)
    """
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@dataclass(frozen=True)
class Guard:
    """Where the server listens, and the token of its link."""

    host: str
    port: int
    token: str

    def check_page(self, headers: Message) -> None:
        """The page itself, which holds nothing of anybody: only who is asked is looked at. Raises `Refused`."""
        self._check_host(headers.get("Host", ""))

    def check_question(self, headers: Message) -> int:
        """The length of the body of a question that may be answered. Raises `Refused`."""
        self.check_source(headers)
        given = headers.get(TOKEN_HEADER, "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, self.token.encode()):
            raise Refused(401, "open the link that `cnngraph serve` has printed: this one lacks its token")
        return self._length(headers)

    def check_source(self, headers: Message) -> None:
        """Whether it is the page itself that asks, with or without the token. Raises `Refused`."""
        host = headers.get("Host", "")
        self._check_host(host)
        if headers.get("Origin", f"http://{host}") != f"http://{host}":
            raise Refused(403, "the question comes from another page")
        if headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            raise Refused(403, "the question comes from another page")
        if headers.get("Content-Type", "").partition(";")[0].strip() != "application/json":
            raise Refused(415, "questions are JSON")

    def _length(self, headers: Message) -> int:
        length = headers.get("Content-Length", "")
        if "Transfer-Encoding" in headers or not (length.isascii() and length.isdigit() and len(length) < 12):
            raise Refused(411, "a question says its length")
        if int(length) > MAX_BODY:
            raise Refused(413, f"a question has at most {MAX_BODY:,} bytes")
        return int(length)

    def _check_host(self, host: str) -> None:
        if self.port == 80 and not host.endswith(":80"):
            host += ":80"  # browsers leave it out
        name, _, port = host.rpartition(":")
        name = name.removeprefix("[").removesuffix("]")
        if port != str(self.port) or not self._is_own(name):
            raise Refused(403, "this server has another name")

    def _is_own(self, name: str) -> bool:
        """On loopback its names; where more is open any address in numbers, which nobody can point elsewhere."""
        if is_loopback(self.host):
            return name in (*LOOPBACK, self.host)
        return name in (self.host, "localhost") or _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
