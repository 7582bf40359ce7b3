"""The first prediction of a cold process, with PyTorch: python with_torch.py FOLDER THREADS."""

import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

folder = Path(sys.argv[1])
torch.set_num_threads(int(sys.argv[2]))
net = nn.Sequential(
    nn.Conv2d(1, 6, 5), nn.Tanh(), nn.AvgPool2d(2),
    nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2),
    nn.Conv2d(16, 120, 5), nn.Tanh(), nn.Flatten(),
    nn.Linear(120, 84), nn.Tanh(),
    nn.Linear(84, 10), nn.Softmax(1),
)  # fmt: skip
net.load_state_dict({name: torch.from_numpy(value) for name, value in np.load(folder / "theirs.npz").items()})
with torch.inference_mode():
    prediction = net(torch.from_numpy(np.moveaxis(np.load(folder / "image.npy"), -1, 1))).numpy()
print(time.monotonic())
np.save(folder / "prediction.npy", prediction)
