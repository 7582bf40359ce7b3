"""ONNX in and out. This folder alone imports `onnx`, lazily: it is an extra."""
