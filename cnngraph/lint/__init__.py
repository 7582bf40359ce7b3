"""Warnings: what a file may do and its author may not have meant. One lint, one file in `rules`."""
