"""What other tools call our layers and their arguments, and how a call of theirs is written here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from cnngraph.diagnostics import Diagnostic, Suggestion
from cnngraph.elaborate import foreign_names as names
from cnngraph.syntax import ast

LEADING = ("features", "window")
"""Parameters of ours that come first, and are written without their names."""


def _by_word(table: Mapping[str, str]) -> dict[str, str]:
    """The value of each of the words that a key lists."""
    ends = ("", "1d", "2d", "3d")
    return {
        word.replace("*", end): value
        for words, value in table.items()
        for word in words.split()
        for end in (ends if "*" in word else ("",))
    }


LAYERS = _by_word({words: ours for ours, words in names.LAYERS.items()})
FORMS = _by_word(names.FORMS)
REMARKS = _by_word(names.REMARKS)
ORDERS = _by_word(names.ORDERS)


def plain(name: str) -> str:
    """A name without what writers differ in.

    >>> plain("Max_Pool2D")
    'maxpool2d'
    """
    return name.lower().replace("_", "")


def meant(name: str, known: Iterable[str]) -> tuple[str, str | None] | None:
    """What to say about a name of another tool, and our word for it where one word is all that it takes.

    >>> meant("LeakyReLU", ["relu", "leaky_relu"])
    ('did you mean `leaky_relu`?', 'leaky_relu')
    >>> meant("InnerProduct", ["dense"])
    ('cnngraph calls this layer `dense`', 'dense')
    """
    key = plain(name)
    words = {plain(word): word for word in known}
    if key in FORMS:
        return FORMS[key], None
    if key in words and not (name in ORDERS and key in LAYERS):
        return f"did you mean `{words[key]}`?", words[key]
    ours = LAYERS.get(key)
    return (f"cnngraph calls this layer `{ours}`", ours) if ours in words.values() else None


def parameter(name: str, known: Iterable[str]) -> str | None:
    """Our parameter for one of another tool, if the layer has it.

    >>> parameter("kernel_size", ["features", "window"])
    'window'
    """
    key = plain(name)
    return next((ours for ours in known if key == plain(ours) or key in names.PARAMETERS.get(ours, "").split()), None)


def remark(name: str) -> str | None:
    """What to say about an argument that has no counterpart here."""
    return REMARKS.get(plain(name))


def as_ours(found: Diagnostic, call: ast.Call) -> Diagnostic:
    """The finding about the unknown name of a call, with the whole call in our words where its order is known."""
    name = call.function.text if isinstance(call.function, ast.Name) else ""
    if name not in ORDERS or found.suggestion is None:
        return found
    order = ORDERS[name].split()
    orders = [order, order[1:]] if order[0] == "-" else [order]  # `Linear(10)` leaves out what a layer sees by itself
    texts = (translated(found.suggestion.replacement, order, call.arguments) for order in orders)
    text = next((text for text in texts if text is not None), None)
    if text is None:  # the name alone would leave arguments that mean something else here
        return replace(found, suggestion=replace(found.suggestion, safe=False))
    if text == found.suggestion.replacement + call.span.text.removeprefix(name):
        return found  # its name is all that changes
    return replace(found, helps=(f"cnngraph writes this layer `{text}`",), suggestion=Suggestion(call.span, text))


def translated(ours: str, order: list[str], arguments: tuple[ast.Argument, ...]) -> str | None:
    """A call in our words; None where an argument has no counterpart, or one that the layer needs is not given."""
    values: dict[str, str] = {}
    for place, argument in enumerate(arguments):
        name = _parameter_at(order, place, argument)
        if name is None or name in values:
            return None
        if name != "-":
            values[name] = value_text(argument.value.span.text, name)
    if "features" in order and not set(LEADING) & set(order) <= set(values):
        return None
    after = values.pop("activation", "")
    if not re.fullmatch(r'(["\']?)\w*\1', after):
        return None
    if values.get("pad") == "valid":
        del values["pad"]
    _join_stride(values)
    first = [values.pop(name) for name in LEADING if name in values]
    listed = ", ".join([*first, *(f"{name} = {value}" for name, value in values.items())])
    then = after.strip("\"'").lower()
    return (f"{ours}({listed})" if listed else ours) + (f" -> {then}" if then not in ("", "none") else "")


def _parameter_at(order: list[str], place: int, argument: ast.Argument) -> str | None:
    """The parameter of ours that an argument is, `-` for one that a layer here sees by itself."""
    if argument.name is None:
        return order[place] if place < len(order) else None
    key = plain(argument.name)
    if key in names.SEEN.split():
        return "-"
    return key if key == "activation" else parameter(key, [*order, "bias", "groups", "dilation"])


def _join_stride(values: dict[str, str]) -> None:
    """`7x7` with a stride of 2 is written `7x7/2`."""
    window = values.get("window", "")
    if window and re.fullmatch(r"\d+", values.get("stride", "")):
        values["window"] = f"{f'{window}x{window}' if window.isdigit() else window}/{values.pop('stride')}"


def value_text(text: str, ours: str) -> str:
    """A value of another tool as it is written here.

    >>> value_text("(3, 3)", "window"), value_text('"same"', "pad"), value_text("True", "bias")
    ('3x3', 'same', 'true')
    """
    numbers: list[str] = re.findall(r"\d+", text) if re.fullmatch(r"\((\s*\d+\s*,)*\s*\d*\s*\)", text) else []
    if ours == "window" and numbers:
        return "x".join(numbers)
    if ours == "stride" and len(set(numbers)) == 1:
        return numbers[0]
    if ours == "pad" and text.strip("\"'").lower() in ("same", "valid"):
        return text.strip("\"'").lower()
    return text.lower() if text in ("True", "False") else text
