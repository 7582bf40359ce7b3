"""Names in a model are UTF-8. Protobuf itself lets others pass, and every use of them would raise, here or there."""

from __future__ import annotations

from typing import Any

from onnx import ModelProto

from cnngraph.interop.onnx.reading.tensors import Refuse


def require_texts(model: ModelProto, refuse: Refuse) -> None:
    """Look at all texts of a model, none of whose parts lie too deep in one another."""
    waiting: list[Any] = [model]
    while waiting:
        message = waiting.pop()
        try:
            fields = message.ListFields()
            texts = [text for field, value in fields if field.type == field.TYPE_STRING for text in _each(value)]
        except UnicodeDecodeError as problem:
            raise refuse("a name in it is no text") from problem
        if not all(isinstance(text, str) for text in texts):
            raise refuse("a name in it is no text")
        waiting += [inner for field, value in fields if field.type == field.TYPE_MESSAGE for inner in _each(value)]


def _each(value: Any) -> Any:
    """The values of a field, which has one or a row of them."""
    return [value] if isinstance(value, str | bytes) or hasattr(value, "ListFields") else value
