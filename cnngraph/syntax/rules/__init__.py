"""What to say about a token that does not fit: one function for each kind of mistake, in files by what they look at."""
