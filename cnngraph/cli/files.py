"""The files that commands write, and how one that changes is shown."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from difflib import unified_diff
from pathlib import Path

import click


def must_be_writable(path: Path) -> None:
    """Refuse a file that could not be written, before the work whose result it is to hold. Leaves no trace."""
    if reason := _obstacle(path):
        raise click.ClickException(f"{path} cannot be written: {reason}")


def _obstacle(path: Path) -> str:
    """Why a file could not be written; empty where it can."""
    if path.is_dir():
        return "it is a folder"
    above = next(folder for folder in path.absolute().parents if folder.exists())
    if not above.is_dir() or not os.access(path if path.exists() else above, os.W_OK):
        return f"{above} is no folder that can be written to"
    return ""


def _must_be_free(path: Path) -> None:
    """As `must_be_writable`, for what is looked at. Raises E0603."""
    from cnngraph.diagnostics import error

    if reason := _obstacle(path):
        raise error("E0603", f"{path} cannot be written: {reason}")


def must_be_picture(path: Path | None) -> None:
    """Refuse a file that no sheet of images could be written to, before the work; None is no file. Raises E0603."""
    from cnngraph.render.sheet import format_of

    if path is not None:
        _must_be_free(path)
        format_of(path)


def must_be_drawing(path: Path | None, ending: str = "") -> None:
    """The same for a picture of a graph; `ending` is for a file without one. Raises E0603."""
    from cnngraph.render.dot import format_of

    if path is not None:
        _must_be_free(path)
        format_of(path if path.suffix or not ending else path.with_suffix(ending))


def must_be_page(path: Path | None) -> None:
    """The same for a page, which is HTML. Raises E0603."""
    from cnngraph.diagnostics import error

    if path is not None:
        _must_be_free(path)
        if path.suffix.lower() not in (".html", ".htm"):
            raise error("E0603", f"{path} does not end in .html: a page is HTML", f"-> {path.stem}.html")


def must_be_chart(path: Path | None) -> None:
    """The same for a chart, which also needs matplotlib. Raises E0603."""
    from cnngraph.render.chart import ending_of, require_matplotlib

    if path is not None:
        require_matplotlib()
        _must_be_free(path)
        ending_of(path)


def write(path: Path, content: str | bytes) -> None:
    """Write a file, and the folders that it needs; what the system refuses is the user's to know, not a traceback."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            path.write_text(content, encoding="utf-8")
        else:
            path.write_bytes(content)
    except OSError as failure:
        raise _refused(path, failure) from failure


def write_all(writers: Mapping[Path, Callable[[Path], None]]) -> list[Path]:
    """Write all these files, each by what writes it at a given path, or none of them."""
    drafts = {path: path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}") for path in writers}
    there: list[Path] = []
    try:
        for path, draft in drafts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            writers[path](draft)
        for path, draft in drafts.items():
            os.replace(draft, path)
            there.append(path)
    except OSError as failure:
        for path in there:
            path.unlink(missing_ok=True)
        raise _refused(next(path for path in drafts if path not in there), failure) from failure
    finally:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)
    return there


def rewrite(path: Path, text: str) -> None:
    """Put the text, with its line ends, in the place of a file that is there: all of it or nothing."""
    from cnngraph.reports.replace import replace_file

    try:
        replace_file(path, text.encode("utf-8"))
    except OSError as failure:
        raise _refused(path, failure) from failure


def _refused(path: Path, failure: OSError) -> click.ClickException:
    return click.ClickException(f"{path} cannot be written: {failure.strerror}")


def show_change(path: Path, old: str, new: str) -> None:
    """Print the lines of a file that would change, as `diff -u` does."""
    lines = unified_diff(old.splitlines(keepends=True), new.splitlines(keepends=True), str(path), str(path))
    click.echo("".join(line if line.endswith("\n") else f"{line}\n" for line in lines), nl=False)
