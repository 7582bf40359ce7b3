"""What the losses that PyTorch does not name as we do mean there: function(op, types of the inputs, *inputs)."""

from __future__ import annotations

from typing import Any, TypeAlias

import torch
from torch.nn import functional as F

Tensor: TypeAlias = torch.Tensor


def triplet(op: Any, types: object, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
    near, far = ((anchor - other).square().flatten(1).sum(1) for other in (positive, negative))
    return F.relu(near - far + op.margin).mean()


def contrastive(op: Any, types: object, left: Tensor, right: Tensor, same: Tensor) -> Tensor:
    distance = (left - right).flatten(1).norm(dim=1)
    return torch.where(same == 1, distance, F.relu(op.margin - distance)).square().mean() / 2


def cross_entropy(op: Any, types: object, p: Tensor, label: Tensor) -> Tensor:
    """Of probabilities that need not sum to 1."""
    weights, count = _class_weights(op, p), p.shape[1]
    amounts = weights * ((1 - op.smoothing) * F.one_hot(label, count).to(p.dtype) + op.smoothing / count)
    return -(amounts * p.log().movedim(1, -1)).sum() / weights[label].sum()


def softmax_cross_entropy(op: Any, types: object, logits: Tensor, label: Tensor) -> Tensor:
    return F.cross_entropy(logits, label, _class_weights(op, logits), label_smoothing=op.smoothing)


def _class_weights(op: Any, scores: Tensor) -> Tensor:
    return torch.tensor(op.class_weights or (1.0,) * scores.shape[1], dtype=scores.dtype)


def multiclass_hinge(op: Any, types: object, scores: Tensor, label: Tensor) -> Tensor:
    rows = scores.movedim(1, -1).flatten(0, -2)
    return F.multi_margin_loss(rows, label.flatten(), margin=op.margin)
