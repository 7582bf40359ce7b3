"""The playground: a server for one person on one machine."""
