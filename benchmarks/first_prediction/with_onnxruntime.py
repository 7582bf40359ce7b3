"""The first prediction of a cold process, with ONNX Runtime: python with_onnxruntime.py FOLDER THREADS."""

import sys
import time
from pathlib import Path

import numpy as np
import onnxruntime

folder = Path(sys.argv[1])
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = int(sys.argv[2])
session = onnxruntime.InferenceSession(folder / "lenet5.onnx", options)
image = np.moveaxis(np.load(folder / "image.npy"), -1, 1)
(prediction,) = session.run(None, {"image": image})
print(time.monotonic())
np.save(folder / "prediction.npy", prediction)
