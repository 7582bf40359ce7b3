"""Data that seeded code draws: one set, one file, found by listing this folder."""
