"""Networks along sequences: recurrent ones, and those that attend."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Recurrent(nn.Module):
    """Ids to classes: by the last position, or by the last state."""

    def __init__(self, cell: type[nn.RNNBase], by_state: bool = False, **fields: object) -> None:
        super().__init__()
        self.words = nn.Embedding(19, 5)
        self.cell = cell(5, 6, batch_first=True, **fields)  # type: ignore[arg-type]
        self.by_state, ways = by_state, 2 if fields.get("bidirectional") else 1
        self.kind = nn.Linear(6 * ways, 3)

    def forward(self, text: Tensor) -> Tensor:
        y, state = self.cell(self.words(text))
        if not self.by_state:
            return self.kind(y[:, -1])
        last = state[0] if isinstance(state, tuple) else state
        ways = [last[-2], last[-1]] if self.cell.bidirectional else [last[-1]]
        return self.kind(torch.cat(ways, dim=1))


class CharRNN(nn.Module):
    """A guess at every position, of numbers that come in time first."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn, self.out = nn.RNN(4, 6, nonlinearity="relu"), nn.Linear(6, 9)

    def forward(self, x: Tensor) -> Tensor:
        y, _ = self.rnn(x)
        return F.log_softmax(self.out(y), dim=-1)


class Seq2Seq(nn.Module):
    """The last state of one is the first state of the other."""

    def __init__(self) -> None:
        super().__init__()
        self.source, self.target = nn.Embedding(13, 4), nn.Embedding(11, 5)
        self.encoder, self.decoder = nn.LSTM(4, 6, batch_first=True), nn.LSTM(5, 6, batch_first=True)
        self.out = nn.Linear(6, 11)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        _, state = self.encoder(self.source(source))
        y, _ = self.decoder(self.target(target), state)
        return self.out(y)


