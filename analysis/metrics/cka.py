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
from itertools import groupby
from math import sqrt

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
    return grams([features]).view(n, n)


def product(features: Tensor) -> Tensor:
    """The Gram matrix of a minibatch as it is, float32 [n, n]; features as for `centred_gram`."""
    rows = features.flatten(1).float()
    return rows @ rows.T


def grams(minibatches: Sequence[Tensor], products: Sequence[Tensor] | None = None) -> Tensor:
    """The centred Gram matrices of minibatches of features, one after the other: float32 [sum of n squared].

    Args:
        minibatches: each as for `centred_gram`, which says what is raised.
        products: what `product` makes of each, where that is there already.
    """
    found = [product(each) for each in minibatches] if products is None else products
    parts = []
    for _, alike in groupby(zip(found, minibatches, strict=True), key=lambda pair: len(pair[0])):
        raw, features = zip(*alike, strict=True)
        together = torch.stack(raw).double()
        for at in _far(together).nonzero().flatten().tolist():
            rows = features[at].flatten(1).float()
            together[at] = product(rows - rows.mean(0))  # changes no CKA, and keeps the digits of what lies far
        parts.append(_centred(together).flatten())
    return torch.cat(parts)


def _far(products: Tensor) -> Tensor:
    """Which minibatches lie so far from the origin that little of their Gram matrix is spread; bool [B]."""
    lengths = products.diagonal(dim1=1, dim2=2).sum(1)
    return lengths - products.sum((1, 2)) / products.shape[1] < FAR * lengths


def _centred(products: Tensor) -> Tensor:
    """U-centres Gram matrices float64 [B, n, n], in place; float32."""
    n = products.shape[1]
    if n < FEWEST:
        raise ValueError(f"CKA takes minibatches of {FEWEST} images or more, not {n}.")
    diagonals = products.diagonal(dim1=1, dim2=2)
    diagonals.zero_()
    sums = products.sum(1)
    totals = sums.sum(1) / (n - 1)
    products -= (sums[:, :, None] + sums[:, None] - totals[:, None, None]) / (n - 2)
    diagonals.zero_()
    return (products / sqrt(n * (n - 3))).float()


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
