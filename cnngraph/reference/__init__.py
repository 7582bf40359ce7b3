"""The reference of the operators, made from their classes: docstrings, fields, windows, samples."""
