"""What classes are called."""

from __future__ import annotations

from collections.abc import Sequence


def class_name(names: Sequence[str], number: int) -> str:
    """The name of a class, or its number where nobody gave it a name.

    >>> class_name(("cat", "dog"), 1), class_name((), 7)
    ('dog', '7')
    """
    return names[number] if number < len(names) else str(number)
