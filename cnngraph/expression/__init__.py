"""One expression of the language, worked out: shapes, formulas with their numbers, parameters."""
