"""Ways of operators into ONNX, one file for each family: a table `WAYS` by the names of the operators."""
