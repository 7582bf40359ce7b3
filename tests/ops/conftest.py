"""Modules that import an oracle are no tests themselves: those that use them ask for it first, and say so."""

collect_ignore = ["agreement.py", "written.py", "windowed_pairs.py"]
