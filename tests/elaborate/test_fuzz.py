"""Wrong files by the thousand: each ends in a value or in findings, soon and in little memory, never otherwise.

`pytest -m sweep -s tests/elaborate/test_fuzz.py` runs 100,000 of them and prints what they cost.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from elaborate import fuzzing
from elaborate.fuzzing import MAX_BYTES, Figures, sweep

TESTS = Path(__file__).parents[1]
SWEEPS, FILES_EACH = 20, 5_000


def test_a_few_wrong_files() -> None:
    assert sweep(seed=1, count=80).failures == []


@pytest.mark.sweep
@pytest.mark.parametrize("seed", range(SWEEPS))
def test_many_wrong_files(seed: int) -> None:
    figures = _in_a_process_of_its_own(100 + seed, FILES_EACH)
    print(
        f"\n{figures.files:,} files in {figures.seconds:,.0f} s, {figures.right:,} right, {figures.findings:,} findings"
        f"; the slowest {figures.slowest_seconds:.2f} s; peak {figures.peak_bytes / 2**20:.0f} MiB"
    )
    assert figures.failures == []
    assert figures.peak_bytes < MAX_BYTES


def _in_a_process_of_its_own(seed: int, count: int) -> Figures:
    paths = os.pathsep.join([str(TESTS.parent), str(TESTS)])
    command = [sys.executable, fuzzing.__file__, str(seed), str(count)]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True, check=True)
    return Figures(**json.loads(done.stdout))
