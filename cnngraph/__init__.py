"""cnngraph: convolutional networks as tables."""
