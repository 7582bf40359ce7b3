"""The steps that `chain` knows, as numbers: those that stand alone, those with vectors, those with another array."""

PIECE = 1024
"""Numbers of a piece: it stays in the first-level cache with all vectors that meet it."""

CLAMP, SCALE, LEAKY, HARD_SWISH = 0, 1, 2, 3
TIMES_VECTOR, AFFINE, PLANE = 10, 11, 12
ADD, MULTIPLY, IF_NOT_ZERO, IF_BETWEEN, LEAKY_SLOPE = 20, 21, 22, 23, 24
