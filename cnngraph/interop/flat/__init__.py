"""A graph as a flat file of the language: one line for each operator, no sugar."""
