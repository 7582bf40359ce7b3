"""A process that makes trials: jobs come as lines of JSON on its standard input, and answers go out the same way.

It is started as `python -m cnngraph.search.worker`, and ends with its input, or when nobody listens any more.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

from cnngraph.search.trial import Figures, Job, run_trial


def main() -> None:
    """Answer each job: a line for each epoch, then one for its outcome."""
    answers, sys.stdout = sys.stdout, sys.stderr  # what anything else prints is no answer

    def say(kind: str, content: object) -> None:
        answers.write(json.dumps({kind: content}) + "\n")
        answers.flush()

    def tell(figures: Figures) -> None:
        say("epoch", asdict(figures))

    for line in sys.stdin:
        say("outcome", asdict(run_trial(Job(**json.loads(line)), tell)))


if __name__ == "__main__":
    main()
