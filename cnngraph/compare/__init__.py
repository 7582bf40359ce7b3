"""Two graphs compared: which of their nodes are the same, and what differs."""
