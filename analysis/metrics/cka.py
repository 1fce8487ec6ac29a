"""Linear centred kernel alignment: how alike two networks', or layers', features of the same images are.

CKA (Kornblith et al. 2019, arXiv 1905.00414) is 1 where features differ by a rotation, a scale and a shift, and 0 where
they have nothing in common. Its usual estimate nears 1 for any features of few images, so HSIC is estimated without
bias (Song et al. 2012, JMLR 13), and averaged over minibatches (Nguyen et al. 2021, arXiv 2010.15327), of which only
the Gram matrices are held, whatever the width of a layer.

The unbiased HSIC of two Gram matrices is the mean product of their U-centred entries (Szekely & Rizzo 2014), which is
Song's formula in another form. So the CKA over minibatches is the cosine between two vectors, the centred Gram matrices
of all minibatches one after the other, and those of any number of layers and networks can be held against each other.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

FAR = 1e-3
"""Share of the squared lengths that spread has to be, so that float32 keeps its digits."""
FEWEST = 4
"""Images of a minibatch below which the estimate is not defined."""


def centred_gram(features: Tensor) -> Tensor:
    """The U-centred Gram matrix of a minibatch, scaled so that products of two sum up to the unbiased HSIC.

    Args:
        features: [n, ...], all but the first dimension are flattened; n of 4 or more.

    Returns:
        float32 [n, n], with zeros on the diagonal; its rows sum to 0. NaN where a feature is.

    Raises:
        ValueError: there are fewer than 4 images.
    """
    n = len(features)
    if n < FEWEST:
        raise ValueError(f"CKA takes minibatches of {FEWEST} images or more, not {n}.")
    rows = features.flatten(1).float()
    gram = (rows @ rows.T).double()
    if gram.trace() - gram.sum() / n < FAR * gram.trace():
        rows = rows - rows.mean(0)  # changes no CKA, and keeps the digits of what lies far from the origin
        gram = (rows @ rows.T).double()
    gram.fill_diagonal_(0)
    sums = gram.sum(0)
    gram -= (sums[:, None] + sums - sums.sum() / (n - 1)) / (n - 2)
    centred: Tensor = gram.fill_diagonal_(0) / (n * (n - 3)) ** 0.5
    return centred.float()


def grams(minibatches: Sequence[Tensor]) -> Tensor:
    """The centred Gram matrices of minibatches of features, one after the other: float32 [sum of n squared]."""
    return torch.cat([centred_gram(each).flatten() for each in minibatches])


def cka(first: Tensor, second: Tensor) -> Tensor:
    """CKA between layers, from the centred Gram matrices of the same minibatches.

    Args:
        first: [L, M], a row a layer, as `grams` gives it.
        second: [L', M].

    Returns:
        float64 [L, L'], at most about 1; about 0, on either side, where there is nothing in common. NaN where a layer
        says the same of all images, or is not finite.
    """
    products = (first @ second.T).double()
    sizes = [each.square().sum(1).double() for each in (first, second)]
    found: Tensor = products / (sizes[0][:, None] * sizes[1]).sqrt()
    return found
