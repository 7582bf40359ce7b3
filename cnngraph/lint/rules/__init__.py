"""One lint a file, found by listing this folder: `find(subject)` yields its findings."""
