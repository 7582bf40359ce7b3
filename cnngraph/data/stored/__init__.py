"""Data that lies somewhere: one source, one file, found by listing this folder; a file is named as the call."""
