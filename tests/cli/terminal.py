"""What a command prints and how it ends, and the small network that the tests of the command line share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cnngraph.resources import resource

NETS = resource("specs", "nets")
TINY = """cnn 1
net tiny(image: 1@8x8, classes = 10) {
  conv(4, 3x3, same) -> relu -> maxpool(2x2) -> flatten
  class: dense(classes) -> softmax
}

train tiny {
  data:      digits(batch = 50, limit = 200)
  loss:      cross_entropy(class, label)
  optimizer: sgd(lr = 0.1, momentum = 0.9)
  epochs:    1
  seed:      7
}
"""


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def codes(self) -> list[str]:
        """The codes of all errors that were printed."""
        return [line[6:11] for line in self.err.splitlines() if line.startswith("error[")]

    def done(self, *words: str) -> Outcome:
        """Exit status 0, and an output with these words."""
        assert self.code == 0, self
        for word in words:
            assert word in self.out, self.out
        return self

    def refused(self, *words: str, code: int = 1) -> Outcome:
        """That exit status, and a message with these words. (A traceback would not come this far.)"""
        assert self.code == code, self
        for word in words:
            assert word in self.err, self.err
        return self


Run = Callable[..., Outcome]
Written = Callable[[], set[str]]
