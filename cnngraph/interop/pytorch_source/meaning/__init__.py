"""What each operator is in PyTorch, by families; `cnngraph.interop.pytorch_source.translate` joins their tables."""
