"""How all loops are compiled."""

from llvmlite import binding

OPTIONS = {"nogil": True, "cache": True, "error_model": "numpy", "fastmath": {"contract"}}
"""Other workers go on meanwhile; nothing is compiled twice; a division by zero is no error; a * b + c rounds once."""

INLINE = {**OPTIONS, "forceinline": True}
"""Of what is called for each position: a call, with all that is known of arrays, would cost more than its loop."""

# A loop over so many stretches of memory still becomes vector instructions, behind a check that none overlap.
binding.set_option("cnngraph", "--runtime-memory-check-threshold=128")
# Channels are few: a loop should not need four registers full of them before it becomes vector instructions.
binding.set_option("cnngraph", "--force-vector-interleave=1")
