"""Loops that numba compiles: the only modules that import it. `cnngraph.kernels.compiled` is the door to them.

Every array is flat and contiguous, a stretch of memory; where its rows begin is told by numbers beside it. So the
innermost loops go over numbers side by side, which become vector instructions.
"""
