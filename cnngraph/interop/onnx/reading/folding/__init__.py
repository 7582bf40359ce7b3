"""Rules that make a foreign graph, or what was read of it, simpler; found by listing the folder, run by `PLACE`."""
