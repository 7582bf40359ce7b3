"""The same recipe in cnngraph and in PyTorch: what both reach on the test part, and how long their steps take."""
