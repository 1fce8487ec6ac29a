"""A small vision transformer, so that heads and hidden neurons can be seen where a training takes a minute.

Blocks as in Dosovitskiy et al. 2021 (arXiv 2010.11929), normalised before attention and perceptron; positions by sines
and cosines and a mean over tokens in place of a class token, as in Beyer et al. 2022 (arXiv 2205.01580).
"""

from functools import partial

import torch
from torch import Tensor, nn

from pruning.errors import UserError
from pruning.models.base import Architecture

MOST_TOKENS = 64


class Block(nn.Module):
    """Attention, then a perceptron with one hidden layer, each added to what it read."""

    def __init__(self, width: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)
        self.norm2 = nn.LayerNorm(width)
        self.fc1 = nn.Linear(width, hidden)
        self.activation = nn.GELU()
        self.fc2 = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        """Tokens [N, T, D] to tokens."""
        read = self.norm1(x)
        x = x + self.attention(read, read, read, need_weights=False)[0]
        changed: Tensor = x + self.fc2(self.activation(self.fc1(self.norm2(x))))
        return changed


class VisionTransformer(nn.Module):
    """Patches to tokens, blocks, the mean of the tokens to logits.

    Patches are squares, the smallest that leave at most 64 of them: 4 pixels wide at 28x28 (49) and at 32x32 (64), one
    pixel at 8x8.
    """

    def __init__(
        self, num_classes: int, shape: tuple[int, int, int], width: int, depth: int, heads: int, hidden: int
    ) -> None:
        super().__init__()
        channels, height, width_in_pixels = shape
        size = _patch(height, width_in_pixels)
        self.embed = nn.Conv2d(channels, width, size, stride=size)
        self.register_buffer("positions", _positions(height // size, width_in_pixels // size, width), persistent=False)
        self.blocks = nn.Sequential(*(Block(width, heads, hidden) for _ in range(depth)))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, num_classes)
        for module in self.modules():
            if isinstance(module, (nn.Linear, nn.Conv2d)):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias) if module.bias is not None else None

    def forward(self, x: Tensor) -> Tensor:
        """Images [N, C, H, W] to logits [N, K]."""
        tokens = self.embed(x).flatten(2).transpose(1, 2) + self.positions
        logits: Tensor = self.head(self.norm(self.blocks(tokens)).mean(dim=1))
        return logits


def _patch(height: int, width: int) -> int:
    fits = (size for size in range(1, min(height, width) + 1) if height % size == 0 and width % size == 0)
    found = next((size for size in fits if height * width // size**2 <= MOST_TOKENS), None)
    if found is None:
        raise UserError(
            f"The model 'vit' cuts images into at most {MOST_TOKENS} square patches, which {height}x{width} pixels do "
            "not give; bring them to a square."
        )
    return found


def _positions(rows: int, columns: int, width: int) -> Tensor:
    """Sines and cosines of row and column at rising wavelengths, [T, D], a quarter of the width each."""
    quarter = width // 4
    pace = 10_000.0 ** -(torch.arange(quarter) / max(1, quarter - 1))
    row, column = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    angles = (row.reshape(-1, 1) * pace, column.reshape(-1, 1) * pace)
    return torch.cat([wave for angle in angles for wave in (angle.sin(), angle.cos())], dim=1)


MODELS = [Architecture("vit", partial(VisionTransformer, width=48, depth=4, heads=4, hidden=96))]
