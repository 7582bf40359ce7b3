"""Modules and functions that PyTorch does not have, written into the file where it needs them."""

from __future__ import annotations

import re
from collections.abc import Mapping

LAYER_NORM = '''
class LayerNorm2d(nn.LayerNorm):
    """Layer norm over the channels of an image, at each position: (N, C, H, W) -> (N, C, H, W)."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
'''

LAYER_SCALE = '''
class LayerScale(nn.Module):
    """A learned factor for each channel: (N, ..., C) -> (N, ..., C)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((channels,), 1e-6))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight
'''

LEARNED_POSITIONS = '''
class LearnedPositions(nn.Module):
    """Adds a learned value at each position: (N, *size) -> (N, *size)."""

    def __init__(self, *size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(0.02 * torch.randn(*size))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.weight
'''

SINUSOIDAL_POSITIONS = '''
class SinusoidalPositions(nn.Module):
    """Adds waves that tell each position: (N, T, C) -> (N, T, C).

    Vaswani et al.: "Attention is all you need", section 3.5.
    """

    def forward(self, x: Tensor) -> Tensor:
        length, channels = x.shape[1:]
        position = torch.arange(length, dtype=torch.float64, device=x.device)
        channel = torch.arange(0, channels, 2, dtype=torch.float64, device=x.device)
        angles = position[:, None] * 10_000.0 ** (-channel / channels)
        waves = torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)[:, :channels]
        return x + waves.to(x.dtype)
'''

CLASS_TOKEN = '''
class ClassToken(nn.Module):
    """Puts a learned vector before a sequence: (N, T, features) -> (N, T + 1, features)."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(features))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.weight.expand(len(x), 1, -1), x], dim=1)
'''

LEARNED_VALUE = '''
class LearnedValue(nn.Module):
    """A learned value, the same for every sample: (N, ...) -> (N, *size)."""

    def __init__(self, *size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(*size))

    def forward(self, x: Tensor) -> Tensor:
        return self.weight.expand(len(x), *self.weight.shape)
'''

CAUSAL = '''
def causal(scores: Tensor) -> Tensor:
    """Scores (..., T, T) without those of later positions, which softmax then makes 0."""
    later = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).triu(1)
    return scores.masked_fill(later, -1e9)
'''

TIME_EMBEDDING = '''
class TimeEmbedding(nn.Module):
    """Waves that tell a whole number: ids (N, ...) -> (N, ..., features)."""

    def __init__(self, features: int, period: float = 10_000.0) -> None:
        super().__init__()
        self.features, self.period = features, period

    def forward(self, time: Tensor) -> Tensor:
        half = self.features // 2
        exponents = torch.arange(half, dtype=torch.float64, device=time.device) / half
        angles = time[..., None] / self.period**exponents
        return torch.cat([angles.sin(), angles.cos()], dim=-1).to(torch.get_default_dtype())
'''

DIFFUSION = '''
class Diffusion(nn.Module):
    """A value after `time + 1` small steps towards noise.

    Ho, Jain, Abbeel: "Denoising diffusion probabilistic models", equation 4.
    """

    def __init__(self, steps: int, first: float = 1e-4, last: float = 0.02) -> None:
        super().__init__()
        kept = (1 - torch.linspace(first, last, steps, dtype=torch.float64)).cumprod(0)
        dtype = torch.get_default_dtype()
        self.register_buffer("signal", kept.sqrt().to(dtype), persistent=False)
        self.register_buffer("blur", (1 - kept).sqrt().to(dtype), persistent=False)

    def forward(self, x: Tensor, noise: Tensor, time: Tensor) -> Tensor:
        shape = (-1, *[1] * (x.ndim - 1))
        return self.signal[time].reshape(shape) * x + self.blur[time].reshape(shape) * noise
'''

GRADIENT_REVERSAL = '''
class GradientReversal(nn.Module):
    """The same value, whose gradient comes back with the opposite sign, times `weight`."""

    def __init__(self, weight: float = 1.0) -> None:
        super().__init__()
        self.weight = weight

    def forward(self, x: Tensor) -> Tensor:
        return (1 + self.weight) * x.detach() - self.weight * x
'''

SCAN = '''
class Scan(nn.Module):
    """Runs a cell along a sequence: (N, T, C) -> (N, T, sum(sizes)), its states side by side.

    The states are zeros at first, unless they are given.
    """

    def __init__(self, cell: nn.Module, sizes: tuple[int, ...], reverse: bool = False) -> None:
        super().__init__()
        self.cell, self.sizes, self.reverse = cell, sizes, reverse

    def forward(self, x: Tensor, *states: Tensor) -> Tensor:
        if not states:
            dtype = torch.get_default_dtype()
            shapes = [(len(x), size) for size in self.sizes]
            states = tuple(torch.zeros(shape, dtype=dtype, device=x.device) for shape in shapes)
        outputs = []
        for position in x.unbind(1)[::-1] if self.reverse else x.unbind(1):
            result = self.cell(position, *states)
            states = (result,) if isinstance(result, Tensor) else result
            outputs.append(torch.cat(states, dim=-1))
        return torch.stack(outputs[::-1] if self.reverse else outputs, dim=1)
'''

SUPPORT: Mapping[str, str] = {
    "LayerNorm2d": LAYER_NORM,
    "LayerScale": LAYER_SCALE,
    "LearnedPositions": LEARNED_POSITIONS,
    "SinusoidalPositions": SINUSOIDAL_POSITIONS,
    "ClassToken": CLASS_TOKEN,
    "LearnedValue": LEARNED_VALUE,
    "causal": CAUSAL,
    "TimeEmbedding": TIME_EMBEDDING,
    "Diffusion": DIFFUSION,
    "GradientReversal": GRADIENT_REVERSAL,
    "Scan": SCAN,
}


def support_for(text: str) -> list[str]:
    """The texts of what `text` uses."""
    return [source.strip("\n") for name, source in SUPPORT.items() if re.search(rf"(?<![\w.]){name}\(", text)]
