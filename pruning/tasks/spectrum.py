"""How periodic neurons are over the tokens: the Fourier spectrum of their rows, and its entropy.

A network that has understood a sum modulo p holds each token as sines and cosines of few frequencies (Nanda et al.
2023, arXiv 2301.05217), so that the spectrum of a neuron over the tokens is one peak; one that has learnt its examples
by heart shows all frequencies. The entropy is that of Grokking Tickets (Minegishi et al. 2023, arXiv 2310.19470).
"""

from typing import NamedTuple

import torch
from torch import Tensor


def frequencies(tokens: int) -> int:
    """How many frequencies p tokens have that a sine and a cosine share: 1 to (p - 1) // 2."""
    return (tokens - 1) // 2


def amplitudes(rows: Tensor) -> Tensor:
    """Give the amplitudes of each row over the tokens, without the constant, as the discrete Fourier transform has it.

    Args:
        rows: [neurons, p].

    Returns float64 [neurons, F] of the frequencies 1 to F, on the CPU. The paper's code leaves out the last of them.
    """
    values: Tensor = torch.fft.rfft(rows.detach().cpu().double(), dim=1).abs()
    return values[:, 1 : 1 + frequencies(rows.shape[1])]


def shares(amplitude: Tensor) -> Tensor:
    """Divide each row of `amplitudes` by its sum; NaN throughout for a dead neuron, whose row is 0."""
    return amplitude / amplitude.sum(1, keepdim=True)


def entropies(amplitude: Tensor) -> Tensor:
    """Give the entropy of each row of `shares` in nats, 0 (one frequency) to log F; NaN for a dead neuron."""
    entropy: Tensor = torch.special.entr(shares(amplitude)).sum(1)
    return entropy


class Spectrum(NamedTuple):
    """What is said of all neurons of a network.

    Attributes:
        entropy: mean over the live neurons, in nats; NaN where none is live.
        strongest: the share of a neuron's strongest frequency, mean over the live ones.
        dead: how many neurons see no token. The paper's code leaves them out unsaid.
        share: float64 [F], each frequency's share, mean over the live neurons.
    """

    entropy: float
    strongest: float
    dead: int
    share: Tensor


def spectrum(rows: Tensor) -> Spectrum:
    """Sum up the spectra of neurons, [neurons, p]."""
    found = amplitudes(rows)
    live = found.sum(1) > 0
    part = shares(found[live])
    strongest = part.max(1).values.mean() if len(part) else torch.tensor(torch.nan)
    return Spectrum(float(entropies(found[live]).mean()), float(strongest), int((~live).sum()), part.mean(0))
