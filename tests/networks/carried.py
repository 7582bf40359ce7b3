"""The networks that the package carries, each with a loss: its own, or one where training takes several steps."""

from __future__ import annotations

from cnngraph.net import Net, load, loads
from cnngraph.resources import resource

NAMES = [file.stem for file in sorted(resource("specs", "nets").glob("*.cnn"))]
LOSSES = {
    "dcgan": "bce(p_real, 1) + bce(p_fake, 0)",
    "gan_digits": "bce(p_real, 1) + bce(p_fake, 0)",
    "exercises": "mse(output, target)",
}


def carried(name: str, **settings: object) -> Net:
    path = resource("specs", "nets", f"{name}.cnn")
    if name not in LOSSES:
        return load(path, None, **settings)
    text, _, _ = path.read_text(encoding="utf-8").partition("\ntrain ")
    return loads(f"{text}\ntrain {{ loss: {LOSSES[name]} }}\n", None, **settings)
