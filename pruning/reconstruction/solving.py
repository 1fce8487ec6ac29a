"""The weights that a layer is left with, solved so that its outputs stay: exactly, or by SparseGPT's sweep.

For a layer with weights W [K, D], inputs X [N, D] and a mask, both look for the W' within the mask that makes
||X W'^T - X W^T||^2 + ridge ||W' - W||^2 small. All that is needed of the inputs is their Gram matrix G = X^T X.
Everything is float64: inverse Gram matrices of real layers do not come through float32.
"""

from collections.abc import Callable
from fractions import Fraction

import torch
from torch import Tensor

from pruning.errors import UserError

BLOCK = 128
"""Columns between two updates of all that follow, as in SparseGPT's code: it changes the time, not what is found."""

Update = Callable[[Tensor, Tensor, Tensor], Tensor]


def damped(gram: Tensor, ridge: float) -> Tensor:
    """Return G [D, D] with `ridge` times the mean of its diagonal added to the diagonal."""
    return gram + ridge * gram.diagonal().mean() * torch.eye(len(gram), dtype=gram.dtype, device=gram.device)


def least_squares(weight: Tensor, mask: Tensor, gram: Tensor) -> Tensor:
    """Return the best weights within the mask, row by row: w_S = G_SS^-1 (G w)_S for a row that keeps S.

    It is also where Optimal Brain Compression (Frantar et al. 2022, arXiv 2208.11580) ends when it removes what the
    mask does not keep, in whatever order, as each of its steps is exact.

    Args:
        weight: [K, D] float64.
        mask: [K, D] bool, True = kept.
        gram: [D, D] float64, damped.

    Raises:
        UserError: the inputs that a row keeps are linearly dependent.
    """
    solved = torch.where(mask, weight, 0.0)
    patterns, which = torch.unique(mask, dim=0, return_inverse=True)  # whole filters share one
    for number, pattern in enumerate(patterns):
        kept = pattern.nonzero().flatten()
        if len(kept) in (0, len(pattern)):
            continue
        rows = (which == number).nonzero().flatten()
        wanted = gram[kept] @ weight[rows].T
        values = torch.cholesky_solve(wanted, cholesky(gram[kept][:, kept]))
        solved[rows[:, None], kept] = values.T
    return solved


def sparsegpt(weight: Tensor, mask: Tensor, gram: Tensor) -> Tensor:
    """Return what SparseGPT's sweep makes of a given mask (Frantar & Alistarh 2023, arXiv 2301.00774).

    Column by column, what is not kept is set to zero, and the weights to its right make up for it as well as they
    can; those to its left, already passed, do not, which is what makes one matrix serve all rows. Arguments as for
    `least_squares`, whose error is never larger.
    """
    return _sweep(weight, gram, BLOCK, lambda first, last, columns, scale: mask[:, first:last])


def choose_and_update(
    weight: Tensor, gram: Tensor, kept: int, block: int = BLOCK, alive: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Return weights and mask of SparseGPT, which chooses within each block of columns as it comes to it.

    Each block keeps the same share of its weights: those of the largest w_j^2 / [H^-1]_jj, what it costs to remove the
    one, with H the Gram matrix of the inputs from j on; of equal ones the earlier. Exactly `kept` of the layer stay,
    all of them among those `alive` (bool [K, D]; None: any), which are as many at least.

    Raises:
        UserError: the inputs are linearly dependent.
    """
    rows, width = weight.shape
    mask = torch.zeros(rows, width, dtype=torch.bool, device=weight.device)
    alive = torch.ones_like(mask) if alive is None else alive
    share = Fraction(kept, max(1, int(alive.sum())))

    def choose(first: int, last: int, columns: Tensor, scale: Tensor) -> Tensor:
        count = round(share * int(alive[:, :last].sum())) - round(share * int(alive[:, :first].sum()))
        scores = torch.where(alive[:, first:last], (columns / scale).square(), -1.0).reshape(-1)
        best = scores.sort(descending=True, stable=True).indices[:count]
        chosen = torch.zeros_like(scores, dtype=torch.bool).index_fill_(0, best, True).view(columns.shape)
        mask[:, first:last] = chosen
        return chosen

    return _sweep(weight, gram, block, choose), mask


def choose_pattern(
    weight: Tensor, gram: Tensor, pattern: tuple[int, int], places: int = 1, alive: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Return the same where N of every M neighbouring inputs are kept, by groups; fewer where fewer are `alive`.

    Columns are inputs by `places` of a kernel, whose inputs are neighbours at one place; M divides their number.
    """
    n, m = pattern
    order = torch.arange(weight.shape[1], device=weight.device).view(-1, places).T.flatten()
    back = order.argsort()
    weight, gram = weight[:, order], gram[order][:, order]
    mask = torch.zeros(weight.shape, dtype=torch.bool, device=weight.device)
    left = torch.ones_like(mask) if alive is None else alive[:, order]

    def choose(first: int, last: int, columns: Tensor, scale: Tensor) -> Tensor:
        scores = torch.where(left[:, first:last], (columns / scale).square(), -1.0)
        best = scores.sort(dim=1, descending=True, stable=True).indices[:, :n]
        chosen = torch.zeros_like(columns, dtype=torch.bool).scatter_(1, best, True)
        mask[:, first:last] = chosen & left[:, first:last]
        return mask[:, first:last]

    solved = _sweep(weight, gram, m, choose)
    return solved[:, back], mask[:, back]


def _sweep(weight: Tensor, gram: Tensor, block: int, choose: Callable[[int, int, Tensor, Tensor], Tensor]) -> Tensor:
    """Go over the columns in blocks; `choose` is given a block's bounds, weights and scale, and says what is kept."""
    left, width = weight.clone(), weight.shape[1]
    # row j of the factor is row j of the inverse of what lies from j on, divided by the root of its first entry
    factor = cholesky(torch.cholesky_inverse(cholesky(gram)), upper=True)
    for first in range(0, width, block):
        last = min(first + block, width)
        columns = left[:, first:last]
        kept = choose(first, last, columns, factor.diagonal()[first:last])
        errors = torch.zeros_like(columns)
        for j in range(last - first):
            place = first + j
            errors[:, j] = torch.where(kept[:, j], 0.0, columns[:, j] / factor[place, place])
            columns[:, j:] -= errors[:, j : j + 1] * factor[place, place:last]
            columns[:, j] = torch.where(kept[:, j], columns[:, j], 0.0)
        left[:, last:] -= errors @ factor[first:last, last:]
    return left


def cholesky(matrix: Tensor, upper: bool = False) -> Tensor:
    """Return the triangular factor of a damped Gram matrix.

    Raises:
        UserError: the inputs are linearly dependent.
    """
    factor: Tensor
    factor, failed = torch.linalg.cholesky_ex(matrix, upper=upper)
    if bool(failed):
        raise UserError(
            "Its inputs are linearly dependent on these images, so that no weights are the best; give `ridge` a "
            "value above 0, or show more `images`."
        )
    return factor


UPDATES: dict[str, Update] = {"sparsegpt": sparsegpt, "least_squares": least_squares}
