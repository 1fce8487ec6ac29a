"""Max-pooling of squares against torch's, exactly, whatever the size, layout, type and values."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from pruning.models.pooling import MaxPool2x2

SIDES = st.integers(2, 9)


@given(SIDES, SIDES, st.booleans(), st.sampled_from([torch.float32, torch.float64, torch.bfloat16]), st.integers(0, 99))
def test_without_gradients_it_is_torchs(high: int, wide: int, last: bool, kind: torch.dtype, seed: int) -> None:
    drawn = torch.randint(-3, 4, (2, 3, high, wide), generator=torch.Generator().manual_seed(seed))
    images = torch.tensor([-torch.inf, -1.5, -0.25, 0, 0.25, torch.inf, torch.nan]).to(kind)[drawn + 3]
    images = images.contiguous(memory_format=torch.channels_last) if last else images
    with torch.inference_mode():
        pooled, expected = MaxPool2x2()(images), nn.MaxPool2d(2)(images)
    torch.testing.assert_close(pooled, expected, rtol=0, atol=0, equal_nan=True)
    assert (pooled.dtype, pooled.is_contiguous()) == (expected.dtype, expected.is_contiguous())


@pytest.mark.parametrize("ties", [False, True])
def test_gradients_are_torchs(ties: bool) -> None:
    images = torch.zeros(1, 2, 5, 6) if ties else torch.randn(1, 2, 5, 6)
    found: list[torch.Tensor] = []
    for pool in (MaxPool2x2(), nn.MaxPool2d(2)):
        own = images.clone().requires_grad_()
        pool(own).square().add(pool(own)).sum().backward()
        assert own.grad is not None
        found.append(own.grad)
    assert torch.equal(found[0], found[1])


def test_one_that_is_traced_is_a_pooling_to_who_traces() -> None:
    with torch.no_grad():
        traced = torch.fx.symbolic_trace(nn.Sequential(MaxPool2x2()))
        assert "max_pool2d" in [getattr(node.target, "__name__", "") for node in traced.graph.nodes]
        exported = torch.export.export(MaxPool2x2().eval(), (torch.randn(1, 2, 4, 4),))
    assert "max_pool2d" in str(exported.graph)
