"""The meanings of operators of ONNX: each module has a table `MEANINGS`, found by listing the folder."""
