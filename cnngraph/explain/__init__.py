"""A page for each code: what it means, why it matters, a wrong file, a right one, and how to mend it."""
