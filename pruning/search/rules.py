"""How effective weights are read off the scores, and what a score's gradient is.

A rule is given the scores, the mask (1 = kept, 0 = pruned) and the frozen weights of one layer, all float and of one
shape. It gives the effective weights, zero outside the mask, and the slope: the straight-through gradient of a score
is the slope times the gradient of its effective weight.
"""

from collections.abc import Callable

from torch import Tensor

Rule = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]


def selected(scores: Tensor, mask: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Weights w m, where m is the hard mask: dL/ds = dL/dm = w dL/d(w m) (Zhang et al. 2021, arXiv 2104.08700)."""
    return weights * mask, weights


def popped_up(scores: Tensor, mask: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Weights w m, where m keeps the largest |s|: dL/d|s| = w dL/d(w m) (edge-popup, Ramanujan et al. 2020)."""
    return weights * mask, weights * scores.sign()


def binarised(scores: Tensor, mask: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Weights a sign(w) m, where m keeps the largest |s| and a is the mean |w| of what is kept.

    With g = dL/d(a m) the score receives dL/d|s| = g |w| = w dL/d(a sign(w) m) (biprop, Diffenderfer & Kailkhura 2021,
    arXiv 2103.09377); that a depends on the mask is left out, as there.
    """
    gain = (weights * mask).abs().sum() / mask.sum().clamp(min=1)
    return gain * weights.sign() * mask, weights * scores.sign()


def signed(scores: Tensor, mask: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Weights |w| m sign(s), the sign of a zero being its own: dL/ds = |w| m dL/d(|w| m sign(s)) (arXiv 2206.04385)."""
    sizes = weights.abs() * mask
    return sizes.copysign(scores), sizes
