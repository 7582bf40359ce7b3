"""The first prediction of a cold process, with cnngraph: python with_cnngraph.py FOLDER THREADS."""

import sys
import time
from pathlib import Path

import numpy as np

import cnngraph

folder = Path(sys.argv[1])
net = cnngraph.load(folder / "lenet5.cnn")
net.states = dict(np.load(folder / "ours.npz"))
prediction = net(np.load(folder / "image.npy"))
print(time.monotonic())
np.save(folder / "prediction.npy", prediction)
