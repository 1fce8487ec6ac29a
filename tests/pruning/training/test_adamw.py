"""AdamW against torch's, to the bit."""

import pytest
import torch
from torch import nn

from pruning.training.adamw import AdamW

SHAPES = ((7, 5), (3,), (2, 3, 3, 3), (129, 67))


def parameters() -> list[nn.Parameter]:
    source = torch.Generator().manual_seed(0)
    return [nn.Parameter(torch.randn(shape, generator=source)) for shape in SHAPES]


@pytest.mark.parametrize("decay", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("betas", [(0.9, 0.999), (0.9, 0.98)])
def test_torch(decay: float, betas: tuple[float, float]) -> None:
    """The same numbers after any steps, with two groups, a rate that moves, and parameters without a gradient."""
    both = parameters(), parameters()
    groups = [[{"params": own[::2], "weight_decay": decay}, {"params": own[1::2], "weight_decay": 0.0}] for own in both]
    theirs = torch.optim.AdamW(groups[0], lr=1e-2, betas=betas, foreach=True)
    ours = AdamW(groups[1], lr=1e-2, betas=betas)
    source = torch.Generator().manual_seed(1)
    for step in range(20):
        rate = 1e-2 / (1 + step)
        for group in [*theirs.param_groups, *ours.param_groups]:
            group["lr"] = rate
        theirs.zero_grad()
        ours.zero_grad()
        assert all(parameter.grad is None for own in both for parameter in own)
        for place, shape in enumerate(SHAPES):
            if (step + place) % 3:  # not every parameter, so that their counts of steps differ
                gradient = torch.randn(shape, generator=source) * 10.0 ** (-step)
                for own in both:
                    own[place].grad = gradient.clone()
        theirs.step()
        ours.step()
        assert all(torch.equal(*pair) for pair in zip(*both, strict=True))
    for first, second in zip(*both, strict=True):
        for key in ("exp_avg", "exp_avg_sq"):
            assert torch.equal(theirs.state[first][key], ours.state[second][key])
