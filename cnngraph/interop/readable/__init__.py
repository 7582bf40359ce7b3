"""A graph as a readable file of the language, as a person would have written it."""
