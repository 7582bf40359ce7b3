"""What editors and notebooks need: findings, hints and names at a position, highlighting, a cell magic."""
