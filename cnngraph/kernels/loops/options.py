"""How all loops are compiled."""

from llvmlite import binding

OPTIONS = {"nogil": True, "cache": True, "error_model": "numpy", "fastmath": {"contract"}}
"""Other workers go on meanwhile; nothing is compiled twice; a division by zero is no error; a * b + c rounds once."""

# A loop over so many stretches of memory still becomes vector instructions, behind a check that none overlap.
binding.set_option("cnngraph", "--runtime-memory-check-threshold=128")
