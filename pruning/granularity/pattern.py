"""`N:M`: of every M neighbouring weights along the input exactly N are kept, as sparse tensor cores want it for 2:4.

Neighbours are consecutive inputs: columns of a linear layer, input channels of a convolution at one kernel position,
as in NVIDIA's ASP (Mishra et al. 2021, arXiv 2104.08378). A layer whose number of inputs is no multiple of M stays
dense, and so does a transposed convolution, whose inputs lie in another dimension.
"""

import re
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from pruning.errors import UserError
from pruning.granularity.base import Granularity
from pruning.granularity.units import transposed

LARGEST = 64


def parse(name: str) -> Granularity | None:
    """The structure that `N:M` names, None when `name` is not written like that.

    Raises:
        UserError: not 1 <= N < M <= 64.
    """
    found = re.fullmatch(r"(\d{1,4}):(\d{1,4})", name)
    if found is None:
        return None
    n, m = int(found[1]), int(found[2])
    if not 1 <= n < m <= LARGEST:
        raise UserError(f"Structure '{name}' is N:M, N of every M weights kept, so it needs 1 <= N < M <= {LARGEST}.")
    return _pattern(n, m)


def _pattern(n: int, m: int) -> Granularity:
    return Granularity(f"{n}:{m}", pattern=(n, m), spelling="N:M", parse=parse)


def best_of_each_group(
    ranks: Mapping[str, Tensor],
    pattern: tuple[int, int],
    model: nn.Module | None = None,
    ties: torch.Generator | None = None,
) -> dict[str, Tensor]:
    """The masks that keep the N highest-ranked of every M neighbours; of equal ones the earlier inputs win.

    Args:
        ranks: scores of the parameters' shapes; minus infinity where a weight is pruned already and never returns,
            so that a group with fewer than N left keeps those.
        pattern: (N, M).
        model: the network, from which transposed convolutions are known.
        ties: draws which of equal ones win instead.
    """
    n, m = pattern
    left_out = transposed(model)
    return {
        name: _layer(rank, n, m, ties) if name not in left_out else rank > -torch.inf for name, rank in ranks.items()
    }


def _layer(rank: Tensor, n: int, m: int, ties: torch.Generator | None) -> Tensor:
    alive = rank > -torch.inf
    if rank.ndim < 2 or rank.shape[1] % m:
        return alive
    inputs_last = rank.movedim(1, -1)
    groups = inputs_last.reshape(-1, m)
    if ties is None:
        best = groups.sort(dim=1, descending=True, stable=True).indices[:, :n]
    else:
        order = torch.rand(groups.shape, generator=ties).argsort(dim=1).to(groups.device)
        best = order.gather(1, groups.gather(1, order).sort(dim=1, descending=True, stable=True).indices[:, :n])
    kept = torch.zeros_like(groups, dtype=torch.bool).scatter_(1, best, True)
    return kept.view(inputs_last.shape).movedim(-1, 1).contiguous() & alive


PATTERNS = (_pattern(2, 4), _pattern(1, 4))
