"""Noise: a table's entry for each byte and its random word."""

import numpy as np
import torch
from torch import Tensor

from analysis.corruptions.compiled import loop


def added(images: Tensor, words: Tensor, table: Tensor) -> Tensor:
    """Images uint8 [N, ...] plus the entries of an int16 table at words uint16 [N, K], limited to bytes."""
    out = torch.empty_like(images)
    _add(*_flat(images, words, out), table.numpy())
    return out


def replaced(images: Tensor, words: Tensor, table: Tensor, steps: int) -> Tensor:
    """The entries of a uint8 table 256 x `steps` at each byte and word; `steps` divides 65,536."""
    out = torch.empty_like(images)
    shift = 16 - (steps.bit_length() - 1)
    _replace(*_flat(images, words, out), table.numpy().reshape(256, steps), np.uint16(shift))
    return out


def salted(images: Tensor, words: Tensor, half: int) -> Tensor:
    """Bytes whose word, read as a signed one, is among the lowest or the highest `half` become black or white."""
    out = torch.empty_like(images)
    lowest, highest = np.int16(half - (1 << 15)), np.int16((1 << 15) - 1 - half)
    _salt(*_flat(images, words.view(torch.int16), out), lowest, highest)
    return out


def looked_up(words: Tensor, table: Tensor) -> Tensor:
    """The entries of a table of 65,536 at words uint16 [N, K], of the table's type."""
    out = torch.empty(words.shape, dtype=table.dtype)
    _look_up(words.numpy(), table.numpy(), out.numpy())
    return out


def _flat(images: Tensor, words: Tensor, out: Tensor) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    count = len(images)
    return images.reshape(count, -1).numpy(), words.numpy(), out.view(count, -1).numpy()


@loop
def _add(images: np.ndarray, words: np.ndarray, out: np.ndarray, table: np.ndarray) -> None:
    for image in range(len(images)):
        values, drawn, result = images[image], words[image], out[image]
        for place in range(len(values)):
            value = np.int32(values[place]) + np.int32(table[drawn[place]])
            result[place] = np.uint8(min(max(value, np.int32(0)), np.int32(255)))


@loop
def _replace(images: np.ndarray, words: np.ndarray, out: np.ndarray, table: np.ndarray, shift: int) -> None:
    for image in range(len(images)):
        values, drawn, result = images[image], words[image], out[image]
        for place in range(len(values)):
            result[place] = table[values[place], drawn[place] >> shift]


@loop
def _salt(images: np.ndarray, words: np.ndarray, out: np.ndarray, lowest: int, highest: int) -> None:
    for image in range(len(images)):
        values, drawn, result = images[image], words[image], out[image]
        for place in range(len(values)):
            value, word = values[place], drawn[place]  # read whatever comes, so that there is no branch
            result[place] = np.uint8(255) if word > highest else np.uint8(0) if word < lowest else value


@loop
def _look_up(words: np.ndarray, table: np.ndarray, out: np.ndarray) -> None:
    for image in range(len(words)):
        drawn, result = words[image], out[image]
        for place in range(len(drawn)):
            result[place] = table[drawn[place]]