class BothWays(nn.Module):
    """Two layers of one direction: one of them reads the sequence turned round, as people did it by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = nn.LSTM(4, 3, batch_first=True), nn.GRU(4, 5, batch_first=True)
        self.out = nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Tensor:
        left, _ = self.left(x)
        right, _ = self.right(x.flip(1))
        return self.out(torch.cat([left, right.flip(1)], dim=-1))


class ByHand(nn.Module):
    """Self-attention as people write it: one linear map for q, k and v, heads by view and transpose."""

    def __init__(self, d: int = 12, heads: int = 3, masked: bool = False, builtin: bool = False) -> None:
        super().__init__()
        self.qkv, self.out = nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.heads, self.masked, self.builtin = heads, masked, builtin

    def forward(self, x: Tensor) -> Tensor:
        b, t, d = x.shape
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        q, k, v = (y.view(b, t, self.heads, d // self.heads).transpose(1, 2) for y in (q, k, v))
        if self.builtin:
            y = F.scaled_dot_product_attention(q, k, v, is_causal=self.masked)
        else:
            scores = q @ k.transpose(-2, -1) / math.sqrt(d // self.heads)
            if self.masked:
                scores = scores.masked_fill(torch.tril(torch.ones(t, t)) == 0, float("-inf"))
            y = scores.softmax(dim=-1) @ v
        return self.out(y.transpose(1, 2).reshape(b, t, d))


class FusedHeads(nn.Module):
    """As vision transformers have it: (b, t, 3, heads, d) permuted, and its parts taken by index."""

    def __init__(self, d: int = 12, heads: int = 3) -> None:
        super().__init__()
        self.qkv, self.out, self.heads = nn.Linear(d, 3 * d, bias=False), nn.Linear(d, d), heads

    def forward(self, x: Tensor) -> Tensor:
        b, t, d = x.shape
        qkv = self.qkv(x).reshape(b, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        q, k, v = qkv[0], qkv[1], qkv[2]
        weights = ((q * (d // self.heads) ** -0.5) @ k.transpose(-2, -1)).softmax(dim=-1)
        return self.out((weights @ v).transpose(1, 2).reshape(b, t, d))


class Builtin(nn.Module):
    """nn.MultiheadAttention, of a sequence with itself."""

    def __init__(self, d: int = 12, heads: int = 3) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(d, heads, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.attention(x, x, x, need_weights=False)[0]


class EncoderLayer(nn.Module):
    def __init__(self, attention: nn.Module, d: int = 12) -> None:
        super().__init__()
        self.norm1, self.attention, self.norm2 = nn.LayerNorm(d, eps=1e-6), attention, nn.LayerNorm(d, eps=1e-6)
        self.mlp = nn.Sequential(nn.Linear(d, 20), nn.GELU(), nn.Dropout(0.1), nn.Linear(20, d))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class DecoderLayer(nn.Module):
    """Attention to what came before, then to another sequence."""

    def __init__(self, d: int = 12, heads: int = 3) -> None:
        super().__init__()
        self.own, self.other = ByHand(d, heads, masked=True), nn.MultiheadAttention(d, heads, batch_first=True)
        self.norms = nn.ModuleList(nn.LayerNorm(d) for _ in range(3))
        self.mlp = nn.Sequential(nn.Linear(d, 20), nn.ReLU(), nn.Linear(20, d))

    def forward(self, x: Tensor, memory: Tensor) -> Tensor:
        x = self.norms[0](x + self.own(x))
        x = self.norms[1](x + self.other(x, memory, memory, need_weights=False)[0])
        return self.norms[2](x + self.mlp(x))


class Mixer(nn.Module):
    """MLP-Mixer: one perceptron over the positions, one over the features."""

    def __init__(self, d: int = 6, positions: int = 12) -> None:
        super().__init__()
        self.patches, self.norm1, self.norm2 = nn.Conv2d(3, d, 2, 2), nn.LayerNorm(d), nn.LayerNorm(d)
        self.tokens = nn.Sequential(nn.Linear(positions, 8), nn.GELU(approximate="tanh"), nn.Linear(8, positions))
        self.channels = nn.Sequential(nn.Linear(d, 9), nn.GELU(), nn.Linear(9, d))
        self.head = nn.Linear(d, 4)

    def forward(self, image: Tensor) -> Tensor:
        x = self.patches(image).flatten(2).transpose(1, 2)
        x = x + self.tokens(self.norm1(x).transpose(1, 2)).transpose(1, 2)
        x = x + self.channels(self.norm2(x))
        return self.head(x.mean(dim=1))


class RootNorm(nn.Module):
    """The feed-forward part of newer language models: a norm without a mean, a gate, one table of rotations less."""

    def __init__(self, d: int = 10) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.rand(d))
        self.gate, self.up, self.down = (nn.Linear(a, b, bias=False) for a, b in ((d, 14), (d, 14), (14, d)))

    def forward(self, x: Tensor) -> Tensor:
        y = x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * self.weight
        return x + self.down(F.silu(self.gate(y)) * self.up(y))


class VisionTransformer(nn.Module):
    def __init__(self, *attentions: nn.Module, d: int = 12) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, d, 4, 4)
        self.token, self.places = nn.Parameter(torch.randn(1, 1, d)), nn.Parameter(torch.randn(1, 17, d))
        self.layers = nn.Sequential(*(EncoderLayer(attention) for attention in attentions))
        self.norm, self.head = nn.LayerNorm(d), nn.Linear(d, 5)

    def forward(self, image: Tensor) -> Tensor:
        x = self.patches(image).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], dim=1) + self.places
        return self.head(self.norm(self.layers(x))[:, 0])


class LanguageModel(nn.Module):
    """Words and places from tables, attention to what came before."""

    def __init__(self, attention: nn.Module, d: int = 12) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(31, d), nn.Embedding(9, d)
        self.layer, self.out = EncoderLayer(attention), nn.Linear(d, 31, bias=False)

    def forward(self, text: Tensor) -> Tensor:
        x = self.words(text) + self.places(torch.arange(text.shape[1]))
        return self.out(self.layer(x))


def transformer_encoder() -> nn.Module:
    layer = nn.TransformerEncoderLayer(12, 3, dim_feedforward=20, activation="gelu", batch_first=True, norm_first=True)
    return nn.Sequential(nn.Linear(7, 12), nn.TransformerEncoder(layer, 2, enable_nested_tensor=False))
