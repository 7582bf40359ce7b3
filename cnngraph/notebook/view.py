"""A net to look around in: the explorer, as a frame in a notebook or as a file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from cnngraph.diagnostics import error
from cnngraph.net import Net
from cnngraph.pages.explorer.page import explorer
from cnngraph.pages.explorer.subject import subject_of
from cnngraph.pages.markup import element
from cnngraph.partition.partition import Partition
from cnngraph.partition.profile import Profile


@dataclass(frozen=True, eq=False)
class View:
    """A page in a frame of its own, which sees nothing of the notebook around it."""

    name: str
    page: str = field(repr=False)
    height: int = 640

    def write(self, path: str | Path) -> Path:
        """Keep the page as a file. Raises E0603 where it cannot be written."""
        path = Path(path)
        try:
            path.write_text(self.page, encoding="utf-8")
        except OSError as cause:
            raise error("E0603", f"the page cannot be written to {path}: {cause.strerror}") from None
        return path

    def _repr_html_(self) -> str:
        look = f"width:100%;height:{self.height}px;border:1px solid rgba(128,128,128,.5);border-radius:6px"
        allowed = "allow-scripts allow-downloads allow-popups"
        return element("iframe", srcdoc=self.page, sandbox=allowed, title=f"The explorer of {self.name}", style=look)


def view(
    net: Net,
    gradient: bool = False,
    partition: Partition | None = None,
    profile: Profile | None = None,
    height: int = 640,
) -> View:
    """The explorer of a net, or with `gradient` of its training step; coloured by the devices of a partition and the
    seconds of a profile, if they are given. In a notebook it is a frame, `height` pixels high; `write` keeps it.

    >>> from cnngraph.net import loads
    >>> view(loads("net tiny(image: 1@8x8) = conv(4, 3x3) -> relu"))
    View(name='tiny', height=640)
    """
    subject = subject_of(net, gradient)
    if partition is not None:
        subject = subject.with_devices(partition.device_of)
    if profile is not None:
        subject = subject.with_seconds(profile)
    return View(net.name, explorer(subject), height)
