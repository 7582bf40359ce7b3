"""What a question may hold: a few keys, each of one type. Anything else is refused before somebody looks at it."""

from __future__ import annotations

import json
from typing import Any

from cnngraph.serve.lane import Refused

QUICK = ("check", "draw", "hover", "complete", "define", "format", "explain")
SLOW = ("divide", "picture", "page")
ABOUT_A_TEXT = tuple(what for what in (*QUICK, *SLOW) if what != "explain")
NEEDS = {
    **dict.fromkeys(ABOUT_A_TEXT, ("file", "text")),
    **dict.fromkeys(("hover", "complete", "define"), ("file", "text", "at")),
    "explain": ("code",),
    "files": (),
    "read": ("file",),
    "save": ("file", "text", "stamp"),
    "divide": ("file", "text", "devices", "batch", "objective"),
}
"""The questions, and the keys without which each cannot be answered."""

TYPES: dict[str, tuple[type, ...]] = {
    "ask": (str,), "client": (str,), "file": (dict,), "text": (str,), "drafts": (dict,), "net": (str,), "code": (str,),
    "at": (int,), "stamp": (str, type(None)), "lineEnd": (str,), "devices": (int,), "batch": (int,),
    "objective": (str,), "effort": (str,),
}  # fmt: skip


def read_question(body: bytes) -> dict[str, Any]:
    """The question in the body of a request. Raises `Refused` with 400.

    >>> read_question(b'{"ask": "files"}')
    {'ask': 'files'}
    """
    try:
        found = json.loads(body)
        body.decode("utf-8")
        json.dumps(found, ensure_ascii=False).encode("utf-8")  # no halves of letters
    except (ValueError, RecursionError):
        raise Refused(400, "the question is no JSON") from None
    if not (isinstance(found, dict) and _is_in_form(found)):
        raise Refused(400, "the question has another form")
    return found


def _is_in_form(question: dict[str, Any]) -> bool:
    if not isinstance(question.get("ask"), str) or question["ask"] not in NEEDS:
        return False
    file, drafts = question.get("file", {"place": "", "name": ""}), question.get("drafts", {})
    return (
        all(key in TYPES and isinstance(value, TYPES[key]) for key, value in question.items())
        and not any(isinstance(value, bool) for value in question.values())  # to Python these are numbers
        and all(key in question for key in NEEDS[question["ask"]])
        and set(file) == {"place", "name"}
        and all(isinstance(value, str) for value in (*file.values(), *drafts.values()))
    )
