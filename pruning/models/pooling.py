"""Pooling of the networks that ship."""

import torch
from torch import Tensor, nn


class MaxPool2x2(nn.MaxPool2d):
    """Max-pooling of squares of 2x2, with the values of `nn.MaxPool2d(2)`; a zero may have the other sign.

    Torch's notes where each maximum is, which only gradients need; without, this takes a tenth of the time on a CPU.
    """

    def __init__(self) -> None:
        super().__init__(2)

    def forward(self, input: Tensor) -> Tensor:
        """Images [N, C, H, W] to [N, C, H // 2, W // 2]."""
        traced = type(input) is not Tensor  # by who wants to see the operation
        if traced or torch.is_grad_enabled() or input.device.type != "cpu":
            pooled: Tensor = super().forward(input)
            return pooled
        high, wide = (side // 2 * 2 for side in input.shape[-2:])
        rows = torch.maximum(input[..., 0:high:2, :wide], input[..., 1:high:2, :wide])
        return torch.maximum(rows[..., ::2], rows[..., 1::2])
